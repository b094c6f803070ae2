#include "bytecode/interp.hpp"

#include <gtest/gtest.h>

#include "bytecode/decode.hpp"
#include "bytecode/show.hpp"
#include "bytecode/validate.hpp"
#include "program_maker.hpp"

namespace bytecode {
namespace {

// Validates, runs, and writes down what happened: rows as values, then faults.
std::string run_text(ProgramMaker& maker, const Event& event = {}, Effects* effects = nullptr) {
  const Program& program = maker.program();
  const Status status = validate(program);
  if (!status) return status.error().message;
  Effects local;
  Effects& done = effects == nullptr ? local : *effects;
  run(program, event, done);
  std::string text;
  for (const std::vector<uint8_t>& row : done.rows) {
    vm_row header;
    std::memcpy(&header, row.data(), sizeof header);
    EXPECT_EQ(header.length, row.size() - sizeof header);
    text += show(decode_row(program.rows[header.site], header.nulls,
                            std::span(row).subspan(sizeof header), {}));
  }
  for (const FaultAt& fault : done.faults)
    text += " fault " + std::to_string(fault.kind) + "@" + std::to_string(fault.pc);
  return text;
}

// b op c in a row, or the fault.
std::string compute(vm_opcode op, int64_t b, int64_t c) {
  ProgramMaker maker;
  maker.add(VM_OP_ldk, 1, 0, 0, maker.constant(b));
  maker.add(VM_OP_ldk, 2, 0, 0, maker.constant(c));
  maker.add(op, 0, 1, 2);
  maker.send_int(0);
  maker.add(VM_OP_exit);
  return run_text(maker);
}

std::string fault(vm_fault kind, int pc) {
  return " fault " + std::to_string(kind) + "@" + std::to_string(pc);
}

TEST(Interp, Arithmetic) {
  const std::string overflow = fault(VM_FAULT_overflow, 2);
  EXPECT_EQ(compute(VM_OP_add, 2, -5), "[-3]");
  EXPECT_EQ(compute(VM_OP_add, INT64_MAX, 1), overflow);
  EXPECT_EQ(compute(VM_OP_sub, INT64_MIN, 1), overflow);
  EXPECT_EQ(compute(VM_OP_sub, -1, INT64_MIN), "[9223372036854775807]");
  EXPECT_EQ(compute(VM_OP_mul, -4, 5), "[-20]");
  EXPECT_EQ(compute(VM_OP_mul, INT64_MIN, -1), overflow);
  EXPECT_EQ(compute(VM_OP_mul, 1LL << 32, 1LL << 31), overflow);
}

TEST(Interp, DivisionRoundsDown) {
  EXPECT_EQ(compute(VM_OP_div, -7, 2), "[-4]");
  EXPECT_EQ(compute(VM_OP_div, 7, -2), "[-4]");
  EXPECT_EQ(compute(VM_OP_div, -7, -2), "[3]");
  EXPECT_EQ(compute(VM_OP_div, -6, 2), "[-3]");
  EXPECT_EQ(compute(VM_OP_mod, -7, 3), "[2]");
  EXPECT_EQ(compute(VM_OP_mod, 7, -3), "[-2]");
  EXPECT_EQ(compute(VM_OP_mod, -6, 3), "[0]");
  EXPECT_EQ(compute(VM_OP_div, 7, 0), fault(VM_FAULT_divide_by_zero, 2));
  EXPECT_EQ(compute(VM_OP_mod, 7, 0), fault(VM_FAULT_divide_by_zero, 2));
  EXPECT_EQ(compute(VM_OP_div, INT64_MIN, -1), fault(VM_FAULT_overflow, 2));
  EXPECT_EQ(compute(VM_OP_mod, INT64_MIN, -1), fault(VM_FAULT_overflow, 2));
}

TEST(Interp, Power) {
  EXPECT_EQ(compute(VM_OP_pow, 2, 62), "[4611686018427387904]");
  EXPECT_EQ(compute(VM_OP_pow, 2, 63), fault(VM_FAULT_overflow, 2));
  EXPECT_EQ(compute(VM_OP_pow, -2, 63), "[-9223372036854775808]");
  EXPECT_EQ(compute(VM_OP_pow, 0, 0), "[1]");
  EXPECT_EQ(compute(VM_OP_pow, -1, INT64_MAX), "[-1]");
  EXPECT_EQ(compute(VM_OP_pow, 3037000499, 2), "[9223372030926249001]");
  EXPECT_EQ(compute(VM_OP_pow, 3037000500, 2), fault(VM_FAULT_overflow, 2));
  EXPECT_EQ(compute(VM_OP_pow, 2, 1LL << 32), fault(VM_FAULT_overflow, 2));
  EXPECT_EQ(compute(VM_OP_pow, 2, -1), fault(VM_FAULT_negative_exponent, 2));
}

TEST(Interp, Shifts) {
  EXPECT_EQ(compute(VM_OP_shl, 3, 63), "[-9223372036854775808]");
  EXPECT_EQ(compute(VM_OP_shr, -7, 1), "[-4]");
  EXPECT_EQ(compute(VM_OP_shr, -8, 63), "[-1]");
  EXPECT_EQ(compute(VM_OP_shl, 1, 64), fault(VM_FAULT_shift_range, 2));
  EXPECT_EQ(compute(VM_OP_shr, 1, -1), fault(VM_FAULT_shift_range, 2));
}

TEST(Interp, Comparisons) {
  EXPECT_EQ(compute(VM_OP_lt, -1, 0), "[1]");
  EXPECT_EQ(compute(VM_OP_lt, INT64_MAX, INT64_MIN), "[0]");
  EXPECT_EQ(compute(VM_OP_le, 5, 5), "[1]");
  EXPECT_EQ(compute(VM_OP_eq, 5, 6), "[0]");
  EXPECT_EQ(compute(VM_OP_ne, 5, 6), "[1]");
}

TEST(Interp, BranchesCompareSigned) {
  for (const auto& [op, taken] : {std::pair{VM_OP_jlti, true},
                                  {VM_OP_jlei, true},
                                  {VM_OP_jgti, false},
                                  {VM_OP_jgei, false},
                                  {VM_OP_jeqi, false},
                                  {VM_OP_jnei, true}}) {
    ProgramMaker maker;
    maker.add(VM_OP_ldi, 0, 0, 0, -5);
    maker.branch(op, 0, 3, 3);
    maker.add(VM_OP_exit);
    maker.send_int(0);
    maker.add(VM_OP_exit);
    EXPECT_EQ(run_text(maker), taken ? "[-5]" : "") << op;
  }
}

TEST(Interp, ContextWidthsAndSigns) {
  Event event;
  event.context = {0, 0, 0, 0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8};
  const auto load = [&](int size, int is_signed, int offset) {
    ProgramMaker maker;
    maker.add(VM_OP_ld_ctx, 0, size, is_signed, offset);
    maker.send_int(0);
    maker.add(VM_OP_exit);
    return run_text(maker, event);
  };
  EXPECT_EQ(load(1, 0, 4), "[255]");
  EXPECT_EQ(load(1, 1, 4), "[-1]");
  EXPECT_EQ(load(2, 0, 4), "[65279]");
  EXPECT_EQ(load(2, 1, 4), "[-257]");
  EXPECT_EQ(load(4, 1, 4), "[-50462977]");
  EXPECT_EQ(load(8, 0, 4), "[-506097522914230529]");
  EXPECT_EQ(load(8, 0, 5), "[0]" + fault(VM_FAULT_bad_read, 0));
}

class Memory {
 public:
  // Memory that has these bytes at 0x1000 and nothing else.
  static Event with(const std::string& bytes) {
    Event event;
    event.memory = [bytes](uint64_t address, uint32_t size) -> std::optional<std::vector<uint8_t>> {
      if (address < 0x1000 || address >= 0x1000 + bytes.size()) return {};
      const std::string part = bytes.substr(address - 0x1000, size);
      return std::vector<uint8_t>(part.begin(), part.end());
    };
    return event;
  }
};

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

TEST(Interp, BitsAndBytesTurnedAround) {
  const auto made = [](vm_opcode op, int64_t of, int c, int64_t imm) {
    ProgramMaker maker;
    maker.add(VM_OP_ldk, 1, 0, 0, maker.constant(of));
    maker.add(op, 0, 1, c, static_cast<int>(imm));
    maker.send_int(0);
    maker.add(VM_OP_exit);
    return run_text(maker);
  };
  const auto bits = [&](int64_t of, int shift, int width, bool is_signed) {
    return made(VM_OP_bits, of, 0, shift | width << 8 | (is_signed ? VM_BITS_SIGNED : 0));
  };
  EXPECT_EQ(bits(0xabcd, 4, 8, false), "[188]");
  EXPECT_EQ(bits(0xabcd, 4, 8, true), "[-68]");
  EXPECT_EQ(bits(-1, 0, 64, false), "[-1]");
  EXPECT_EQ(bits(INT64_MIN, 63, 1, false), "[1]");
  EXPECT_EQ(bits(INT64_MIN, 63, 1, true), "[-1]");
  EXPECT_EQ(made(VM_OP_bswap, 0xff1234, 2, 0), "[13330]");
  EXPECT_EQ(made(VM_OP_bswap, -2, 4, 0), "[4278190079]");
  EXPECT_EQ(made(VM_OP_bswap, 0x80, 8, 0), "[-9223372036854775808]");
}

TEST(Interp, StringsOfTheContext) {
  Event event;
  const std::string bytes("\x0c\0\x07\0full\0\0\0\0located\0", 20);
  event.context.assign(bytes.begin(), bytes.end());
  const auto text = [&](vm_opcode op, int offset, int size) {
    ProgramMaker maker;
    maker.add(op, 0, 0, 0, offset | size << 16);
    maker.send_text(0);
    maker.add(VM_OP_exit);
    return run_text(maker, event);
  };
  EXPECT_EQ(text(VM_OP_str_ctx, 4, 8), R"(["full"])");
  EXPECT_EQ(text(VM_OP_str_ctx, 4, 4), R"(["full"])");
  EXPECT_EQ(text(VM_OP_str_ctx, 4, 3), R"(["ful"])");
  EXPECT_EQ(text(VM_OP_str_ctx, 16, 8), "[null]" + fault(VM_FAULT_bad_read, 0));
  EXPECT_EQ(text(VM_OP_str_loc, 0, 64), R"(["located"])");
  EXPECT_EQ(text(VM_OP_str_loc, 0, 8), R"(["located"])");
  EXPECT_EQ(text(VM_OP_str_loc, 0, 7), R"(["locate"])" + fault(VM_FAULT_string_cut, 0));
  event.context[2] = 9;  // a length past the end of the context
  EXPECT_EQ(text(VM_OP_str_loc, 0, 64), "[null]" + fault(VM_FAULT_bad_read, 0));
}

TEST(Interp, ComparesStrings) {
  const auto order = [](const std::string& b, const std::string& c) {
    ProgramMaker maker;
    maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal(b));
    maker.add(VM_OP_str_lit, 2, 100, 0, maker.literal(c));
    maker.add(VM_OP_str_cmp, 0, 1, 2);
    maker.send_int(0);
    maker.add(VM_OP_str_eqk, 0, 1, 0, maker.literal(c));
    maker.send_int(0);
    maker.add(VM_OP_exit);
    return run_text(maker);
  };
  EXPECT_EQ(order("a", "b"), "[-1][0]");
  EXPECT_EQ(order("a", "a"), "[0][1]");
  EXPECT_EQ(order("ab", "a"), "[1][0]");
  EXPECT_EQ(order("", "a"), "[-1][0]");
  EXPECT_EQ(order("\xc3\xa4", "z"), "[1][0]");
  EXPECT_EQ(order(std::string(200, 'x') + "a", std::string(200, 'x') + "b"), "[-1][0]");
}

TEST(Interp, NullStringIsEmptyInComparisons) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0, 0, 0, -1);
  maker.add(VM_OP_str_eqk, 1, 0, 0, maker.literal(""));
  maker.send_int(1);
  maker.add(VM_OP_isnull, 1, 0);
  maker.send_int(1);
  maker.add(VM_OP_str_lit, 2, 0, 0, maker.literal(""));
  maker.add(VM_OP_str_cmp, 1, 0, 2);
  maker.send_int(1);
  maker.send_text(0);
  maker.add(VM_OP_exit);
  EXPECT_EQ(run_text(maker), "[1][1][0][null]");
}

