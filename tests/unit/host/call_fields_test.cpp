// Arguments and results where the calling convention puts them, for both architectures.
#include "host/call_fields.hpp"

#include <gtest/gtest.h>

#include "host/elf.hpp"

namespace host {
namespace {

using bytecode::Field;
using bytecode::FieldKind;
using Lines = std::vector<std::string>;

std::string fixture(const std::string& name) { return std::string(FIXTURE_FOLDER) + "/" + name; }

// "name int32 @112 int", "text string @152[8] const char *", "d ? double, in a vector register".
std::string shown(const Field& field) {
  std::string text = field.name + " ";
  switch (field.kind) {
    case FieldKind::integer:
      text += (field.is_signed ? "int" : "uint") + std::to_string(8 * field.size);
      break;
    case FieldKind::string:
      text += "string";
      break;
    case FieldKind::address:
      text += "address";
      break;
    case FieldKind::structure:
      text += "structure" + std::to_string(field.size);
      break;
    default:
      EXPECT_EQ(field.ctype, 0u);
      return text + "? " + field.type;
  }
  EXPECT_NE(field.ctype, 0u);
  text += " @" + std::to_string(field.offset);
  for (int32_t step : field.deref) text += "[" + std::to_string(step) + "]";
  return text + " " + field.type;
}

// The arguments, then the result.
Lines fields(const std::string& program, const std::string& symbol, Arch arch = Arch::x86_64) {
  const auto file = ElfFile::open(fixture(program));
  const auto dwarf = Dwarf::open(fixture(program));
  EXPECT_TRUE(file.ok() && dwarf.ok()) << program;
  if (!file || !dwarf) return {};
  const ElfSymbol* found = file->find(symbol);
  EXPECT_NE(found, nullptr) << symbol;
  const auto function = found ? (*dwarf)->function_at(found->address) : std::nullopt;
  EXPECT_TRUE(function.has_value()) << symbol;
  if (!function) return {};
  const CallFields all = call_fields(**dwarf, *function, arch);
  Lines lines;
  for (const Field& field : all.args) lines.push_back(shown(field));
  lines.push_back(shown(all.retval));
  return lines;
}

class Builds : public testing::TestWithParam<const char*> {};

TEST_P(Builds, RegistersThenTheStack) {
  EXPECT_EQ(fields(GetParam(), "take_all"),
            (Lines{"i int32 @112 int", "text string @104 const char *",
                   "s address @96 struct shape *", "c int32 @88 enum color", "b uint8 @72 _Bool",
                   "u uint8 @64 unsigned char", "seventh int16 @152[8] short int",
                   "eighth string @152[16] const char *", "retval int64 @80 long int"}));
  EXPECT_EQ(fields(GetParam(), "color_name"),
            (Lines{"color int32 @112 enum color", "retval string @80 const char *"}));
  EXPECT_EQ(fields(GetParam(), "take_bytes"),
            (Lines{"text string @112 const signed char *", "numbers address @104 const int8_t *",
                   "retval int32 @80 int"}));
  EXPECT_EQ(fields(GetParam(), "nothing"), Lines{"retval ? void"});
}

TEST_P(Builds, FloatsTakeNoRegisterFromOthers) {
  EXPECT_EQ(fields(GetParam(), "take_float"),
            (Lines{"d ? double, in a vector register", "after int32 @112 int",
                   "f ? float, in a vector register", "bytes address @104 const unsigned char *",
                   "retval ? double, in a vector register"}));
}

TEST_P(Builds, StructuresByValue) {
  EXPECT_EQ(fields(GetParam(), "take_small"),
            (Lines{"small structure8 @112 struct small", "c int8 @104 char",
                   "floats ? struct floats, in a vector register",
                   "retval structure8 @80 struct small"}));
  EXPECT_EQ(fields(GetParam(), "take_pair"),
            (Lines{"pair ? struct pair, in two registers", "after int32 @96 int",
                   "retval int32 @80 int"}));
  EXPECT_EQ(fields(GetParam(), "take_big"),
            (Lines{"big structure32 @152[8] struct big", "after int32 @112 int",
                   "retval int32 @80 int"}));
  // The caller's place for the result is an argument before all others.
  EXPECT_EQ(fields(GetParam(), "make_big"),
            (Lines{"seed int32 @104 int", "retval structure32 @80[0] struct big"}));
  EXPECT_EQ(fields(GetParam(), "make_pair"), Lines{"retval ? struct pair, in two registers"});
}

TEST_P(Builds, WideNumbers) {
  EXPECT_EQ(
      fields(GetParam(), "take_wide"),
      (Lines{"wide ? __int128, of more than 64 bits", "real ? long double, a floating-point number",
             "size_of_it uint32 @96 unsigned int", "retval ? void"}));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Builds, testing::Values("shapes", "shapes_fixed", "shapes_units"),
                         [](const auto& param) { return std::string(param.param); });

TEST(CallFields, OfAnother) {
  EXPECT_EQ(fields("shapes", "take_all", Arch::aarch64),
            (Lines{"i int32 @0 int", "text string @8 const char *", "s address @16 struct shape *",
                   "c int32 @24 enum color", "b uint8 @32 _Bool", "u uint8 @40 unsigned char",
                   "seventh int16 @48 short int", "eighth string @56 const char *",
                   "retval int64 @0 long int"}));
  EXPECT_EQ(
      fields("shapes", "take_big", Arch::aarch64),
      (Lines{"big structure32 @0[0] struct big", "after int32 @8 int", "retval int32 @0 int"}));
  EXPECT_EQ(fields("shapes", "make_big", Arch::aarch64),
            (Lines{"seed int32 @0 int", "retval ? struct big, in memory whose address is gone"}));
}

// What the compiler made of a function that nobody else calls: its parameters are where it says.
TEST(CallFields, ChangedByTheCompiler) {
#if defined(__x86_64__)
  const auto file = ElfFile::open(fixture("shapes_fixed"));
  ASSERT_TRUE(file.ok());
  const auto found = file->find_all("changed*");
  ASSERT_EQ(found.size(), 1u);
  ASSERT_NE(found.front()->name, "changed");
  EXPECT_EQ(
      fields("shapes_fixed", std::string(found.front()->name)),
      (Lines{"unused ? int, moved by the compiler", "point ? struct point *, moved by the compiler",
             "factor int32 @104 int", "retval int32 @80 int"}));
#endif
}

TEST(CallFields, Classes) {
  EXPECT_EQ(fields("classes", "zoo::Animal::feed"),
            (Lines{"this address @112 const zoo::Animal *", "food uint8 @104 zoo::Food",
                   "when string @96 const char *", "retval int32 @80 int"}));
  // An object with a destructor goes by its address, whatever its size; so does the result.
  const Lines title = fields("classes", "zoo::title");
  ASSERT_EQ(title.size(), 3u);
  EXPECT_TRUE(title[0].starts_with("name structure32 @104[0] std::")) << title[0];
  EXPECT_EQ(title[1], "rank int32 @96 int");
  EXPECT_TRUE(title[2].starts_with("retval structure32 @80[0] std::")) << title[2];
}

}  // namespace
}  // namespace host
