// BTF made by hand through libbpf, one of every shape that the kernel's has, and what the host
// tells of it.
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "host/btf.hpp"
#include "host/target.hpp"

namespace host {
namespace {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::TypeId;

// A kernel's types as libbpf writes them, and a module's on top, in files of a folder of their own.
class BtfTest : public testing::Test {
 protected:
  BtfTest() {
    char name[] = "/tmp/btf_test.XXXXXX";
    folder_ = mkdtemp(name);
    base_ = btf__new_empty();
    char_ = btf__add_int(base_, "char", 1, BTF_INT_SIGNED);
    uchar_ = btf__add_int(base_, "unsigned char", 1, 0);
    schar_ = btf__add_int(base_, "signed char", 1, BTF_INT_SIGNED);
    int_ = btf__add_int(base_, "int", 4, BTF_INT_SIGNED);
    uint_ = btf__add_int(base_, "unsigned int", 4, 0);
    ulong_ = btf__add_int(base_, "long unsigned int", 8, 0);
    ullong_ = btf__add_int(base_, "long long unsigned int", 8, 0);
    bool_ = btf__add_int(base_, "_Bool", 1, BTF_INT_BOOL);
    double_ = btf__add_float(base_, "double", 8);
    u8_ = btf__add_typedef(base_, "u8", uchar_);
    s8_ = btf__add_typedef(base_, "s8", schar_);
    be32_ = btf__add_typedef(base_, "__be32", uint_);
    const_char_ = btf__add_const(base_, char_);
    text_ = btf__add_ptr(base_, const_char_);
    const_text_ = btf__add_const(base_, text_);
    argv_ = btf__add_ptr(base_, const_text_);
    void_pointer_ = btf__add_ptr(base_, 0);

    comm_ = btf__add_array(base_, int_, char_, 16);
    mac_ = btf__add_array(base_, int_, u8_, 6);
    words_ = btf__add_array(base_, int_, ulong_, 3);

    state_ = btf__add_enum(base_, "state", 4);
    btf__add_enum_value(base_, "IDLE", 0);
    btf__add_enum_value(base_, "GONE", -1);
    wide_ = btf__add_enum64(base_, "wide", 8, false);
    btf__add_enum64_value(base_, "FAR", 0x1'0000'0001ull);

    // struct { int low; union { int a; char b[16]; }; } and bitfields around it.
    choice_ = btf__add_union(base_, nullptr, 16);
    btf__add_field(base_, "a", int_, 0, 0);
    btf__add_field(base_, "b", comm_, 0, 0);
    inner_ = btf__add_struct(base_, nullptr, 20);
    btf__add_field(base_, "low", int_, 0, 0);
    btf__add_field(base_, nullptr, choice_, 32, 0);
    sock_pointer_ = btf__add_ptr(base_, static_cast<int>(btf__type_cnt(base_)) + 1);
    sock_ = btf__add_struct(base_, "sock", 64);
    btf__add_field(base_, "next", sock_pointer_, 0, 0);
    btf__add_field(base_, nullptr, inner_, 64, 0);
    btf__add_field(base_, "flag", uint_, 224, 3);
    btf__add_field(base_, "rest", uint_, 227, 29);
    btf__add_field(base_, "addr", be32_, 256, 0);
    pair_ = btf__add_struct(base_, "pair", 16);
    btf__add_field(base_, "x", ulong_, 0, 0);
    btf__add_field(base_, "y", ulong_, 64, 0);
    small_ = btf__add_struct(base_, "small", 4);
    btf__add_field(base_, "v", int_, 0, 0);
    large_ = btf__add_struct(base_, "large", 24);
    btf__add_field(base_, "v", words_, 0, 0);
    btf__add_fwd(base_, "hidden", BTF_FWD_STRUCT);

    handler_proto_ = btf__add_func_proto(base_, int_);
    btf__add_func_param(base_, nullptr, void_pointer_);
    handler_ = btf__add_ptr(base_, handler_proto_);

    function("vfs_open", int_, {{"path", text_}, {"sk", sock_pointer_}, {"fn", handler_}});
    function("by_value", ulong_, {{"s", small_}, {"on", bool_}, {"p", pair_}, {"late", int_}});
    function("large_back", large_, {{"first", int_}});
    function("nothing_back", 0, {});
    function("print_all", int_, {{"format", text_}, {nullptr, 0}});
    function("seven", int_,
             {{"a", int_},
              {"b", int_},
              {"c", int_},
              {"d", int_},
              {"e", int_},
              {"f", int_},
              {"g", int_}});
    function("halves", int_, {{"d", double_}, {"i", int_}});
    function("__traceiter_switch", int_, {{"__data", void_pointer_}, {"prev", sock_pointer_}});
    marker("btf_trace_switch", {void_pointer_, sock_pointer_});
    marker("btf_trace_nameless", {void_pointer_, int_});
    write(base_, "vmlinux");

    module_ = btf__new_empty_split(base_);
    const int own = btf__add_struct(module_, "own", 8);
    btf__add_field(module_, "sk", sock_pointer_, 0, 0);
    const int own_pointer = btf__add_ptr(module_, own);
    const int proto = btf__add_func_proto(module_, int_);
    btf__add_func_param(module_, "mine", own_pointer);
    btf__add_func(module_, "mod_open", BTF_FUNC_STATIC, proto);
    write(module_, "mod");
  }