// What an instruction makes of the texts b and c: a number.
std::string of_texts(vm_opcode op, const std::string& b, const std::string& c, int end = 0) {
  ProgramMaker maker;
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal(b));
  maker.add(VM_OP_str_lit, 2, 100, 0, maker.literal(c));
  maker.add(op, 0, 1, 2, end);
  maker.send_int(0);
  maker.add(VM_OP_exit);
  return run_text(maker);
}

TEST(Interp, FindsTextInText) {
  EXPECT_EQ(of_texts(VM_OP_str_find, "abcabc", "bc"), "[1]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "abcabc", "bc", 1), "[4]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "aaa", "aa", 1), "[1]");  // places may overlap
  EXPECT_EQ(of_texts(VM_OP_str_find, "abc", "abc", 1), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "abc", "abcd"), "[-1]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "abc", "B"), "[-1]");
  EXPECT_EQ(of_texts(VM_OP_str_find,
                     "\xc3\xa4"
                     "b",
                     "b"),
            "[2]");  // in bytes
  EXPECT_EQ(of_texts(VM_OP_str_find, "abc", ""), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "abc", "", 1), "[3]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "", "", 1), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_find, "", "a"), "[-1]");
}

TEST(Interp, StartsAndEnds) {
  EXPECT_EQ(of_texts(VM_OP_str_starts, "/etc/passwd", "/etc"), "[1]");
  EXPECT_EQ(of_texts(VM_OP_str_starts, "/etc", "/etc/"), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_starts, "", ""), "[1]");
  EXPECT_EQ(of_texts(VM_OP_str_ends, "lib.so", ".so"), "[1]");
  EXPECT_EQ(of_texts(VM_OP_str_ends, "lib.so.6", ".so"), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_ends, "o", ".so"), "[0]");
  EXPECT_EQ(of_texts(VM_OP_str_ends, "a", ""), "[1]");
}

