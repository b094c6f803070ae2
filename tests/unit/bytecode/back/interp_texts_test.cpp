// Texts in the heap: made, compared, searched, changed.
#include "interp_runner.hpp"

namespace bytecode {
namespace {

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

}  // namespace
}  // namespace bytecode
