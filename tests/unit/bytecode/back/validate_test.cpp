#include "bytecode/validate.hpp"

#include <gtest/gtest.h>

#include "program_maker.hpp"

namespace bytecode {
namespace {

void expect_accepted(const ProgramMaker& maker) {
  ProgramMaker copy = maker;
  const Status status = validate(copy.program());
  EXPECT_TRUE(status.ok()) << (status ? "" : status.error().message);
}

void expect_refused(const ProgramMaker& maker, const std::string& reason) {
  ProgramMaker copy = maker;
  const Status status = validate(copy.program());
  ASSERT_FALSE(status.ok()) << "expected: " << reason;
  EXPECT_NE(status.error().message.find(reason), std::string::npos) << status.error().message;
}

const KeyPart kScalar{"", As::integer, 0, 8, false};

TEST(Validate, Smallest) {
  ProgramMaker maker;
  expect_refused(maker, "there are no instructions");
  maker.add(VM_OP_exit);
  expect_accepted(maker);
}

TEST(Validate, NamesTheInstruction) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  maker.add(VM_OP_mov, 1, 64);
  maker.add(VM_OP_exit);
  expect_refused(maker, "instruction 1 (mov): there is no such register");
}

TEST(Validate, Limits) {
  ProgramMaker maker;
  for (int i = 0; i < VM_CODE_MAX - 1; ++i) maker.add(VM_OP_ldi, 0);
  maker.add(VM_OP_exit);
  expect_accepted(maker);
  maker.add(VM_OP_exit);
  expect_refused(maker, "too many instructions");

  ProgramMaker pool;
  pool.add(VM_OP_exit);
  pool.program().pool.resize(VM_POOL_BYTES);
  expect_accepted(pool);
  pool.program().pool.resize(VM_POOL_BYTES + 1);
  expect_refused(pool, "pool is too large");

  ProgramMaker fuel;
  fuel.add(VM_OP_exit);
  fuel.program().fuel = 0;
  expect_refused(fuel, "no fuel");
  fuel.program().fuel = VM_FUEL_MAX + 1;
  expect_refused(fuel, "too much fuel");
  fuel.program().fuel = VM_FUEL_MAX;
  expect_accepted(fuel);

  ProgramMaker fields;
  fields.add(VM_OP_exit);
  fields.site(std::vector<Raw>(VM_ROW_FIELDS_MAX, Raw::word));
  expect_accepted(fields);
  fields.site(std::vector<Raw>(VM_ROW_FIELDS_MAX + 1, Raw::word));
  expect_refused(fields, "row 1: the row has too many fields");
}

TEST(Validate, Spans) {
  ProgramMaker maker;
  maker.add(VM_OP_exit);
  maker.program().source = "{}";
  maker.program().spans = {{0, 2}};
  expect_accepted(maker);
  maker.program().spans = {{0, 3}};
  expect_refused(maker, "a span leaves the source");
  maker.program().spans = {};
  expect_refused(maker, "one span for each instruction");
}

TEST(Validate, Jumps) {
  ProgramMaker over;
  over.add(VM_OP_jmp, 0, 0, 0, 2);
  over.add(VM_OP_mov, 1, 2);  // not reached, so that nothing is asked of register 2
  over.add(VM_OP_exit);
  expect_accepted(over);

  ProgramMaker back;
  back.add(VM_OP_ldi, 0);
  back.add(VM_OP_addi, 0, 0, 0, 1);
  back.branch(VM_OP_jlti, 0, 10, 1);
  back.add(VM_OP_exit);
  expect_accepted(back);

  ProgramMaker out;
  out.add(VM_OP_jmp, 0, 0, 0, 1);
  expect_refused(out, "the jump leads out of the program");
  ProgramMaker before;
  before.add(VM_OP_jmp, 0, 0, 0, -1);
  expect_refused(before, "the jump leads out of the program");
  ProgramMaker branch;
  branch.add(VM_OP_ldi, 0);
  branch.branch(VM_OP_jeqi, 0, 0, 300);
  branch.add(VM_OP_exit);
  expect_refused(branch, "the jump leads out of the program");
}

TEST(Validate, BitsSizesAndBytes) {
  const auto one = [](vm_opcode op, int c, int64_t imm) {
    ProgramMaker maker;
    maker.add(VM_OP_ldi, 1, 0, 0, -1);
    maker.add(VM_OP_ldi, 2, 0, 0, -1);
    maker.add(op, 0, 1, c, static_cast<int>(imm));
    maker.add(VM_OP_exit);
    return maker;
  };
  expect_accepted(one(VM_OP_bits, 0, 63 | 1 << 8));
  expect_refused(one(VM_OP_bits, 0, 63 | 2 << 8), "not bits of a register");
  expect_refused(one(VM_OP_bits, 0, 0), "not bits of a register");
  expect_refused(one(VM_OP_bits, 0, 1 << 8 | 1 << 17), "not bits of a register");
  expect_accepted(one(VM_OP_bswap, 8, 0));
  expect_refused(one(VM_OP_bswap, 1, 0), "the size is none of 2, 4 and 8");
  expect_accepted(one(VM_OP_str_mem, 1, VM_STR_MAX - 1));
  expect_refused(one(VM_OP_str_mem, 1, VM_STR_MAX), "no string has such a size");
  expect_refused(one(VM_OP_str_mem, 1, 1 << 16), "no string has such a size");
  expect_refused(one(VM_OP_str_mem, 1, 1 | 2 << 16), "no string has such a size");
  expect_accepted(one(VM_OP_str_join, 1, VM_STR_MAX));
  expect_refused(one(VM_OP_str_join, 1, 0), "no string has such a size");
  expect_refused(one(VM_OP_str_join, 63, 8), "there is no such register");
  expect_refused(one(VM_OP_str_join, 2, 8), "register 3 is read before it is written");
}

TEST(Validate, RunsPastItsEnd) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  expect_refused(maker, "instruction 0 (ldi): the program can run past its end");
  ProgramMaker test;
  test.add(VM_OP_ldi, 0);
  test.add(VM_OP_jz, 0, 0, 0, 0);
  expect_refused(test, "instruction 1 (jz): the program can run past its end");
  ProgramMaker loop;  // never ends, and fuel ends it
  loop.add(VM_OP_jmp, 0, 0, 0, 0);
  expect_accepted(loop);
}