// What an instruction makes of a text: another one.
std::string remade(vm_opcode op, const std::string& text, int64_t imm, int64_t start = 0,
                   int64_t end = 0) {
  ProgramMaker maker;
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal(text));
  maker.add(VM_OP_ldk, 2, 0, 0, maker.constant(start));
  maker.add(VM_OP_ldk, 3, 0, 0, maker.constant(end));
  maker.add(op, 1, 0, 1, imm);  // in the place of the old one
  maker.send_text(1);
  maker.add(VM_OP_exit);
  return run_text(maker);
}

TEST(Interp, PartsOfText) {
  const auto part = [](int64_t start, int64_t end, int most = 64) {
    return remade(VM_OP_str_sub, "abcdef", most, start, end);
  };
  EXPECT_EQ(part(1, 3), R"(["bc"])");
  EXPECT_EQ(part(0, 6), R"(["abcdef"])");
  EXPECT_EQ(part(4, 100), R"(["ef"])");
  EXPECT_EQ(part(-5, 2), R"(["ab"])");
  EXPECT_EQ(part(3, 2), R"([""])");
  EXPECT_EQ(part(9, 20), R"([""])");
  EXPECT_EQ(part(INT64_MIN, INT64_MAX), R"(["abcdef"])");
  EXPECT_EQ(part(INT64_MAX, INT64_MIN), R"([""])");
  EXPECT_EQ(part(1, 4, 3), R"(["bcd"])");
  EXPECT_EQ(part(1, 4, 2), R"(["bc"])" + fault(VM_FAULT_string_cut, 3));
  EXPECT_EQ(part(1, 4, 0), R"([""])" + fault(VM_FAULT_string_cut, 3));
}

