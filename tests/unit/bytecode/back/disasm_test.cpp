#include "bytecode/disasm.hpp"

#include <gtest/gtest.h>

#include "bytecode/isa_table.hpp"
#include "program_maker.hpp"

namespace bytecode {
namespace {

TEST(Disasm, AProgram) {
  ProgramMaker maker;
  maker.map({{"c", As::string, 0, 16, false}, {"n", As::integer, 16, 8, true}}, 2, "opens");
  maker.map({}, 0);
  maker.add(VM_OP_ld_ctx, 0, 4, 1, 16);
  maker.branch(VM_OP_jgti, 0, 1000, 5);
  maker.add(VM_OP_str_lit, 1, 2, 0, maker.literal("a\"b\n"));
  maker.add(VM_OP_ldk, 2, 0, 0, maker.constant(5000000000));
  maker.add(VM_OP_ld_mem, 3, 2, 8 | VM_SIGNED, -8);
  maker.send_text(1);
  maker.add(VM_OP_count, 0, 0, 2, 0);
  maker.add(VM_OP_count_cell, 0, 0, 0, 1);
  maker.add(VM_OP_exit);
  Program& program = maker.program();
  program.rows[0].event_type = "big";
  program.source = "{ $ctx.fd  >\n 1000 }";
  program.spans[1] = {2, 18};
  program.spans[2] = {2, 18};
  EXPECT_EQ(disassemble(program),
            R"(   0  ld.ctx      r0, ctx[16], i32
   1  jgti        r0, 1000, @5                  ; $ctx.fd > 1000
   2  str.lit     r1, heap[2], "a\"b\n"
   3  ldk         r2, 5000000000
   4  ld.mem      r3, mem[r2 + -8], i64
   5  row.begin   row 0
   6  row.str     r1
   7  row.send
   8  count       map 0, class 2
   9  count.cell  map 1
  10  exit
row 0: custom "big" (text) = [#0 string]
map 0: count "opens", key of 32 bytes: c string at 0 of 16, n int at 16 or null
map 1: count, no key
)");
}

TEST(Disasm, TextInstructions) {
  ProgramMaker maker;
  maker.add(VM_OP_rand, 1, 2, 3);
  maker.add(VM_OP_str_len, 1, 2);
  maker.add(VM_OP_str_find, 1, 2, 3, 0);
  maker.add(VM_OP_str_find, 1, 2, 3, 1);
  maker.add(VM_OP_str_sub, 1, 9, 3, 64);
  maker.add(VM_OP_str_upper, 1, 9, 3, 64);
  maker.add(VM_OP_str_trim, 1, 9, 3, 64 | 1 << 16);
  maker.add(VM_OP_str_trim, 1, 9, 3, 64 | 3 << 16);
  maker.add(VM_OP_trap, 0, 0, 0, VM_FAULT_no_item);
  maker.add(VM_OP_trap, 0, 0, 0, 77);
  EXPECT_EQ(disassemble(maker.program()),
            R"(   0  rand        r1, r2, r3
   1  str.len     r1, r2
   2  str.find    r1, r2, r3, first
   3  str.find    r1, r2, r3, last
   4  str.sub     r1, heap[9], r3[r4 to r5], 64
   5  str.upper   r1, heap[9], r3, 64
   6  str.trim    r1, heap[9], r3, 64, start
   7  str.trim    r1, heap[9], r3, 64, start, end
   8  trap        no_item
   9  trap        77?
)");
}

TEST(Disasm, LongSourceIsNotCutWithinACharacter) {
  ProgramMaker maker;
  maker.add(VM_OP_exit);
  maker.program().source = std::string(44, 'a') + "\u00b5" + std::string(10, 'b');
  maker.program().spans[0] = {0, static_cast<uint32_t>(maker.program().source.size())};
  const std::string text = disassemble(maker.program());
  EXPECT_NE(text.find(std::string(44, 'a') + "..."), std::string::npos) << text;
}

TEST(Disasm, EveryOpcodeHasItsName) {
  for (const OpInfo& row : op_table()) {
    ProgramMaker maker;
    maker.add(row.op);
    EXPECT_NE(disassemble(maker.program()).find("  " + std::string(row.text)), std::string::npos);
  }
}

TEST(Disasm, NeverReadsPastWhatItShows) {
  ProgramMaker maker;
  for (const vm_opcode op : {VM_OP_ldk, VM_OP_str_lit, VM_OP_str_eqk})
    maker.add(op, 255, 255, 255, -1);
  maker.program().code.push_back({255, 0, 0, 0, 0});
  maker.program().spans[0] = {5, 500};
  EXPECT_EQ(disassemble(maker.program()),
            "   0  ldk         r255, pool[4294967295]?\n"
            "   1  str.lit     r255, heap[255], pool[65535]?\n"
            "   2  str.eqk     r255, r255, pool[65535]?\n"
            "   3  ? 255\n");
}

}  // namespace
}  // namespace bytecode