TEST(Validate, WrittenBeforeRead) {
  ProgramMaker one_way;
  one_way.add(VM_OP_ld_pid, 0);
  one_way.branch(VM_OP_jeqi, 0, 1, 3);
  one_way.add(VM_OP_ldi, 1);
  one_way.add(VM_OP_mov, 2, 1);  // register 1 is missing where the branch was taken
  one_way.add(VM_OP_exit);
  expect_refused(one_way, "instruction 3 (mov): register 1 is read before it is written");
  one_way.program().code[0] = {VM_OP_ld_pid, 0, 0, 0, 0};
  one_way.program().code[1] = {VM_OP_jeqi, 0, 4, 0, 1};
  expect_accepted(one_way);

  ProgramMaker loop;  // the second turn knows less than the first
  loop.add(VM_OP_ldi, 0);
  loop.add(VM_OP_str_comm, 1, 0);
  loop.add(VM_OP_str_eqk, 2, 1, 0, loop.literal("x"));
  loop.add(VM_OP_ldi, 1, 0, 0, 7);
  loop.add(VM_OP_jz, 0, 0, 0, 2);
  loop.add(VM_OP_exit);
  expect_refused(loop, "instruction 2 (str.eqk): register 1 does not hold a string");

  ProgramMaker memory;  // ld.mem writes two
  memory.add(VM_OP_ldi, 0);
  memory.add(VM_OP_ld_mem, 62, 0, 8);
  memory.add(VM_OP_mov, 0, 63);
  memory.add(VM_OP_exit);
  expect_accepted(memory);
  memory.program().code[1].a = 63;
  expect_refused(memory, "there is no such register");
}

TEST(Validate, Handles) {
  ProgramMaker maker;
  const int64_t text = maker.literal("bash");
  maker.add(VM_OP_ldi, 0, 0, 0, 5);
  maker.add(VM_OP_str_eqk, 1, 0, 0, text);
  maker.add(VM_OP_exit);
  expect_refused(maker, "instruction 1 (str.eqk): register 0 does not hold a string");
  maker.program().code[0].imm = -1;  // the null string
  expect_accepted(maker);
  maker.program().code[0] = {VM_OP_str_lit, 0, 255, 0, static_cast<vm_s32>(text)};
  expect_accepted(maker);
}

