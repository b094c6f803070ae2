// Runs that are under way at once: on both CPUs, preempting each other on one, and interrupted by a
// sampling program. Every hit is run or counted as skipped, and none sees another's registers.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tests/kernel/assemble.hpp"
#include "tests/kernel/kernel_vm.hpp"
#include "vm.skel.h"

// The function that the uprobe sits on; its argument is the key.
extern "C" __attribute__((noinline)) void vm_concurrency_target(uint64_t key) {
  asm volatile("" : : "r"(key) : "memory");
}

namespace kernel_tests {
namespace {

// Adds up the numbers from 1 to `turns` beside its thread's own number, and counts under the sum of
// both: a run whose registers another one touched counts under a key that nobody expects.
bytecode::Program sum_program(int32_t turns, vm_insn load_key) {
  bytecode::Program program = assemble({
      load_key,                            // 0: r1 = key
      insn(VM_OP_ldi, 2, 0, 0, turns),     // 1
      insn(VM_OP_ldi, 3, 0, 0, 0),         // 2
      insn(VM_OP_add, 3, 3, 2),            // 3: loop
      insn(VM_OP_add, 4, 3, 1),            // 4
      insn(VM_OP_addi, 2, 2, 0, -1),       // 5
      branch(VM_OP_jgti, 2, 0, 3),         // 6
      insn(VM_OP_key_int, 4),              // 7
      insn(VM_OP_count, 0, 0, 0, 0),       // 8
      insn(VM_OP_count_cell, 0, 0, 0, 1),  // 9
      insn(VM_OP_exit),                    // 10
  });
  program.fuel = 1 << 20;
  return program;
}

// Adds up where "END" stands in its thread's own text in upper case, `turns` times over, and counts
// under the sum: what searches and copies keep in their scratch slot is no other run's either.
bytecode::Program search_program(int32_t turns) {
  constexpr std::string_view part = "END";
  bytecode::Program program = assemble({
      insn(VM_OP_ld_ctx, 1, 8),                                                // 0
      insn(VM_OP_str_read, 1, 0, 1, VM_STR_MAX),                               // 1
      insn(VM_OP_str_lit, 2, 64, 0, static_cast<int32_t>(part.size() << 16)),  // 2
      insn(VM_OP_ldi, 3, 0, 0, turns),                                         // 3
      insn(VM_OP_ldi, 4),                                                      // 4
      insn(VM_OP_str_upper, 5, 128, 1, VM_STR_MAX - 1),                        // 5: loop
      insn(VM_OP_str_find, 6, 5, 2, 1),                                        // 6
      insn(VM_OP_add, 4, 4, 6),                                                // 7
      insn(VM_OP_addi, 3, 3, 0, -1),                                           // 8
      branch(VM_OP_jgti, 3, 0, 5),                                             // 9
      insn(VM_OP_key_int, 4),                                                  // 10
      insn(VM_OP_count, 0, 0, 0, 0),                                           // 11
      insn(VM_OP_exit),                                                        // 12
  });
  program.pool.assign(part.begin(), part.end());
  program.pool.resize(VM_BLOCK);
  program.fuel = 1 << 20;
  return program;
}

uint64_t sum_to(uint64_t turns) { return turns * (turns + 1) / 2; }

uint64_t key_number(const std::vector<uint8_t>& key) {
  uint64_t number;
  std::memcpy(&number, key.data(), sizeof number);
  return number;
}

unsigned online_cpus() {
  return static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

void stay_on(unsigned cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  sched_setaffinity(0, sizeof only, &only);
}

std::unique_ptr<KernelVm> load(std::vector<std::string_view> programs) {
  auto vm = KernelVm::load({.programs = std::move(programs)});
  if (!vm) {
    ADD_FAILURE() << vm.error().message << ": " << vm.error().detail;
    return nullptr;
  }
  return std::move(*vm);
}

// What all threads' runs must come to: `runs` under each thread's key, less those skipped.
void expect_exact(KernelVm& vm, uint32_t slot, uint32_t first_map, uint64_t threads, uint64_t runs,
                  uint64_t turns) {
  const vm_stats stats = vm.stats(slot);
  EXPECT_EQ(stats.hits, threads * runs);
  uint64_t total = 0;
  for (const auto& [key, count] : vm.take_counts(0, first_map)) {
    const uint64_t thread = key_number(key) - sum_to(turns);
    EXPECT_LT(thread, threads) << "a run with another one's registers";
    EXPECT_LE(count, runs);
    total += count;
  }
  EXPECT_EQ(total + stats.skipped, threads * runs);
  EXPECT_EQ(vm.take_cell(first_map + 1), total);
  EXPECT_TRUE(vm.take_faults().empty());
  EXPECT_EQ(vm.busy_slots(), 0u);
}

void run_threads(uint64_t threads, auto body) {
  std::vector<std::thread> all;
  for (uint64_t i = 0; i < threads; ++i) all.emplace_back(body, i);
  for (std::thread& thread : all) thread.join();
}

TEST(Concurrency, FourThreadsOfOneRawTracepointProgram) {
  const auto vm = load({"vm_raw_tp"});
  ASSERT_NE(vm, nullptr);
  constexpr uint64_t kThreads = 4, kRuns = 500;
  constexpr int32_t kTurns = 5000;
  vm->place(0, sum_program(kTurns, insn(VM_OP_ld_ctx, 1, 8)));
  const unsigned cpus = online_cpus();
  run_threads(kThreads, [&](uint64_t i) {
    stay_on(static_cast<unsigned>(i) % cpus);
    const auto* context = reinterpret_cast<const uint8_t*>(&i);
    for (uint64_t run = 0; run < kRuns; ++run) ASSERT_EQ(vm->test_run({context, sizeof i}), 0);
  });
  expect_exact(*vm, 0, 0, kThreads, kRuns, kTurns);
}

TEST(Concurrency, FourThreadsSearchTheirOwnTexts) {
  const auto vm = load({"vm_raw_tp"});
  ASSERT_NE(vm, nullptr);
  constexpr uint64_t kThreads = 4, kRuns = 200, kTurns = 100;
  vm->place(0, search_program(kTurns));
  const auto place = [](uint64_t thread) { return 100 + 700 * thread; };
  const unsigned cpus = online_cpus();
  run_threads(kThreads, [&](uint64_t i) {
    stay_on(static_cast<unsigned>(i) % cpus);
    const std::string text = std::string(place(i), 'e') + "end" + std::string(10 * i, 'x');
    const auto address = reinterpret_cast<uint64_t>(text.c_str());
    const auto* context = reinterpret_cast<const uint8_t*>(&address);
    for (uint64_t run = 0; run < kRuns; ++run) ASSERT_EQ(vm->test_run({context, 8}), 0);
  });
  const uint64_t skipped = vm->stats(0).skipped;
  uint64_t total = 0;
  const auto counts = vm->take_counts(0, 0);
  EXPECT_EQ(counts.size(), kThreads);
  for (uint64_t i = 0; i < kThreads; ++i) {
    const uint64_t number = kTurns * place(i);
    std::vector<uint8_t> key(sizeof number);
    std::memcpy(key.data(), &number, sizeof number);
    const auto count = counts.find(key);
    ASSERT_NE(count, counts.end()) << "thread " << i;
    total += count->second;
  }
  EXPECT_EQ(total + skipped, kThreads * kRuns);
  EXPECT_TRUE(vm->take_faults().empty());
  EXPECT_EQ(vm->busy_slots(), 0u);
}

TEST(Concurrency, FourThreadsOfOneUprobe) {
  const auto vm = load({"vm_uprobe"});
  ASSERT_NE(vm, nullptr);
  constexpr uint64_t kThreads = 4, kRuns = 1000;
  constexpr int32_t kTurns = 2000;
  constexpr uint32_t kSlot = 3, kFirstMap = 5;
#if defined(__x86_64__)
  constexpr int32_t kFirstArgument = 14 * 8;  // pt_regs: di
#else
  constexpr int32_t kFirstArgument = 0;  // user_pt_regs: x0
#endif
  vm->place(kSlot, sum_program(kTurns, insn(VM_OP_ld_ctx, 1, 8, 0, kFirstArgument)), kFirstMap);
  LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = kSlot, .func_name = "vm_concurrency_target");
  bpf_link* link = bpf_program__attach_uprobe_opts(vm->program("vm_uprobe"), getpid(),
                                                   "/proc/self/exe", 0, &options);
  ASSERT_NE(link, nullptr) << std::strerror(errno);
  const unsigned cpus = online_cpus();
  run_threads(kThreads, [&](uint64_t i) {
    stay_on(static_cast<unsigned>(i) % cpus);
    for (uint64_t run = 0; run < kRuns; ++run) vm_concurrency_target(i);
  });
  bpf_link__destroy(link);
  expect_exact(*vm, kSlot, kFirstMap, kThreads, kRuns, kTurns);
}

TEST(Concurrency, SamplesInterruptRuns) {
  const auto vm = load({"vm_raw_tp", "vm_perf_event"});
  ASSERT_NE(vm, nullptr);
  constexpr uint64_t kRuns = 200;
  constexpr int32_t kTurns = 50'000;
  constexpr uint32_t kSamples = 1, kSamplesMap = 5;
  vm->place(0, sum_program(kTurns, insn(VM_OP_ld_ctx, 1, 8)));
  vm->place(kSamples, sum_program(3, insn(VM_OP_ldi, 1, 0, 0, 0)), kSamplesMap);

  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = 50'000;  // ns
  const auto event =
      static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  ASSERT_GE(event, 0) << std::strerror(errno);
  LIBBPF_OPTS(bpf_perf_event_opts, options, .bpf_cookie = kSamples);
  bpf_link* link =
      bpf_program__attach_perf_event_opts(vm->program("vm_perf_event"), event, &options);
  ASSERT_NE(link, nullptr) << std::strerror(errno);

  const uint64_t key = 0;
  const auto* context = reinterpret_cast<const uint8_t*>(&key);
  for (uint64_t run = 0; run < kRuns; ++run) ASSERT_EQ(vm->test_run({context, sizeof key}), 0);
  ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
  bpf_link__destroy(link);

  const uint64_t samples = vm->stats(kSamples).hits;
  EXPECT_GT(samples, 0u);
  EXPECT_EQ(vm->stats(0).hits, kRuns);
  for (const auto& [key_bytes, count] : vm->take_counts(0, 0)) {
    EXPECT_EQ(key_number(key_bytes), sum_to(kTurns));
    EXPECT_EQ(count, kRuns);
  }
  for (const auto& [key_bytes, count] : vm->take_counts(0, kSamplesMap)) {
    EXPECT_EQ(key_number(key_bytes), sum_to(3));
    EXPECT_EQ(count, samples);
  }
  EXPECT_EQ(vm->busy_slots(), 0u);
}

}  // namespace
}  // namespace kernel_tests