TEST(Interp, CaseAndWhiteSpace) {
  const auto trim = [](const std::string& text, int sides) {
    return remade(VM_OP_str_trim, text, 64 | sides << 16);
  };
  EXPECT_EQ(remade(VM_OP_str_lower, "@AZ[`az{\xc3\x84", 64), "[\"@az[`az{\xc3\x84\"]");
  EXPECT_EQ(remade(VM_OP_str_upper, "@AZ[`az{\xc3\xa4", 64), "[\"@AZ[`AZ{\xc3\xa4\"]");
  EXPECT_EQ(remade(VM_OP_str_upper, "abc", 2), R"(["AB"])" + fault(VM_FAULT_string_cut, 3));
  EXPECT_EQ(trim(" \t\n\v\f\ra b \n", 3), R"(["a b"])");
  EXPECT_EQ(trim("  a ", 1), R"(["a "])");
  EXPECT_EQ(trim("  a ", 2), R"(["  a"])");
  EXPECT_EQ(trim("   ", 1), R"([""])");
  EXPECT_EQ(trim("   ", 2), R"([""])");
  EXPECT_EQ(trim("", 3), R"([""])");
}

TEST(Interp, NullStringsInSearchesAndCopies) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0, 0, 0, -1);
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal("ab"));
  maker.add(VM_OP_str_find, 2, 1, 0, 1);
  maker.send_int(2);
  maker.add(VM_OP_str_find, 2, 0, 1);
  maker.send_int(2);
  maker.add(VM_OP_str_ends, 2, 0, 0);
  maker.send_int(2);
  maker.add(VM_OP_str_len, 2, 0);
  maker.send_int(2);
  maker.add(VM_OP_str_lower, 2, 8, 0, 64);
  maker.send_text(2);
  maker.add(VM_OP_exit);
  EXPECT_EQ(run_text(maker), "[2][-1][1][0][null]");
}

