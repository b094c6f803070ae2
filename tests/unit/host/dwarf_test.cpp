// Debug information of programs built here, read back: names, types and places that are known.
#include "host/dwarf.hpp"

#include <gtest/gtest.h>

#include <cstddef>

#include "fixtures/shapes.h"
#include "host/elf.hpp"

namespace host {
namespace {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::TypeId;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string fixture(const std::string& name) { return std::string(FIXTURE_FOLDER) + "/" + name; }

std::shared_ptr<const Dwarf> open(const std::string& name) {
  auto dwarf = Dwarf::open(fixture(name));
  EXPECT_TRUE(dwarf.ok()) << name << (dwarf.ok() ? "" : ": " + dwarf.error().message);
  return dwarf.ok() ? *dwarf : nullptr;
}

std::optional<DwarfFunction> function(const std::string& program, const Dwarf& dwarf,
                                      const std::string& symbol) {
  const auto file = ElfFile::open(fixture(program));
  if (!file) return std::nullopt;
  const ElfSymbol* found = file->find(symbol);
  EXPECT_NE(found, nullptr) << symbol;
  return found == nullptr ? std::nullopt : dwarf.function_at(found->address);
}

Pairs signature(const Dwarf& dwarf, const DwarfFunction& function) {
  Pairs pairs;
  for (const auto& [name, type] : function.args)
    pairs.emplace_back(name, dwarf.describe(type).name);
  pairs.emplace_back("", dwarf.describe(function.returns).name);
  return pairs;
}

Pairs signature(const std::string& program, const std::string& symbol) {
  const auto dwarf = open(program);
  if (!dwarf) return {};
  const auto found = function(program, *dwarf, symbol);
  EXPECT_TRUE(found.has_value()) << symbol;
  return found ? signature(*dwarf, *found) : Pairs{};
}

class EveryBuild : public testing::TestWithParam<const char*> {};

TEST_P(EveryBuild, Signatures) {
  EXPECT_EQ(signature(GetParam(), "take_all"), (Pairs{{"i", "int"},
                                                      {"text", "const char *"},
                                                      {"s", "struct shape *"},
                                                      {"c", "enum color"},
                                                      {"b", "_Bool"},
                                                      {"u", "unsigned char"},
                                                      {"seventh", "short int"},
                                                      {"eighth", "const char *"},
                                                      {"", "long int"}}));
  EXPECT_EQ(signature(GetParam(), "nothing"), (Pairs{{"", "void"}}));
  EXPECT_EQ(signature(GetParam(), "size_of"), (Pairs{{"callback", "void (*)(int, char *)"},
                                                     {"rows", "int (*)[4]"},
                                                     {"words", "char **"},
                                                     {"", "enum size"}}));
  EXPECT_EQ(signature(GetParam(), "take_hidden"),
            (Pairs{{"hidden", "struct hidden *"}, {"range", "range_t *"}, {"", "int"}}));
  // Of the other unit.
  EXPECT_EQ(signature(GetParam(), "reveal"), (Pairs{{"hidden", "struct hidden *"}, {"", "int"}}));
}

TEST_P(EveryBuild, Members) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const TypeId shape = dwarf->find("struct shape");
  ASSERT_NE(shape, 0u);
  EXPECT_EQ(dwarf->describe(shape).kind, CKind::structure);
  EXPECT_EQ(dwarf->describe(shape).size, sizeof(struct shape));
  std::vector<std::tuple<std::string, size_t, std::string>> found;
  for (const CMember& member : dwarf->members(shape)) {
    EXPECT_EQ(member.bit_offset % 8, 0u);
    EXPECT_EQ(member.bit_size, 0u);
    found.emplace_back(member.name, member.bit_offset / 8, dwarf->describe(member.type).name);
    const auto again = dwarf->member(shape, member.name);
    ASSERT_TRUE(again.has_value()) << member.name;
    EXPECT_EQ(again->type, member.type);
    EXPECT_EQ(again->bit_offset, member.bit_offset);
  }
  const std::vector<std::tuple<std::string, size_t, std::string>> expected = {
      {"name", offsetof(struct shape, name), "const char *"},
      {"center", offsetof(struct shape, center), "struct point"},
      {"raw", offsetof(struct shape, raw), "long int[2]"},
      {"inner", offsetof(struct shape, inner), "int"},
      {"color", offsetof(struct shape, color), "enum color"},
      {"next", offsetof(struct shape, next), "struct shape *"},
      {"tag", offsetof(struct shape, tag), "char[16]"},
      {"grid", offsetof(struct shape, grid), "int[2][3]"},
      {"draw", offsetof(struct shape, draw), "void (*)(struct shape *, int)"},
      {"visible", offsetof(struct shape, visible), "_Bool"},
      {"weight", offsetof(struct shape, weight), "double"},
      {"hidden", offsetof(struct shape, hidden), "struct hidden *"},
  };
  EXPECT_EQ(found, expected);
  EXPECT_FALSE(dwarf->member(shape, "none").has_value());
  EXPECT_FALSE(dwarf->member(0, "name").has_value());
  EXPECT_FALSE(dwarf->member(dwarf->find("int"), "name").has_value());
}

TEST_P(EveryBuild, Bitfields) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const TypeId point = dwarf->find("struct point");
  const auto flags = dwarf->member(point, "flags"), kind = dwarf->member(point, "kind");
  ASSERT_TRUE(flags && kind);
  EXPECT_EQ(flags->bit_offset, 48u);
  EXPECT_EQ(flags->bit_size, 3u);
  EXPECT_EQ(kind->bit_offset, 51u);
  EXPECT_EQ(kind->bit_size, 5u);
}