TEST(Validate, Heap) {
  ProgramMaker maker;
  maker.add(VM_OP_ldi, 0);
  maker.add(VM_OP_str_read, 1, 192, 0, 4096);
  maker.add(VM_OP_exit);
  expect_accepted(maker);
  maker.program().code[1].b = 193;
  expect_refused(maker, "the string does not fit the heap");
  maker.program().code[1] = {VM_OP_str_read, 1, 0, 0, 4097};
  expect_refused(maker, "no string has such a size");
  maker.program().code[1] = {VM_OP_str_ctx, 1, 255, 0, 64 << 16};
  expect_refused(maker, "the string does not fit the heap");  // its NUL is a 65th byte
  maker.program().code[1] = {VM_OP_str_loc, 1, 255, 0, 64 << 16};
  expect_accepted(maker);  // here the NUL is counted
}

TEST(Validate, Traps) {
  ProgramMaker maker;
  maker.add(VM_OP_row_begin, 0, 0, 0, maker.site({Raw::word}));
  maker.add(VM_OP_trap, 0, 0, 0, VM_FAULT_no_item);  // the row under way is dropped
  expect_accepted(maker);
  for (const int kind : {-1, 0, int{VM_FAULT_string_cut}, VM_FAULTS - 1, 256 + VM_FAULT_no_item}) {
    maker.program().code[1].imm = kind;
    expect_refused(maker, "instruction 1 (trap): no such fault ends the run");
  }
}

TEST(Validate, TextsMadeOfOthers) {
  ProgramMaker maker;
  maker.add(VM_OP_str_comm, 61, 0);
  maker.add(VM_OP_ldi, 62);
  maker.add(VM_OP_ldi, 63);
  maker.add(VM_OP_str_sub, 0, 192, 61, 4095);
  maker.add(VM_OP_str_trim, 1, 255, 0, 63 | 3 << 16);
  maker.add(VM_OP_str_lower, 2, 192, 1, 4095);
  maker.add(VM_OP_str_find, 3, 2, 61, 1);
  maker.add(VM_OP_str_len, 3, 2);
  maker.add(VM_OP_exit);
  expect_accepted(maker);
  const std::vector<vm_insn> good = maker.program().code;
  const auto refuse_at = [&](size_t index, vm_insn insn, const char* reason) {
    maker.program().code = good;
    maker.program().code[index] = insn;
    expect_refused(maker, "instruction " + std::to_string(index));
    expect_refused(maker, reason);
  };
  refuse_at(3, {VM_OP_str_sub, 0, 193, 61, 4095}, "the string does not fit the heap");
  refuse_at(3, {VM_OP_str_sub, 0, 0, 61, 4096}, "no string has such a size");
  refuse_at(3, {VM_OP_str_sub, 0, 0, 61, -1}, "no string has such a size");
  refuse_at(3, {VM_OP_str_sub, 0, 0, 62, 64}, "there is no such register");
  refuse_at(3, {VM_OP_str_sub, 0, 0, 10, 64}, "register 10 is read before it is written");
  refuse_at(4, {VM_OP_str_trim, 1, 255, 0, 64 | 3 << 16}, "the string does not fit the heap");
  refuse_at(4, {VM_OP_str_trim, 1, 0, 0, 63}, "the sides are none of 1, 2 and 3");
  refuse_at(4, {VM_OP_str_trim, 1, 0, 0, 63 | 4 << 16}, "the sides are none of 1, 2 and 3");
  refuse_at(5, {VM_OP_str_lower, 2, 0, 62, 64}, "register 62 does not hold a string");
  refuse_at(5, {VM_OP_str_upper, 64, 0, 1, 64}, "there is no such register");
  refuse_at(6, {VM_OP_str_find, 3, 2, 61, 2}, "the end is neither 0 nor 1");
  refuse_at(6, {VM_OP_str_find, 3, 2, 63, 0}, "register 63 does not hold a string");
  refuse_at(6, {VM_OP_str_starts, 3, 63, 2, 0}, "register 63 does not hold a string");
  refuse_at(7, {VM_OP_str_len, 3, 63, 0, 0}, "register 63 does not hold a string");
  refuse_at(7, {VM_OP_rand, 3, 62, 40, 0}, "register 40 is read before it is written");
}

