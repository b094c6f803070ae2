// Numbers, branches, the context, rows, counts and fuel.
#include "interp_runner.hpp"

namespace bytecode {
namespace {

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
