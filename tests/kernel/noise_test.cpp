// Whatever lies in a code map is harmless: 10,000 banks of noise run, and after each the rows are
// bounded and no scratch slot stays owned; at the end a good program still does what it should.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <span>

#include "bytecode/isa_table.hpp"
#include "tests/kernel/assemble.hpp"
#include "tests/kernel/kernel_vm.hpp"

namespace kernel_tests {
namespace {

class Noise {
 public:
  explicit Noise(uint64_t seed) : random_(seed) {}

  void fill(std::span<vm_u8> bytes) {
    for (vm_u8& byte : bytes) byte = static_cast<vm_u8>(random_());
  }

  // Every other bank is of plain noise, which ends at its first unknown opcode; the rest have known
  // opcodes, handles that are nearly right and short jumps, so that they run deep.
  void fill_code(vm_bank& bank, bool known) {
    fill({reinterpret_cast<vm_u8*>(bank.code), sizeof bank.code});
    if (!known) return;
    const auto table = bytecode::op_table();
    for (vm_insn& insn : bank.code) {
      const auto& info = table[random_() % table.size()];
      insn.op = static_cast<vm_u8>(info.op);
      if (random_() % 2 == 0) insn.a = insn.a % 4, insn.b = insn.b % 4, insn.c = insn.c % 8;
      if (random_() % 4 == 0) insn.imm &= 0x0fff0fff;
      if (info.op == VM_OP_exit && random_() % 16 != 0) insn.op = VM_OP_str_lit;
    }
  }

  uint64_t next() { return random_(); }

 private:
  std::mt19937_64 random_;
};

TEST(Noise, TenThousandBanksDoNoHarm) {
  auto loaded = KernelVm::load({.map_entries = 256});
  ASSERT_TRUE(loaded) << loaded.error().message << ": " << loaded.error().detail;
  KernelVm& vm = **loaded;
  const bytecode::Program good =
      assemble({insn(VM_OP_ld_ctx, 1, 8), insn(VM_OP_key_int, 1), insn(VM_OP_count),
                insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_row_begin), insn(VM_OP_row_int, 1),
                insn(VM_OP_row_send), insn(VM_OP_exit)});
  vm.place(0, good);
  // A map of every key class at the low slots, so that noise finds some.
  bytecode::Program every_class;
  for (uint8_t key_class = 0; key_class < VM_KEY_CLASS_COUNT; ++key_class) {
    bytecode::MapSpec& map = every_class.maps.emplace_back();
    map.key.emplace_back();
    map.key_class = key_class;
  }
  vm.place(0, every_class);

  Noise noise(20240229);
  vm_bank& bank = vm.probe(0).banks[0];
  uint64_t rows = 0, steps_seen = 0;
  for (int i = 0; i < 10'000; ++i) {
    noise.fill_code(bank, i % 2 == 1);
    if (i % 64 == 0) noise.fill(bank.pool);
    bank.fuel = 2000;
    vm_u8 context[96];
    noise.fill(context);
    ASSERT_EQ(vm.test_run(context), 0) << "bank " << i;
    for (const auto& row : vm.take_rows()) {
      vm_row header;
      ASSERT_GE(row.size(), sizeof header);
      ASSERT_LE(row.size(), sizeof header + VM_ROW_MAX) << "bank " << i;
      std::memcpy(&header, row.data(), sizeof header);
      ASSERT_EQ(row.size(), sizeof header + header.length) << "bank " << i;
      ++rows;
    }
    if (i % 1000 == 0) {
      steps_seen += vm.take_faults().size();
      ASSERT_EQ(vm.busy_slots(), 0u) << "bank " << i;
    }
  }
  const vm_stats stats = vm.stats(0);
  EXPECT_EQ(stats.hits, 10'000u);
  EXPECT_EQ(stats.skipped, 0u);
  EXPECT_EQ(stats.rows, rows + stats.lost);
  // That the noise went deep, not just to its first instruction.
  EXPECT_GT(rows, 0u);
  EXPECT_GT(steps_seen, 0u);
  EXPECT_GT(stats.faults[VM_FAULT_bad_read], 0u);
  EXPECT_GT(stats.faults[VM_FAULT_fuel], 0u);

  for (uint8_t key_class = 0; key_class < VM_KEY_CLASS_COUNT; ++key_class)
    vm.take_counts(key_class, key_class);
  vm.take_cell(1);
  vm.take_counts(0, 0);
  vm.place(0, good);
  const uint64_t key = 77;
  ASSERT_EQ(vm.test_run({reinterpret_cast<const uint8_t*>(&key), sizeof key}), 0);
  const auto counts = vm.take_counts(0, 0);
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts.begin()->second, 1u);
  EXPECT_EQ(vm.take_cell(1), 1u);
  EXPECT_EQ(vm.take_rows().size(), 1u);
}

}  // namespace
}  // namespace kernel_tests