TEST(Validate, Pool) {
  ProgramMaker maker;
  maker.add(VM_OP_ldk, 0, 0, 0, maker.constant(5));
  maker.add(VM_OP_exit);
  expect_accepted(maker);
  for (const int imm : {-8, 4, 8}) {
    maker.program().code[0].imm = imm;
    expect_refused(maker, "the constant is not within the pool");
  }

  ProgramMaker literal;
  literal.add(VM_OP_str_lit, 0, 0, 0, literal.literal(std::string(64, 'x')));
  literal.add(VM_OP_exit);
  expect_accepted(literal);
  literal.program().pool[127] = 1;
  expect_refused(literal, "the literal is not followed by zeros");
  literal.program().pool.pop_back();
  expect_refused(literal, "the literal is not within the pool");
}

TEST(Validate, Context) {
  ProgramMaker maker;
  maker.add(VM_OP_ld_ctx, 0, 4, 1, 16);
  maker.add(VM_OP_exit);
  expect_accepted(maker);
  maker.program().code[0].b = 3;
  expect_refused(maker, "the size is none of 1, 2, 4 and 8");
  maker.program().code[0] = {VM_OP_ld_ctx, 0, 4, 2, 16};
  expect_refused(maker, "the sign is neither 0 nor 1");
  maker.program().code[0] = {VM_OP_ld_ctx, 0, 4, 0, -4};
  expect_refused(maker, "the offset in the context is negative");
}

class ValidateRow : public testing::Test {
 protected:
  void SetUp() override {
    maker_.site({Raw::word, Raw::text});
    maker_.add(VM_OP_ldi, 0);
    maker_.add(VM_OP_str_comm, 1, 0);
    maker_.add(VM_OP_row_begin);
    maker_.add(VM_OP_row_int, 0);
    maker_.add(VM_OP_row_str, 1);
    maker_.add(VM_OP_row_null, 0, 0, 0, 1);
    maker_.add(VM_OP_row_send);
    maker_.add(VM_OP_exit);
    expect_accepted(maker_);
  }
  vm_insn& code(size_t index) { return maker_.program().code[index]; }
  ProgramMaker maker_;
};

TEST_F(ValidateRow, NoSuchSite) {
  code(2).imm = 1;
  expect_refused(maker_, "there is no such row");
}
TEST_F(ValidateRow, FieldLeftOut) {
  code(3) = {VM_OP_ldi, 5, 0, 0, 0};
  expect_refused(maker_, "instruction 4 (row.str): the row's next field is of the other kind");
  code(4) = {VM_OP_row_int, 0, 0, 0, 0};
  expect_refused(maker_, "instruction 6 (row.send): the row lacks fields");
}
TEST_F(ValidateRow, FieldTooMany) {
  code(5) = {VM_OP_row_int, 0, 0, 0, 0};
  expect_refused(maker_, "instruction 5 (row.int): the row has all its fields");
}
TEST_F(ValidateRow, NullBitOfNoField) {
  code(5).imm = 2;
  expect_refused(maker_, "the row has no such field");
}
TEST_F(ValidateRow, NotBegun) {
  code(2) = {VM_OP_ldi, 5, 0, 0, 0};
  expect_refused(maker_, "instruction 3 (row.int): no row is under way");
}
TEST_F(ValidateRow, BegunTwice) {
  code(5) = {VM_OP_row_begin, 0, 0, 0, 0};
  expect_refused(maker_, "another row is under way");
}
TEST_F(ValidateRow, NotSent) {
  code(6) = {VM_OP_ldi, 5, 0, 0, 0};
  expect_refused(maker_, "instruction 7 (exit): the run ends with a row under way");
}
TEST_F(ValidateRow, PathsMeet) {
  code(1) = {VM_OP_jz, 0, 0, 0, 3};  // to row.int, past row.begin
  expect_refused(maker_, "instruction 3 (row.int): paths meet here with different rows");
}
TEST_F(ValidateRow, OutputOfNoField) {
  maker_.program().rows[0].value.members[1].second.field = 2;
  expect_refused(maker_, "row 0: the value names a field that the row has not");
}
TEST_F(ValidateRow, OutputOfTheOtherKind) {
  maker_.program().rows[0].value.members[1].second.as = As::integer;
  expect_refused(maker_, "row 0: the value reads a field as what it is not");
}

