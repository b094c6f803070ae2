// USDT notes of a program built here, and operands in both architectures' spelling.
#include "host/usdt.hpp"

#include <gtest/gtest.h>

#include "host/elf.hpp"

namespace host {
namespace {

using bytecode::Field;
using bytecode::FieldKind;

std::string fixture(const std::string& name) { return std::string(FIXTURE_FOLDER) + "/" + name; }

// One operand in a line: "name int32 @112", "... [8]" through memory, "= 7" a constant, "? words".
std::string shown(const Field& field) {
  std::string text = field.name + " ";
  if (field.kind == FieldKind::array) return text + "? " + field.type;
  text += (field.is_signed ? "int" : "uint") + std::to_string(8 * field.size);
  if (field.kind == FieldKind::constant) return text + " = " + std::to_string(field.value);
  EXPECT_EQ(field.kind, FieldKind::integer);
  text += " @" + std::to_string(field.offset);
  for (int32_t step : field.deref) text += "[" + std::to_string(step) + "]";
  return text;
}

std::vector<std::string> parsed(std::string_view text, Arch arch = Arch::x86_64,
                                const SymbolDistance& distance = {}) {
  std::vector<std::string> lines;
  for (const Field& field : parse_usdt_arguments(text, arch, distance))
    lines.push_back(shown(field));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(UsdtArguments, RegistersOfEveryWidth) {
  EXPECT_EQ(parsed("-4@%edi 8@%rsi 2@%ax 1@%al -1@%ah"),
            (Lines{"arg0 int32 @112", "arg1 uint64 @104", "arg2 uint16 @80", "arg3 uint8 @80",
                   "arg4 int8 @81"}));
  EXPECT_EQ(parsed("4@%r10d 2@%r15w 1@%r8b 1@%sil 8@%rsp"),
            (Lines{"arg0 uint32 @56", "arg1 uint16 @0", "arg2 uint8 @72", "arg3 uint8 @104",
                   "arg4 uint64 @152"}));
  // A small argument in a wide register: its lower bytes.
  EXPECT_EQ(parsed("-4@%rbx 1@%ecx"), (Lines{"arg0 int32 @40", "arg1 uint8 @88"}));
}

TEST(UsdtArguments, MemoryAndConstants) {
  EXPECT_EQ(parsed("-8@-16(%rbp) 4@(%rax) 8@0x20(%rsp)"),
            (Lines{"arg0 int64 @32[-16]", "arg1 uint32 @80[0]", "arg2 uint64 @152[32]"}));
  EXPECT_EQ(parsed("-4@$7 8@$-1 1@$0xff"),
            (Lines{"arg0 int32 = 7", "arg1 uint64 = -1", "arg2 uint8 = 255"}));
  const SymbolDistance distance = [](std::string_view symbol) -> std::optional<int64_t> {
    if (symbol == "counter") return 4096;
    return std::nullopt;
  };
  EXPECT_EQ(parsed("-4@counter(%rip) 4@counter+8(%rip) 4@8+counter(%rip) 4@counter-4(%rip)",
                   Arch::x86_64, distance),
            (Lines{"arg0 int32 @128[4096]", "arg1 uint32 @128[4104]", "arg2 uint32 @128[4104]",
                   "arg3 uint32 @128[4092]"}));
  EXPECT_EQ(parsed("4@other(%rip)", Arch::x86_64, distance), (Lines{"arg0 ? 4@other(%rip)"}));
}

TEST(UsdtArguments, WhatCannotBeReadKeepsItsPlace) {
  EXPECT_EQ(parsed("8@%xmm0 -4@%edi 8@(%rax,%rbx,8) 8f@%rax 16@%rax 4@counter(%rip) 4@%al "
                   "8@(%eax) 8@99999999999(%rax) 4@%fs:8 @ 4@"),
            (Lines{"arg0 ? 8@%xmm0", "arg1 int32 @112", "arg2 ? 8@(%rax,%rbx,8)", "arg3 ? 8f@%rax",
                   "arg4 ? 16@%rax", "arg5 ? 4@counter(%rip)", "arg6 ? 4@%al", "arg7 ? 8@(%eax)",
                   "arg8 ? 8@99999999999(%rax)", "arg9 ? 4@%fs:8", "arg10 ? @", "arg11 ? 4@"}));
  EXPECT_TRUE(parsed("").empty());
  EXPECT_TRUE(parsed("   ").empty());
  // Older macros left the size out.
  EXPECT_EQ(parsed("%rdi"), (Lines{"arg0 uint64 @112"}));
}

TEST(UsdtArguments, Arm) {
  EXPECT_EQ(parsed("8@x0 -4@w19 8@sp -4@[sp, 12] 8@[x1] 4@[x29, #-8] -4@5 8@[x1, x2] 8@d0",
                   Arch::aarch64),
            (Lines{"arg0 uint64 @0", "arg1 int32 @152", "arg2 uint64 @248", "arg3 int32 @248[12]",
                   "arg4 uint64 @8[0]", "arg5 uint32 @232[-8]", "arg6 int32 = 5",
                   "arg7 ? 8@[x1, x2]", "arg8 ? 8@d0"}));
}

TEST(Usdt, PlacesOfAProgram) {
  const auto places = usdt_places(fixture("marks"));
  const auto file = ElfFile::open(fixture("marks"));
  ASSERT_TRUE(places.ok() && file.ok());
  ASSERT_EQ(places->size(), 5u);
  const auto lines = [&](size_t i) {
    Lines shown_lines;
    for (const Field& field : (*places)[i].args) shown_lines.push_back(shown(field));
    return shown_lines;
  };
  const auto name = [&](size_t i) { return (*places)[i].provider + ":" + (*places)[i].name; };
#if defined(__x86_64__)
  EXPECT_EQ(name(0), "marks:registers");
  EXPECT_EQ(lines(0), (Lines{"arg0 int32 @112", "arg1 uint64 @104", "arg2 uint8 @80",
                             "arg3 int8 @81", "arg4 uint16 @56", "arg5 ? 8@%xmm0"}));
  EXPECT_EQ(name(1), "marks:memory");
  ASSERT_EQ(lines(1).size(), 4u);
  EXPECT_EQ(lines(1)[0], "arg0 int64 @32[-16]");
  EXPECT_EQ(lines(1)[1], "arg1 uint32 @80[0]");
  EXPECT_EQ(lines(1)[2], "arg2 ? 8@8(%rax,%rbx,8)");
  // The variable's distance from the probe, in memory and in the file alike.
  const Field& counter = (*places)[1].args[3];
  EXPECT_EQ(counter.offset, 128u);
  EXPECT_EQ(counter.deref.size(), 1u);
  EXPECT_EQ(name(2), "marks:registers");
  EXPECT_EQ(lines(2), (Lines{"arg0 int32 = 7"}));
  EXPECT_EQ(name(3), "other:empty");
  EXPECT_TRUE(lines(3).empty());
  EXPECT_EQ(name(4), "marks:guarded");
  EXPECT_EQ((*places)[4].args.size(), 2u);
#endif
  for (const UsdtPlace& place : *places) {
    const auto address = file->address_of(place.offset);
    ASSERT_TRUE(address.has_value());
    const ElfSymbol* holder = file->at(*address);
    ASSERT_NE(holder, nullptr);
    EXPECT_EQ(holder->name, place.name == "guarded" ? "mark_guarded" : "mark_places");
    EXPECT_EQ(place.semaphore != 0, place.name == "guarded");
  }
  // A segment of data moves in the file by another distance than the code.
  const auto fixed = usdt_places(fixture("marks_fixed"));
  ASSERT_TRUE(fixed.ok());
  ASSERT_EQ(fixed->size(), 5u);
  EXPECT_NE((*fixed)[4].semaphore, 0u);
  EXPECT_LT((*fixed)[4].semaphore, 0x10000u);
}

TEST(Usdt, WordsForProbes) {
  const auto places = usdt_places(fixture("marks"));
  ASSERT_TRUE(places.ok());
  const auto count = [&](std::string_view word) { return find_usdt(*places, word).size(); };
  EXPECT_EQ(count("marks:registers"), 2u);
  EXPECT_EQ(count("registers"), 2u);
  EXPECT_EQ(count("marks:*"), 4u);
  EXPECT_EQ(count("*:e*"), 1u);
  EXPECT_EQ(count("*"), 5u);
  EXPECT_EQ(count("other:registers"), 0u);
  EXPECT_EQ(count(""), 0u);
}

TEST(Usdt, FilesWithoutAny) {
  const auto none = usdt_places(fixture("shapes"));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  EXPECT_FALSE(usdt_places("/etc/passwd").ok());
}

}  // namespace
}  // namespace host