TEST_P(EveryBuild, ArraysAndEnumerators) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const auto grid = dwarf->member(dwarf->find("struct shape"), "grid");
  ASSERT_TRUE(grid.has_value());
  const CType rows = dwarf->describe(grid->type);
  EXPECT_EQ(rows.kind, CKind::array);
  EXPECT_EQ(rows.count, 2u);
  EXPECT_EQ(rows.size, 24u);
  const CType columns = dwarf->describe(rows.of);
  EXPECT_EQ(columns.kind, CKind::array);
  EXPECT_EQ(columns.name, "int[3]");
  EXPECT_EQ(columns.count, 3u);
  EXPECT_EQ(columns.size, 12u);
  EXPECT_EQ(dwarf->describe(columns.of).name, "int");

  const TypeId color = dwarf->find("enum color");
  EXPECT_EQ(dwarf->describe(color).kind, CKind::enumeration);
  EXPECT_TRUE(dwarf->describe(color).is_signed);
  EXPECT_EQ(dwarf->describe(color).size, 4u);
  using Values = std::vector<std::pair<int64_t, std::string>>;
  EXPECT_EQ(dwarf->enumerators(color), (Values{{0, "RED"}, {5, "GREEN"}, {-1, "BLUE"}}));
  const TypeId size = dwarf->find("enum size");
  EXPECT_FALSE(dwarf->describe(size).is_signed);
  EXPECT_EQ(dwarf->enumerators(size), (Values{{0, "SMALL"}, {0xffffffff, "HUGE_SIZE"}}));
  EXPECT_TRUE(dwarf->enumerators(dwarf->find("int")).empty());
}

TEST_P(EveryBuild, Names) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const CType number = dwarf->describe(dwarf->find("unsigned long"));
  EXPECT_EQ(number.kind, CKind::integer);
  EXPECT_EQ(number.size, 8u);
  EXPECT_FALSE(number.is_signed);
  EXPECT_EQ(number.name, "long unsigned int");
  for (const char* name : {"long unsigned int", "unsigned long int", "long int unsigned"})
    EXPECT_EQ(dwarf->find(name), dwarf->find("unsigned long")) << name;
  EXPECT_EQ(dwarf->describe(dwarf->find("char")).kind, CKind::character);
  EXPECT_EQ(dwarf->describe(dwarf->find("unsigned char")).kind, CKind::integer);
  EXPECT_EQ(dwarf->describe(dwarf->find("double")).kind, CKind::floating);
  EXPECT_EQ(dwarf->describe(dwarf->find("_Bool")).kind, CKind::boolean);
  EXPECT_EQ(dwarf->describe(0).kind, CKind::nothing);
  EXPECT_EQ(dwarf->describe(0).name, "void");
  EXPECT_EQ(dwarf->describe(1 << 30).kind, CKind::nothing);

  const TypeId range = dwarf->find("range_t");
  EXPECT_EQ(dwarf->describe(range).kind, CKind::structure);
  EXPECT_EQ(dwarf->describe(range).name, "range_t");
  ASSERT_TRUE(dwarf->member(range, "high").has_value());
  EXPECT_EQ(dwarf->member(range, "high")->bit_offset, 64u);

  EXPECT_EQ(dwarf->find("struct nowhere"), 0u);
  EXPECT_EQ(dwarf->find("shape"), 0u);
  EXPECT_EQ(dwarf->find("union shape"), 0u);
  EXPECT_EQ(dwarf->names_like("struct shpae"), std::vector<std::string>{"struct shape"});
  EXPECT_TRUE(dwarf->names_like("struct entirely_different").empty());
}

