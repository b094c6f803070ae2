#include "bytecode/lower/assembler.hpp"

#include <gtest/gtest.h>

namespace bytecode {
namespace {

TEST(Assembler, ResolvesJumpsBothWays) {
  Assembler code;
  Assembler::Label forward = code.new_label(), back = code.new_label();
  code.bind(back);
  code.jump(VM_OP_jz, 3, forward);
  code.branch(VM_OP_jeqi, 4, -5, back);
  for (int i = 0; i < 300; ++i) code.load(0, 1);
  code.bind(forward);
  code.branch(VM_OP_jgti, 4, 7, forward);
  Program program;
  EXPECT_TRUE(code.finish(program).empty());
  EXPECT_EQ(program.code[0].imm, 302);
  EXPECT_EQ(program.code[1].b, 0);
  EXPECT_EQ(program.code[1].imm, -5);
  EXPECT_EQ(program.code[302].b, 302 & 0xff);
  EXPECT_EQ(program.code[302].c, 302 >> 8);
}

TEST(Assembler, SharesConstantsAndFillsTextWithZeros) {
  Assembler code;
  code.load(0, int64_t{1} << 40);
  code.load(1, int64_t{1} << 40);
  int32_t text = code.literal("abc");
  EXPECT_EQ(code.literal("abc"), text);
  int32_t block = code.literal(std::string(64, 'x'));
  Program program;
  EXPECT_TRUE(code.finish(program).empty());
  EXPECT_EQ(program.code[0].op, VM_OP_ldk);
  EXPECT_EQ(program.code[0].imm, program.code[1].imm);
  EXPECT_EQ(text >> 16, 3);
  EXPECT_EQ(text & 0xffff, 8);
  EXPECT_EQ(block & 0xffff, 8 + 64);
  EXPECT_EQ(program.pool.size(), 8u + 64 + 128) << "a text of 64 bytes has a whole block of zeros";
}

TEST(Assembler, PinnedBlocksStay) {
  Assembler code;
  EXPECT_EQ(code.take_blocks(63), 0);
  EXPECT_EQ(code.take_blocks(64), 1) << "63 bytes and a NUL fill one block";
  EXPECT_EQ(code.blocks(), 3u);
  code.pin_blocks();
  code.take_blocks(1);
  code.release_blocks(0);
  EXPECT_EQ(code.blocks(), 3u);
}

TEST(Assembler, LimitsAreReachedAndPassed) {
  for (bool past : {false, true}) {
    Assembler code;
    code.take_registers(VM_REGS + past);
    for (int i = 0; i < VM_HEAP_BLOCKS + past; ++i) code.take_blocks(1);
    for (int i = 0; i < VM_CODE_MAX + past; ++i) code.emit(VM_OP_exit);
    for (int i = 0; i < VM_POOL_BYTES / VM_BLOCK + past; ++i) code.literal(std::to_string(i));
    Program program;
    EXPECT_EQ(code.finish(program).size(), past ? 4u : 0u);
  }
}

}  // namespace
}  // namespace bytecode
