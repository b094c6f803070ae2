// That every program loads, and what one run leaves behind: its row, its counts, its faults.
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>

#include "tests/kernel/agreement.hpp"
#include "tests/kernel/assemble.hpp"
#include "tests/kernel/kernel_engine.hpp"
#include "tests/kernel/kernel_vm.hpp"
#include "tests/kernel/text_agreement.hpp"

namespace kernel_tests {
namespace {

class Loads : public testing::TestWithParam<const char*> {};

TEST_P(Loads, Alone) {
  auto vm = KernelVm::load({.programs = {GetParam()}});
  ASSERT_TRUE(vm) << vm.error().message << ": " << vm.error().detail;
}

INSTANTIATE_TEST_SUITE_P(Program, Loads,
                         testing::Values("vm_tracepoint", "vm_raw_tp", "vm_kprobe", "vm_uprobe",
                                         "vm_perf_event"));

class Run : public testing::Test {
 protected:
  void SetUp() override {
    auto vm = KernelVm::load({});
    ASSERT_TRUE(vm) << vm.error().message << ": " << vm.error().detail;
    vm_ = std::move(*vm);
  }

  int run(std::vector<uint64_t> context = {}) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(context.data());
    return vm_->test_run({bytes, context.size() * sizeof(uint64_t)});
  }

  std::unique_ptr<KernelVm> vm_;
};

TEST_F(Run, ARowArrivesWithItsHeader) {
  prctl(PR_SET_NAME, "vm-run-test");
  vm_->place(0,
             assemble({insn(VM_OP_ld_ctx, 1, 8, 0, 8), insn(VM_OP_ldi, 2, 0, 0, -5),
                       insn(VM_OP_add, 3, 1, 2), insn(VM_OP_row_begin), insn(VM_OP_row_int, 3),
                       insn(VM_OP_row_null, 3, 0, 0, 4), insn(VM_OP_row_send), insn(VM_OP_exit)}));
  vm_->probe(0).banks[0].generation = 7;
  ASSERT_EQ(run({1, 105}), 0);
  const auto rows = vm_->take_rows();
  ASSERT_EQ(rows.size(), 1u);
  vm_row header;
  ASSERT_EQ(rows[0].size(), sizeof header + 8);
  std::memcpy(&header, rows[0].data(), sizeof header);
  uint64_t value;
  std::memcpy(&value, rows[0].data() + sizeof header, sizeof value);
  EXPECT_EQ(value, 100u);
  EXPECT_EQ(header.generation, 7u);
  EXPECT_EQ(header.slot, 0);
  EXPECT_EQ(header.site, 0);
  EXPECT_EQ(header.length, 8u);
  EXPECT_EQ(header.nulls, 1u << 4);
  EXPECT_EQ(header.pid, static_cast<uint32_t>(getpid()));
  EXPECT_STREQ(reinterpret_cast<const char*>(header.comm), "vm-run-test");
  EXPECT_GT(header.time, 0u);
  const vm_stats stats = vm_->stats(0);
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.rows, 1u);
  EXPECT_EQ(stats.lost, 0u);
  EXPECT_EQ(vm_->busy_slots(), 0u);
}

// Bytes from the start of task_struct, as this kernel's BTF says; 0 where it does not.
int32_t task_member(std::string_view name) {
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) return 0;
  int32_t offset = 0;
  const int id = btf__find_by_name_kind(types, "task_struct", BTF_KIND_STRUCT);
  const btf_type* type = id > 0 ? btf__type_by_id(types, static_cast<uint32_t>(id)) : nullptr;
  for (uint32_t i = 0; type != nullptr && i < btf_vlen(type); ++i)
    if (btf__name_by_offset(types, btf_members(type)[i].name_off) == name)
      offset = static_cast<int32_t>(btf_member_bit_offset(type, i) / 8);
  btf__free(types);
  return offset;
}

TEST_F(Run, TheTaskIsOursAndHasAParentAndAGroup) {
  const int32_t tgid = task_member("tgid"), parent = task_member("real_parent");
  if (tgid == 0 || parent == 0) GTEST_SKIP() << "this kernel has no BTF";
  vm_->place(0, assemble({insn(VM_OP_ld_task, 1), insn(VM_OP_ld_mem, 2, 1, 4, tgid),
                          insn(VM_OP_ld_mem, 4, 1, 8, parent), insn(VM_OP_ld_mem, 6, 4, 4, tgid),
                          insn(VM_OP_ld_cgroup, 8), insn(VM_OP_ld_site, 9), insn(VM_OP_row_begin),
                          insn(VM_OP_row_int, 2), insn(VM_OP_row_int, 6), insn(VM_OP_row_int, 8),
                          insn(VM_OP_row_int, 9), insn(VM_OP_row_send), insn(VM_OP_exit)}));
  ASSERT_EQ(run(), 0);
  const auto rows = vm_->take_rows();
  ASSERT_EQ(rows.size(), 1u);
  uint64_t values[4];
  ASSERT_EQ(rows[0].size(), sizeof(vm_row) + sizeof values);
  std::memcpy(values, rows[0].data() + sizeof(vm_row), sizeof values);
  EXPECT_EQ(values[0], static_cast<uint64_t>(getpid()));
  EXPECT_EQ(values[1], static_cast<uint64_t>(getppid()));
  EXPECT_NE(values[2], 0u);
  EXPECT_EQ(values[3], 0u);
}