TEST(Interp, RandomNumbersComeFromTheEvent) {
  Event event;
  const auto between = [&](int64_t b, int64_t c) {
    ProgramMaker maker;
    maker.add(VM_OP_ldk, 1, 0, 0, maker.constant(b));
    maker.add(VM_OP_ldk, 2, 0, 0, maker.constant(c));
    maker.add(VM_OP_rand, 0, 1, 2);
    maker.send_int(0);
    maker.add(VM_OP_exit);
    return run_text(maker, event);
  };
  EXPECT_EQ(between(-3, 7), "[-3]");
  event.random = [] { return 10; };
  EXPECT_EQ(between(-3, 7), "[7]");
  EXPECT_EQ(between(7, -3), "[7]");
  EXPECT_EQ(between(-3, 6), "[-3]");
  EXPECT_EQ(between(5, 5), "[5]");
  event.random = [] { return UINT64_MAX; };
  EXPECT_EQ(between(INT64_MIN, INT64_MAX), "[9223372036854775807]");
}

TEST(Interp, ATrapDropsTheRowUnderWay) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  maker.send_int(0);
  maker.add(VM_OP_row_begin, 0, 0, 0, maker.site({Raw::word}));
  maker.add(VM_OP_trap, 0, 0, 0, VM_FAULT_no_item);
  EXPECT_EQ(run_text(maker), "[0]" + fault(VM_FAULT_no_item, 5));
}

TEST(Interp, CountsByKey) {
  ProgramMaker maker;
  const int keyed = maker.map({{"n", As::integer, 8, 8, true}, {"c", As::string, 16, 8, false}}, 2);
  const int cell = maker.map({}, 0);
  maker.add(VM_OP_key_zero, 0, 0, 0, 32);
  maker.add(VM_OP_ldi, 0, 0, 0, 7);
  maker.add(VM_OP_key_int, 0, 0, 0, 8);
  maker.add(VM_OP_key_null, 0, 0, 0, 0);
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal("eight by"));
  maker.add(VM_OP_key_str, 1, 0, 0, 16 | 8 << 16);
  maker.add(VM_OP_count, 0, 0, 2, keyed);
  maker.add(VM_OP_count_cell, 0, 0, 0, cell);
  maker.add(VM_OP_str_lit, 1, 0, 0, maker.literal("too long by some"));
  maker.add(VM_OP_key_str, 1, 0, 0, 16 | 8 << 16);
  maker.add(VM_OP_exit);
  Effects effects;
  EXPECT_EQ(run_text(maker, {}, &effects), fault(VM_FAULT_string_cut, 9));
  ASSERT_EQ(effects.counts.size(), 2u);
  const auto& [where, count] = *effects.counts.begin();
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(where.second.size(), 32u);
  const Record key = decode_key(maker.program().maps[0], where.second, {});
  EXPECT_EQ(show(Value(key)), R"({n: null, c: "eight by"})");
  EXPECT_EQ((effects.counts[{1, {}}]), 1u);
}

TEST(Interp, RowHeader) {
  ProgramMaker maker;
  maker.add(VM_OP_ld_time, 0);
  maker.send_int(0);
  maker.add(VM_OP_exit);
  Event event;
  event.pid = 10;
  event.tid = 11;
  event.cpu = 3;
  event.time = 99;
  event.comm = "a name of more than fifteen";
  Effects effects;
  EXPECT_EQ(run_text(maker, event, &effects), "[99]");
  vm_row header;
  std::memcpy(&header, effects.rows.at(0).data(), sizeof header);
  EXPECT_EQ(header.pid, 10u);
  EXPECT_EQ(header.tid, 11u);
  EXPECT_EQ(header.cpu, 3u);
  EXPECT_EQ(header.time, 99u);
  EXPECT_STREQ(reinterpret_cast<const char*>(header.comm), "a name of more ");
}