// One unit declares it, the other one says what is in it.
TEST_P(EveryBuild, DefinitionOfAnotherUnit) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const auto found = function(GetParam(), *dwarf, "take_hidden");
  ASSERT_TRUE(found.has_value());
  const CType pointer = dwarf->describe(found->args[0].second);
  EXPECT_EQ(pointer.kind, CKind::pointer);
  const auto at = dwarf->member(pointer.of, "at");
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(at->bit_offset, 32u);
  EXPECT_EQ(dwarf->describe(at->type).name, "struct point");
  EXPECT_EQ(dwarf->describe(pointer.of).size, 12u);
}

// What two units both know has one number, so that closures for both are one program.
TEST_P(EveryBuild, EqualTypesOfTwoUnits) {
  const auto dwarf = open(GetParam());
  ASSERT_NE(dwarf, nullptr);
  const auto first = function(GetParam(), *dwarf, "take_all");
  const auto second = function(GetParam(), *dwarf, "take_twice");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->args[2].second, second->args[1].second);
  EXPECT_EQ(first->args[0].second, second->args[0].second);
}

INSTANTIATE_TEST_SUITE_P(Shapes, EveryBuild,
                         testing::Values("shapes", "shapes_fixed", "shapes_units", "shapes_linked",
                                         "shapes_by_id"),
                         [](const auto& param) { return std::string(param.param); });

TEST(Dwarf, NoneIsAnErrorThatSaysSo) {
  for (const char* name : {"shapes_bare", "shapes_stripped", "shapes_mini"}) {
    const auto dwarf = Dwarf::open(fixture(name));
    ASSERT_FALSE(dwarf.ok()) << name;
    EXPECT_EQ(dwarf.error().kind, bytecode::ErrorKind::target);
    EXPECT_NE(dwarf.error().message.find("no debug information"), std::string::npos);
  }
  EXPECT_FALSE(Dwarf::open("/etc/passwd").ok());
  EXPECT_FALSE(Dwarf::open("/nonexistent").ok());
}

TEST(Dwarf, TheSameFileIsTheSameObject) {
  const auto first = open("shapes");
  EXPECT_EQ(first, open("shapes"));
  EXPECT_NE(first, open("shapes_fixed"));
}

TEST(Dwarf, OnlyTheFirstInstructionIsTheFunction) {
  const auto dwarf = open("shapes");
  const auto file = ElfFile::open(fixture("shapes"));
  ASSERT_TRUE(dwarf && file.ok());
  const uint64_t address = file->find("take_all")->address;
  EXPECT_TRUE(dwarf->function_at(address).has_value());
  EXPECT_FALSE(dwarf->function_at(address + 1).has_value());
  EXPECT_FALSE(dwarf->function_at(0).has_value());
  EXPECT_FALSE(dwarf->function_at(UINT64_MAX).has_value());
}

TEST(Dwarf, Classes) {
  EXPECT_EQ(signature("classes", "zoo::Animal::feed"), (Pairs{{"this", "const zoo::Animal *"},
                                                              {"food", "zoo::Food"},
                                                              {"when", "const char *"},
                                                              {"", "int"}}));
  EXPECT_EQ(signature("classes", "zoo::Animal::count"), (Pairs{{"more", "long int"}, {"", "int"}}));
  EXPECT_EQ(signature("classes", "zoo::weigh(int)"), (Pairs{{"kilos", "int"}, {"", "int"}}));
  EXPECT_EQ(signature("classes", "zoo::weigh(zoo::Animal const&, int)"),
            (Pairs{{"animal", "const zoo::Animal &"}, {"kilos", "int"}, {"", "int"}}));
  EXPECT_EQ(signature("classes", "long zoo::twice<long>(long)"),
            (Pairs{{"value", "long int"}, {"", "long int"}}));

  const auto dwarf = open("classes");
  ASSERT_NE(dwarf, nullptr);
  const TypeId animal = dwarf->find("zoo::Animal");
  ASSERT_NE(animal, 0u);
  EXPECT_EQ(dwarf->find("class zoo::Animal"), animal);
  EXPECT_EQ(dwarf->find("struct zoo::Animal"), animal);
  // A class hides its base's member of the same name; the others are found in the base.
  ASSERT_TRUE(dwarf->member(animal, "legs") && dwarf->member(animal, "_vptr.Base"));
  EXPECT_EQ(dwarf->member(animal, "legs")->bit_offset, 12u * 8);
  EXPECT_EQ(dwarf->member(animal, "age_")->bit_offset, 16u * 8);
  EXPECT_EQ(dwarf->member(animal, "_vptr.Base")->bit_offset, 0u);
  using Values = std::vector<std::pair<int64_t, std::string>>;
  EXPECT_EQ(dwarf->enumerators(dwarf->find("zoo::Food")), (Values{{0, "grass"}, {200, "meat"}}));
  EXPECT_EQ(dwarf->describe(dwarf->find("zoo::Food")).size, 1u);
}

}  // namespace
}  // namespace host