TEST_F(Run, CountsAddUp) {
  vm_->place(
      0, assemble({insn(VM_OP_ld_ctx, 1, 8), insn(VM_OP_key_int, 1), insn(VM_OP_count, 0, 0, 0, 0),
                   insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_exit)}));
  for (uint64_t key : {3, 4, 3, 3}) ASSERT_EQ(run({key}), 0);
  const auto counts = vm_->take_counts(0, 0);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.at({3, 0, 0, 0, 0, 0, 0, 0}), 3u);
  EXPECT_EQ(counts.at({4, 0, 0, 0, 0, 0, 0, 0}), 1u);
  EXPECT_EQ(vm_->take_cell(1), 4u);
}

TEST_F(Run, AFaultThatEndsTheRunDropsTheRow) {
  vm_->place(0,
             assemble({insn(VM_OP_ldi, 1, 0, 0, 0), insn(VM_OP_row_begin), insn(VM_OP_div, 2, 1, 1),
                       insn(VM_OP_row_int, 2), insn(VM_OP_row_send), insn(VM_OP_exit)}));
  vm_->probe(0).banks[0].generation = 2;
  ASSERT_EQ(run(), 0);
  ASSERT_EQ(run(), 0);
  EXPECT_TRUE(vm_->take_rows().empty());
  EXPECT_EQ(vm_->stats(0).faults[VM_FAULT_divide_by_zero], 2u);
  const auto faults = vm_->take_faults();
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults.begin()->first,
            (std::array<uint32_t, 4>{0, 2, 2, uint32_t{VM_FAULT_divide_by_zero}}));
  EXPECT_EQ(faults.begin()->second, 2u);
}

TEST_F(Run, AnEndlessLoopSpendsItsFuel) {
  bytecode::Program program = assemble({insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_jmp)});
  program.fuel = 1000;
  vm_->place(0, program);
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->take_cell(1), 500u);
  EXPECT_EQ(vm_->stats(0).faults[VM_FAULT_fuel], 1u);
}

TEST_F(Run, TheLargestFuelEndsToo) {
  bytecode::Program program = assemble({insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_jmp)});
  program.fuel = UINT32_MAX;
  vm_->place(0, program);
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->stats(0).faults[VM_FAULT_fuel], 1u);
}

TEST_F(Run, RowsThatFindNoRoomAreLost) {
  vm_->place(0, assemble({insn(VM_OP_ldi, 1, 0, 0, 9), insn(VM_OP_row_begin),
                          insn(VM_OP_row_int, 1), insn(VM_OP_row_send), insn(VM_OP_exit)}));
  const uint64_t runs = 20'000;  // of 72 bytes each, into 1 MB
  for (uint64_t i = 0; i < runs; ++i) ASSERT_EQ(run(), 0);
  const vm_stats stats = vm_->stats(0);
  EXPECT_EQ(stats.rows, runs);
  EXPECT_GT(stats.lost, 0u);
  EXPECT_EQ(vm_->take_rows().size() + stats.lost, runs);
}

TEST_F(Run, AFullMapIsAFaultAndTheRunGoesOn) {
  auto vm = KernelVm::load({.map_entries = 4});
  ASSERT_TRUE(vm);
  vm_ = std::move(*vm);
  vm_->place(
      0, assemble({insn(VM_OP_ld_ctx, 1, 8), insn(VM_OP_key_int, 1), insn(VM_OP_count, 0, 0, 0, 0),
                   insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_exit)}));
  // More keys than the map and its rounding have room for.
  const uint64_t keys = 1000;
  for (uint64_t key = 0; key < keys; ++key) ASSERT_EQ(run({key}), 0);
  const uint64_t faults = vm_->stats(0).faults[VM_FAULT_map_full];
  EXPECT_GT(faults, 0u);
  EXPECT_EQ(vm_->take_counts(0, 0).size() + faults, keys);
  EXPECT_EQ(vm_->take_cell(1), keys);
}

TEST_F(Run, AProbeThatHidesUsCountsNoHit) {
  vm_->place(0, assemble({insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_exit)}));
  vm_probe& probe = vm_->probe(0);
  probe.filters = VM_FILTER_PIDS;
  probe.pid_count = 2;
  probe.pids[0] = static_cast<uint32_t>(getppid());
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->stats(0).hits, 0u);
  probe.pids[1] = static_cast<uint32_t>(getpid());
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->stats(0).hits, 1u);
  EXPECT_EQ(vm_->take_cell(1), 1u);
}

TEST_F(Run, TheActiveBankRuns) {
  vm_->place(0, assemble({insn(VM_OP_exit)}));
  vm_probe& probe = vm_->probe(0);
  vm_->place(0, assemble({insn(VM_OP_count_cell, 0, 0, 0, 1), insn(VM_OP_exit)}));
  probe.banks[2] = probe.banks[0];
  vm_->place(0, assemble({insn(VM_OP_exit)}));
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->take_cell(1), 0u);
  probe.active = 2;
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(vm_->take_cell(1), 1u);
}

class Agreement : public testing::Test {
 protected:
  void SetUp() override {
    auto vm = KernelVm::load({.ring_bytes = 1 << 24});
    ASSERT_TRUE(vm) << vm.error().message << ": " << vm.error().detail;
    vm_ = std::move(*vm);
    engine_ = std::make_unique<KernelEngine>(*vm_);
  }

  std::unique_ptr<KernelVm> vm_;
  std::unique_ptr<KernelEngine> engine_;
};

TEST_F(Agreement, RandomProgramsMeanWhatTheReferenceSays) { expect_agreement(*engine_, 2, 2000); }
TEST_F(Agreement, RandomTextsAreFoundWhereTheReferenceFindsThem) {
  expect_text_agreement(*engine_, 2, 4000);
}
TEST_F(Agreement, TheLongestTexts) { expect_longest_texts(*engine_); }
TEST_F(Agreement, EqualHashesDoNotDeceive) { expect_exact_search(*engine_); }

}  // namespace
}  // namespace kernel_tests