TEST(Interp, TextLeavesRoomForWords) {
  ProgramMaker maker;
  std::vector<Raw> fields(VM_ROW_FIELDS_MAX, Raw::word);
  for (int i = 0; i < 3; ++i) fields[static_cast<size_t>(i)] = Raw::text;
  const int site = maker.site(fields);
  maker.add(VM_OP_ldi, 0, 0, 0, 0x1000);
  maker.add(VM_OP_str_read, 1, 0, 0, 4096);
  maker.add(VM_OP_row_begin, 0, 0, 0, site);
  for (int i = 0; i < 3; ++i) maker.add(VM_OP_row_str, 1);
  for (int i = 3; i < VM_ROW_FIELDS_MAX; ++i) maker.add(VM_OP_row_int, 0);
  maker.add(VM_OP_row_send);
  maker.add(VM_OP_exit);
  Effects effects;
  run_text(maker, Memory::with(std::string(4000, 'x') + '\0'), &effects);
  ASSERT_EQ(effects.rows.size(), 1u);
  // 8 + 4000, then 8 + what is left of 7680, then 8 and nothing.
  EXPECT_EQ(effects.rows[0].size(), sizeof(vm_row) + 7680 + 8 + 61 * sizeof(uint64_t));
  EXPECT_EQ(effects.faults,
            (std::vector<FaultAt>{{VM_FAULT_string_cut, 4}, {VM_FAULT_string_cut, 5}}));
}

TEST(Interp, FaultDropsTheRowUnderWay) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  maker.send_int(0);
  maker.add(VM_OP_row_begin, 0, 0, 0, maker.site({Raw::word}));
  maker.add(VM_OP_div, 1, 0, 0);
  maker.add(VM_OP_row_int, 1);
  maker.add(VM_OP_row_send);
  maker.add(VM_OP_exit);
  EXPECT_EQ(run_text(maker), "[0]" + fault(VM_FAULT_divide_by_zero, 5));
}

TEST(Interp, Fuel) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  maker.add(VM_OP_exit);
  maker.program().fuel = 2;
  Effects effects;
  EXPECT_EQ(run_text(maker, {}, &effects), "");
  EXPECT_EQ(effects.steps, 2u);
  maker.program().fuel = 1;
  EXPECT_EQ(run_text(maker), fault(VM_FAULT_fuel, 1));

  ProgramMaker endless;
  endless.add(VM_OP_jmp, 0, 0, 0, 0);
  EXPECT_EQ(run_text(endless), fault(VM_FAULT_fuel, 0));
}

TEST(Interp, StringStepsCostTheirBytes) {
  ProgramMaker maker;
  const int64_t text = maker.literal(std::string(128, 'x'));
  maker.add(VM_OP_str_lit, 0, 0, 0, text);            // 1 + 2
  maker.add(VM_OP_str_eqk, 1, 0, 0, text);            // 1 + 2
  maker.add(VM_OP_str_cmp, 1, 0, 0);                  // 1 + 2
  maker.add(VM_OP_key_str, 0, 0, 0, 256 << 16);       // 1 + 4
  maker.add(VM_OP_str_find, 1, 0, 0, 0);              // 1 + 4
  maker.add(VM_OP_str_ends, 1, 0, 0);                 // 1 + 2
  maker.add(VM_OP_str_lower, 0, 0, 0, 100);           // 1 + 1
  maker.add(VM_OP_str_trim, 0, 0, 0, 100 | 1 << 16);  // 1 + 1 + 1
  maker.send_text(0);                                 // 1, 1 + 1, 1
  maker.add(VM_OP_exit);                              // 1
  Effects effects;
  run_text(maker, {}, &effects);
  EXPECT_EQ(effects.steps, 32u);
  maker.program().fuel = 3;  // spent by the first instruction, found by the second
  EXPECT_EQ(run_text(maker), fault(VM_FAULT_fuel, 1));
}

}  // namespace
}  // namespace bytecode