class ValidateKey : public testing::Test {
 protected:
  void SetUp() override {
    maker_.map({{"a", As::integer, 8, 8, true}, {"c", As::string, 16, 16, false}}, 2);
    maker_.map({}, 0);
    maker_.map({kScalar}, 0);
    maker_.add(VM_OP_str_comm, 0, 0);
    maker_.add(VM_OP_ldi, 1);
    maker_.add(VM_OP_key_zero, 0, 0, 0, 8);
    maker_.add(VM_OP_key_int, 1, 0, 0, 8);
    maker_.add(VM_OP_key_str, 0, 0, 0, 16 | 16 << 16);
    maker_.add(VM_OP_key_null, 1, 0, 0, 0);
    maker_.add(VM_OP_count, 0, 0, 2, 0);
    maker_.add(VM_OP_count_cell, 0, 0, 0, 1);
    maker_.add(VM_OP_exit);
    expect_accepted(maker_);
  }
  vm_insn& code(size_t index) { return maker_.program().code[index]; }
  KeyPart& part(size_t index) { return maker_.program().maps[0].key[index]; }
  ProgramMaker maker_;
};

TEST_F(ValidateKey, CommNeedsNoString) {
  code(4) = {VM_OP_key_comm, 0, 0, 0, 16};
  expect_accepted(maker_);
}
TEST_F(ValidateKey, NotWrittenWhole) {
  code(4) = {VM_OP_key_int, 1, 0, 0, 16};
  expect_refused(maker_, "instruction 6 (count): the key is not written to the end of its class");
}
TEST_F(ValidateKey, NullBeforeItsWord) {
  code(2) = {VM_OP_ldi, 2, 0, 0, 0};
  expect_refused(maker_, "instruction 5 (key.null): the key's first word is not written");
}
TEST_F(ValidateKey, PlacesInTheKey) {
  code(3).imm = 4;
  expect_refused(maker_, "that is not a place in a key");
  code(3).imm = VM_KEY_MAX;
  expect_refused(maker_, "that is not a place in a key");
  code(3) = {VM_OP_key_comm, 0, 0, 0, VM_KEY_MAX - 8};
  expect_refused(maker_, "that is not a place in a key");
}
TEST_F(ValidateKey, MapOfTheInstruction) {
  code(6).c = 1;
  expect_refused(maker_, "the map's key is of another class");
  code(6) = {VM_OP_count, 0, 0, 0, 1};
  expect_refused(maker_, "the map has no key");
  code(6) = {VM_OP_count_cell, 0, 0, 0, 0};
  expect_refused(maker_, "the map has a key");
  code(6) = {VM_OP_count_cell, 0, 0, 0, 3};
  expect_refused(maker_, "there is no such map");
}
TEST_F(ValidateKey, PartsOverlap) {
  part(1).offset = 8;
  expect_refused(maker_, "map 0: the parts of the key overlap");
}
TEST_F(ValidateKey, PartOverNullBits) {
  part(0).offset = 0;
  expect_refused(maker_, "map 0: the parts of the key overlap");
}
TEST_F(ValidateKey, PartOfAWrongSize) {
  part(0).size = 16;
  expect_refused(maker_, "a size that is not its type's");
}
TEST_F(ValidateKey, Names) {
  part(1).name = "a";
  expect_refused(maker_, "two parts of the key have one name");
  part(1).name = "";
  expect_refused(maker_, "a part of the key has no name");
}
TEST_F(ValidateKey, Class) {
  maker_.program().maps[0].key_class = 1;
  expect_refused(maker_, "the key is longer than its class");
  maker_.program().maps[0].key_class = 3;
  expect_refused(maker_, "the key fits a smaller class");
  maker_.program().maps[0].key_class = 7;
  expect_refused(maker_, "the key is of no class");
}

}  // namespace
}  // namespace bytecode