  ~BtfTest() override {
    btf__free(module_);
    btf__free(base_);
    unlink((folder_ + "/mod").c_str());
    unlink((folder_ + "/vmlinux").c_str());
    rmdir(folder_.c_str());
  }

  void function(const char* name, int returns, std::vector<std::pair<const char*, int>> params) {
    const int proto = btf__add_func_proto(base_, returns);
    for (const auto& [param, type] : params) btf__add_func_param(base_, param, type);
    btf__add_func(base_, name, BTF_FUNC_STATIC, proto);
  }

  void marker(const char* name, std::vector<int> params) {
    const int proto = btf__add_func_proto(base_, 0);
    for (const int type : params) btf__add_func_param(base_, nullptr, type);
    btf__add_typedef(base_, name, btf__add_ptr(base_, proto));
  }

  void write(btf* types, const char* name) {
    __u32 size = 0;
    const auto* data = static_cast<const char*>(btf__raw_data(types, &size));
    std::ofstream(folder_ + "/" + name, std::ios::binary).write(data, size);
  }

  std::shared_ptr<const Btf> open() {
    auto opened = Btf::kernel(folder_ + "/vmlinux");
    EXPECT_TRUE(opened.ok());
    return opened.ok() ? *opened : nullptr;
  }

  std::string folder_;
  btf* base_ = nullptr;
  btf* module_ = nullptr;
  int char_, uchar_, schar_, s8_, int_, uint_, ulong_, ullong_, bool_, double_, u8_, be32_,
      const_char_, text_, const_text_, argv_, void_pointer_, comm_, mac_, words_, state_, wide_,
      choice_, inner_, sock_, sock_pointer_, pair_, small_, large_, handler_proto_, handler_;
};

TEST_F(BtfTest, EveryKindOfType) {
  const auto types = open();
  struct Expected {
    int type;
    CKind kind;
    uint32_t size;
    bool is_signed;
    const char* name;
  };
  const Expected expected[] = {
      {0, CKind::nothing, 0, false, "void"},
      {char_, CKind::character, 1, true, "char"},
      {uchar_, CKind::integer, 1, false, "unsigned char"},
      {schar_, CKind::character, 1, true, "signed char"},
      {u8_, CKind::integer, 1, false, "u8"},
      {s8_, CKind::integer, 1, true, "s8"},
      {int_, CKind::integer, 4, true, "int"},
      {be32_, CKind::integer, 4, false, "__be32"},
      {bool_, CKind::boolean, 1, false, "_Bool"},
      {double_, CKind::floating, 8, true, "double"},
      {text_, CKind::pointer, 8, false, "const char *"},
      {const_text_, CKind::pointer, 8, false, "const char *const"},
      {argv_, CKind::pointer, 8, false, "const char *const *"},
      {void_pointer_, CKind::pointer, 8, false, "void *"},
      {comm_, CKind::array, 16, false, "char[16]"},
      {words_, CKind::array, 24, false, "long unsigned int[3]"},
      {state_, CKind::enumeration, 4, true, "enum state"},
      {wide_, CKind::enumeration, 8, false, "enum wide"},
      {sock_, CKind::structure, 64, false, "struct sock"},
      {choice_, CKind::structure, 16, false, "union {...}"},
      {handler_, CKind::pointer, 8, false, "int (*)(void *)"},
      {handler_proto_, CKind::nothing, 0, false, "int (void *)"},
      {1'000'000, CKind::nothing, 0, false, ""},
  };
  for (const Expected& one : expected) {
    const CType type = types->describe(static_cast<TypeId>(one.type));
    EXPECT_EQ(type.kind, one.kind) << one.name;
    EXPECT_EQ(type.size, one.size) << one.name;
    EXPECT_EQ(type.is_signed, one.is_signed) << one.name;
    EXPECT_EQ(type.name, one.name);
  }
  EXPECT_EQ(types->describe(words_).count, 3u);
  EXPECT_EQ(types->describe(words_).of, static_cast<TypeId>(ulong_));
  EXPECT_EQ(types->describe(sock_pointer_).of, static_cast<TypeId>(sock_));
}

TEST_F(BtfTest, MembersThroughUnnamedOnes) {
  const auto types = open();
  struct Expected {
    const char* name;
    uint32_t bit_offset, bit_size;
  };
  constexpr Expected expected[] = {{"next", 0, 0},  {"low", 64, 0},   {"a", 96, 0},
                                   {"b", 96, 0},    {"flag", 224, 3}, {"rest", 227, 29},
                                   {"addr", 256, 0}};
  const std::vector<CMember> members = types->members(sock_);
  ASSERT_EQ(members.size(), std::size(expected));
  for (size_t i = 0; i < members.size(); ++i) {
    EXPECT_EQ(members[i].name, expected[i].name);
    EXPECT_EQ(members[i].bit_offset, expected[i].bit_offset) << expected[i].name;
    EXPECT_EQ(members[i].bit_size, expected[i].bit_size) << expected[i].name;
    const auto found = types->member(sock_, expected[i].name);
    ASSERT_TRUE(found) << expected[i].name;
    EXPECT_EQ(found->bit_offset, expected[i].bit_offset);
    EXPECT_EQ(found->type, members[i].type);
  }
  EXPECT_FALSE(types->member(sock_, "nothing"));
  EXPECT_FALSE(types->member(sock_, ""));
  EXPECT_TRUE(types->members(int_).empty());
}

TEST_F(BtfTest, FindByCName) {
  const auto types = open();
  const std::pair<const char*, int> expected[] = {
      {"struct sock", sock_},
      {"const struct sock", sock_},
      {"enum state", state_},
      {"enum wide", wide_},
      {"int", int_},
      {"unsigned int", uint_},
      {"unsigned", uint_},
      {"unsigned long", ulong_},
      {"long unsigned int", ulong_},
      {"unsigned long long", ullong_},
      {"char", char_},
      {"u8", u8_},
      {"__be32", be32_},
      // No typedefs of this BTF.
      {"u32", uint_},
      {"u64", ullong_},
      {"bool", bool_},
      {"double", double_},
  };
  for (const auto& [name, type] : expected)
    EXPECT_EQ(types->find(name), static_cast<TypeId>(type)) << name;
  for (const char* name : {"sock", "struct nothing", "union sock", "struct hidden", "vfs_open",
                           "void", "", "struct ", "long double", "unsigned sock"})
    EXPECT_EQ(types->find(name), 0u) << name;
}

TEST_F(BtfTest, NamesLike) {
  const auto types = open();
  EXPECT_EQ(types->names_like("struct sokc"), (std::vector<std::string>{"struct sock"}));
  EXPECT_EQ(types->names_like("sokc"), (std::vector<std::string>{"struct sock"}));
  EXPECT_EQ(types->names_like("sock"), (std::vector<std::string>{"struct sock"}));
  EXPECT_EQ(types->names_like("struct state"), (std::vector<std::string>{"enum state"}));
  EXPECT_TRUE(types->names_like("struct elephant").empty());
  EXPECT_TRUE(types->names_like("struct ").empty());
}

TEST_F(BtfTest, Enumerators) {
  const auto types = open();
  using Names = std::vector<std::pair<int64_t, std::string>>;
  EXPECT_EQ(types->enumerators(state_), (Names{{0, "IDLE"}, {-1, "GONE"}}));
  EXPECT_EQ(types->enumerators(wide_), (Names{{0x1'0000'0001, "FAR"}}));
  EXPECT_EQ(types->enumerators(types->declared("enum state")), types->enumerators(state_));
  EXPECT_TRUE(types->enumerators(int_).empty());
}

// What tracepoints declare in words.
TEST_F(BtfTest, DeclaredTypes) {
  const auto types = open();
  const CType pointer = types->describe(types->declared("const struct sock *"));
  EXPECT_EQ(pointer.kind, CKind::pointer);
  EXPECT_EQ(pointer.of, static_cast<TypeId>(sock_));
  EXPECT_EQ(pointer.name, "const struct sock *");
  const CType list = types->describe(types->declared("const char *const *"));
  EXPECT_EQ(list.kind, CKind::pointer);
  const CType item = types->describe(list.of);
  EXPECT_EQ(item.kind, CKind::pointer);
  EXPECT_EQ(types->describe(item.of).kind, CKind::character);
  const CType array = types->describe(types->declared("unsigned long[CONSTANT]", 24));
  EXPECT_EQ(array.kind, CKind::array);
  EXPECT_EQ(array.count, 3u);
  EXPECT_EQ(array.of, static_cast<TypeId>(ulong_));
  const CType unknown = types->describe(types->declared("struct nothing *"));
  EXPECT_EQ(unknown.kind, CKind::pointer);
  EXPECT_EQ(unknown.of, 0u);
  EXPECT_EQ(types->describe(types->declared("void *")).of, 0u);
  EXPECT_TRUE(types->member(types->declared("struct sock"), "addr"));
  EXPECT_EQ(types->declared("struct sock *"), types->declared(" struct sock * "));
  EXPECT_NE(types->declared("char[4]", 4), types->declared("char[8]", 8));
  EXPECT_EQ(types->describe(0xffff'ffff).kind, CKind::nothing);
}

TEST_F(BtfTest, AnIdStaysThroughRest) {
  const auto types = open();
  const TypeId task = types->declared("struct sock *");
  EXPECT_EQ(types->describe(task).of, static_cast<TypeId>(sock_));
  types->rest();
  EXPECT_EQ(types->describe(task).of, static_cast<TypeId>(sock_));
  EXPECT_EQ(types->find("struct sock"), static_cast<TypeId>(sock_));
}

TEST_F(BtfTest, FunctionsInRegisters) {
  const auto types = open();
  const auto open = types->function("vfs_open");
  ASSERT_TRUE(open);
  const std::vector<Field> registers = call_registers();
  const std::vector<Field> fields = register_arguments(*types, *open);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].name, "path");
  EXPECT_EQ(fields[0].kind, FieldKind::string);
  EXPECT_EQ(fields[0].type, "const char *");
  EXPECT_EQ(fields[0].offset, registers[0].offset);
  EXPECT_EQ(fields[1].kind, FieldKind::address);
  EXPECT_EQ(fields[1].ctype, static_cast<TypeId>(sock_pointer_));
  EXPECT_EQ(fields[1].offset, registers[1].offset);
  EXPECT_EQ(fields[2].type, "int (*)(void *)");
  const auto returned = returned_field(*types, *open, 80);
  ASSERT_TRUE(returned);
  EXPECT_EQ(returned->size, 4u);
  EXPECT_TRUE(returned->is_signed);
  EXPECT_EQ(returned->offset, 80u);

  // A structure of 16 bytes takes more than one register.
  const std::vector<Field> by_value = register_arguments(*types, *types->function("by_value"));
  ASSERT_EQ(by_value.size(), 2u);
  EXPECT_EQ(by_value[0].kind, FieldKind::structure);
  EXPECT_EQ(by_value[1].size, 1u);
  EXPECT_EQ(register_arguments(*types, *types->function("seven")).size(),
            registers.size() - (registers.size() > 6 ? 1 : 0));
  // A number in a register of its own kind does not take one of these.
  const std::vector<Field> halves = register_arguments(*types, *types->function("halves"));
  ASSERT_EQ(halves.size(), 1u);
  EXPECT_EQ(halves[0].name, "i");
  EXPECT_EQ(halves[0].offset, registers[0].offset);
#if defined(__x86_64__)
  // Where a large structure goes is a hidden first argument.
  EXPECT_EQ(register_arguments(*types, *types->function("large_back"))[0].offset,
            registers[1].offset);
#endif
  EXPECT_FALSE(returned_field(*types, *types->function("large_back"), 80));
  EXPECT_FALSE(returned_field(*types, *types->function("nothing_back"), 80));
  EXPECT_TRUE(types->function("print_all")->is_variadic);
  EXPECT_EQ(types->function("print_all")->args.size(), 1u);
  EXPECT_FALSE(types->function("sock"));
}

TEST_F(BtfTest, FunctionsInWords) {
  const auto types = open();
  const std::vector<Field> fields = word_arguments(*types, *types->function("by_value"));
  ASSERT_EQ(fields.size(), 4u);
  const uint32_t offsets[] = {0, 8, 16, 32};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(fields[i].offset, offsets[i]) << i;
  EXPECT_EQ(fields[2].kind, FieldKind::structure);
  EXPECT_EQ(fields[2].size, 16u);
}

TEST_F(BtfTest, RawTracepoints) {
  const auto types = open();
  const auto found = types->raw_tracepoint("switch");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->args.size(), 1u);
  EXPECT_EQ(found->args[0].first, "prev");
  EXPECT_EQ(found->args[0].second, static_cast<TypeId>(sock_pointer_));
  EXPECT_EQ(types->raw_tracepoint("nameless")->args[0].first, "arg0");
  EXPECT_FALSE(types->raw_tracepoint("nothing"));
  std::vector<std::string> names;
  types->each_raw_tracepoint([&](std::string_view name) {
    names.emplace_back(name);
    return true;
  });
  EXPECT_EQ(names, (std::vector<std::string>{"switch", "nameless"}));
}

TEST_F(BtfTest, AModuleStandsOnTheKernel) {
  const auto types = open();
  const auto opened = types->module("mod");
  ASSERT_TRUE(opened.ok());
  const Btf& module = **opened;
  const auto found = module.function("mod_open");
  ASSERT_TRUE(found);
  EXPECT_FALSE(types->function("mod_open"));
  const CType mine = module.describe(found->args[0].second);
  EXPECT_EQ(mine.name, "struct own *");
  EXPECT_EQ(module.member(mine.of, "sk")->type, static_cast<TypeId>(sock_pointer_));
  EXPECT_EQ(module.find("struct sock"), static_cast<TypeId>(sock_));
  EXPECT_EQ(module.find("struct own"), mine.of);
  EXPECT_EQ(types->find("struct own"), 0u);
  EXPECT_EQ(module.describe(module.declared("struct own *")).of, mine.of);
  EXPECT_EQ(module.names_like("struct sokc"), (std::vector<std::string>{"struct sock"}));
  module.rest();
  EXPECT_EQ(module.find("struct own"), mine.of);
  EXPECT_EQ(module.object_fd(), -1);  // the kernel has no such module
  EXPECT_FALSE(types->module("nothing").ok());
  EXPECT_FALSE(types->module("../x").ok());
}

TEST_F(BtfTest, WhatIsNoBtf) {
  EXPECT_FALSE(Btf::kernel(folder_ + "/nothing").ok());
  std::ofstream(folder_ + "/mod") << "not BTF";
  const auto opened = Btf::kernel(folder_ + "/mod");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find(folder_ + "/mod"), std::string::npos);
  EXPECT_FALSE(opened.error().hint.empty());
}

}  // namespace
}  // namespace host
