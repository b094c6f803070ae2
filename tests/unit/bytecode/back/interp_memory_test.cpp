// What is read of the traced program's memory and the kernel's.
#include "interp_runner.hpp"

namespace bytecode {
namespace {

TEST(Interp, LoadsFromMemory) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0, 0, 0, 0x1000);
  maker.add(VM_OP_ld_mem, 1, 0, 2 | VM_SIGNED, 1);
  maker.add(VM_OP_row_begin, 0, 0, 0, maker.site({Raw::word}));
  maker.add(VM_OP_row_int, 1);
  maker.add(VM_OP_row_null, 2, 0, 0, 0);
  maker.add(VM_OP_row_send);
  maker.add(VM_OP_exit);
  EXPECT_EQ(run_text(maker, Memory::with("a\xfe\xff")), "[-2]");
  EXPECT_EQ(run_text(maker, Memory::with("a\xfe")), "[null]" + fault(VM_FAULT_bad_read, 1));
}

std::string read_string(const std::string& memory, int capacity) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0, 0, 0, 0x1000);
  maker.add(VM_OP_str_read, 1, 3, 0, capacity);
  maker.send_text(1);
  maker.add(VM_OP_exit);
  return run_text(maker, Memory::with(memory));
}

TEST(Interp, ReadsStrings) {
  using namespace std::string_literals;
  const std::string cut = fault(VM_FAULT_string_cut, 1), bad = fault(VM_FAULT_bad_read, 1);
  EXPECT_EQ(read_string("path\0more"s, 256), R"(["path"])");
  EXPECT_EQ(read_string("\0"s, 256), R"([""])");
  EXPECT_EQ(read_string("path\0"s, 6), R"(["path"])");
  EXPECT_EQ(read_string("path\0"s, 5), R"(["path"])" + cut);  // as the kernel's helper says it
  EXPECT_EQ(read_string("path\0"s, 4), R"(["pat"])" + cut);
  EXPECT_EQ(read_string("path\0"s, 1), R"([""])" + cut);
  EXPECT_EQ(read_string("path", 256), "[null]" + bad);  // memory ends before a NUL
  EXPECT_EQ(read_string("path", 4), R"(["pat"])" + cut);
  EXPECT_EQ(read_string("", 256), "[null]" + bad);
}

TEST(Interp, BytesAndTheTextThatTheyBeginWith) {
  using namespace std::string_literals;
  const auto bytes = [](const std::string& memory, int count, bool as_text) {
    ProgramMaker maker;
    maker.add(VM_OP_ldi, 0, 0, 0, 0x1000);
    maker.add(VM_OP_str_mem, 1, 3, 0, count | (as_text ? VM_MEM_TEXT : 0));
    maker.send_text(1);
    maker.add(VM_OP_str_len, 2, 1);
    maker.send_int(2);
    maker.add(VM_OP_exit);
    return run_text(maker, Memory::with(memory));
  };
  EXPECT_EQ(bytes("abcd", 4, true), R"(["abcd"][4])");
  EXPECT_EQ(bytes("a\0cd"s, 4, true), R"(["a"][1])");
  EXPECT_EQ(bytes("a\0cd"s, 4, false), "[\"a\\u{00}cd\"][4]");
  EXPECT_EQ(bytes("abc", 4, true), "[null][0]" + fault(VM_FAULT_bad_read, 1));
}

// What reads memory makes null and no fault of an address in the first page, and a fault of the
// next one.
TEST(Interp, NullPointersAreNoFailedReads) {
  const auto read = [](vm_opcode op, int64_t address, int imm) {
    ProgramMaker maker;
    maker.add(VM_OP_ldi, 0, 0, 0, static_cast<int32_t>(address));
    maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal("-"));
    maker.add(op, 2, 1, 0, imm);
    maker.send_text(2);
    maker.add(VM_OP_exit);
    return run_text(maker, Event{});
  };
  for (const vm_opcode op : {VM_OP_str_read, VM_OP_str_mem, VM_OP_str_join}) {
    for (const int address : {0, 8, VM_NULL_PAGE - 1})
      EXPECT_EQ(read(op, address, 8), "[null]") << op;
    for (const int address : {int{VM_NULL_PAGE}, -8})
      EXPECT_EQ(read(op, address, 8), "[null]" + fault(VM_FAULT_bad_read, 2)) << op;
  }
  const auto load = [](int base, int offset) {
    ProgramMaker maker;
    maker.add(VM_OP_ldi, 0, 0, 0, base);
    maker.add(VM_OP_ld_mem, 1, 0, 8, offset);
    maker.add(VM_OP_row_begin, 0, 0, 0, maker.site({Raw::word}));
    maker.add(VM_OP_row_int, 1);
    maker.add(VM_OP_row_null, 2, 0, 0, 0);
    maker.add(VM_OP_row_send);
    maker.add(VM_OP_exit);
    return run_text(maker, Event{});
  };
  EXPECT_EQ(load(0, 4095), "[null]");
  EXPECT_EQ(load(0, 4096), "[null]" + fault(VM_FAULT_bad_read, 1));
  EXPECT_EQ(load(4096, -1), "[null]");
  EXPECT_EQ(load(0, -8), "[null]" + fault(VM_FAULT_bad_read, 1));
}

// An array of pointers at 0x1000, to texts behind it; 0x10 is as good as null, 0xf000 answers
// nobody.
std::string joined(const std::vector<std::string>& texts, int capacity, bool ends = true,
                   const std::string& between = "-") {
  std::string memory, behind;
  const size_t words = texts.size() + ends;
  for (size_t i = 0; i < words; ++i) {
    uint64_t address = i < texts.size() ? 0x1000 + 8 * words + behind.size() : 0;
    if (i < texts.size() && texts[i] == "unreadable") address = 0xf000;
    if (i < texts.size() && texts[i] == "null page") address = 0x10;
    if (i < texts.size()) behind.append(texts[i].c_str(), texts[i].size() + 1);
    memory.append(reinterpret_cast<const char*>(&address), sizeof address);
  }
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0, 0, 0, 0x1000);
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal(between));
  maker.add(VM_OP_str_join, 2, 0, 0, capacity);
  maker.send_text(2);
  maker.add(VM_OP_exit);
  return run_text(maker, Memory::with(memory + behind));
}

TEST(Interp, JoinsTextsUpToANullPointer) {
  const std::string cut = fault(VM_FAULT_string_cut, 2), bad = fault(VM_FAULT_bad_read, 2);
  EXPECT_EQ(joined({"ab", "", "c"}, 64), R"(["ab--c"])");
  EXPECT_EQ(joined({"ab"}, 64), R"(["ab"])");
  EXPECT_EQ(joined({}, 64), R"([""])");
  EXPECT_EQ(joined({"abc", "de"}, 8), R"(["abc-de"])");
  EXPECT_EQ(joined({"abc", "de"}, 7), R"(["abc-de"])" + cut);
  EXPECT_EQ(joined({"abc", "de"}, 5), R"(["abc-"])" + cut);
  EXPECT_EQ(joined({"abc", "de"}, 6, true, "----"), R"(["abc--"])" + cut);
  EXPECT_EQ(joined({"a", "unreadable"}, 64), "[null]" + bad);
  EXPECT_EQ(joined({"a", "null page"}, 64), "[null]");
  const std::vector<std::string> most(VM_JOIN_MAX, "");
  EXPECT_EQ(joined(most, 256, true, ""), R"([""])" + cut);
  EXPECT_EQ(joined({most.begin() + 1, most.end()}, 256, true, ""), R"([""])");
}

}  // namespace
}  // namespace bytecode
