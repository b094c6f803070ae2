// Swapping a live closure: no hit missed, none run by a mixture, old rows by the old schema.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "host/kallsyms.hpp"
#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using bytecode::List;
using host::ProbeInfo;
using host::Row;

namespace {

TEST_F(SessionTest, SwapKeepsOldRowsReadable) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| {n: $ctx.arg0} }");
  session_hit(1, "one");
  must(session_.swap(probe.id, compile(uprobe(), "{|ctx| read-str $ctx.arg1 }")));
  session_hit(2, "two");
  const std::vector<Value> got = values();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], Value(Record{{"n", Value(int64_t{1})}}));
  EXPECT_EQ(got[1], Value("two"));
  EXPECT_EQ(session_.info(probe.id)->generation, 2u);
  EXPECT_EQ(session_.info(probe.id)->hits, 2u);
}

TEST_F(SessionTest, SwapGoesOnWithTheSameMapAndReplacesOneOfAnotherType) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| $ctx.arg0 | count m }");
  session_hit(1, "");
  must(session_.swap(probe.id, compile(uprobe(), "{|ctx| if true { $ctx.arg0 | count m } }")));
  session_hit(1, "");
  EXPECT_EQ(session_.maps().front().entries, 1u);
  EXPECT_EQ(session_.map_get("m").value().get_if<List>()->size(), 1u);
  must(session_.swap(probe.id, compile(uprobe(), "{|ctx| count m }")));
  session_hit(1, "");
  EXPECT_EQ(must(session_.map_get("m")), Value(int64_t{1}));
}

TEST_F(SessionTest, SwapInBurstsDoesNotRunOutOfBanks) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| 0 }");
  for (int64_t i = 1; i <= 20; ++i) {
    must(session_.swap(probe.id, compile(uprobe(), "{|ctx| " + std::to_string(i) + " }")));
    session_hit(0, "");
    EXPECT_EQ(values(), std::vector<Value>{Value(i)});
  }
  EXPECT_EQ(session_.info(probe.id)->generation, 21u);
}

// Whether the kernel skips hits of its own accord: never, or while another task is preempted in the
// program (host/kind_tracepoint.cpp).
enum class Skips { never, counted };

// Both closures put the same constant into both halves of a row and into a map's key. Were a hit
// run by a mixture, the halves would differ; were one lost by a swap, the sum would be short.
void swap_under_load(host::Session& session, const host::Target& target,
                     const bytecode::Program& first, const bytecode::Program& second,
                     const std::vector<uint32_t>& pids, Skips skips, void (*strike)()) {
  const ProbeInfo probe = must(session.attach(target, first, {.pids = pids}));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> struck = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      uint64_t own = 0;
      for (; !stop; ++own) strike();
      struck += own;
    });
  uint64_t rows = 0, mixed = 0;
  const auto sink = [&](Row&& row) {
    ++rows;
    const Record& pair = *row.value.get_if<Record>();
    if (pair[0].second != pair[1].second) ++mixed;
  };
  for (int i = 0; i < 20; ++i) {
    must(session.swap(probe.id, i % 2 == 0 ? second : first));
    session.drain(sink);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  while (session.drain(sink) != 0) {
  }
  const ProbeInfo info = *session.info(probe.id);
  EXPECT_EQ(mixed, 0u);
  EXPECT_GT(info.hits, 0u);
  EXPECT_EQ(info.hits + info.missed, struck.load());
  if (skips == Skips::never) {
    EXPECT_EQ(info.missed, 0u);
  }
  EXPECT_EQ(info.rows, info.hits);
  EXPECT_EQ(info.delivered, rows);
  EXPECT_EQ(info.rows, info.delivered + info.lost);
  int64_t counted = 0;
  const Value table = must(session.map_get("which"));
  for (const Value& row : *table.get_if<List>())
    counted += *row.get_if<Record>()->back().second.get_if<int64_t>();
  EXPECT_EQ(static_cast<uint64_t>(counted), info.hits);
  EXPECT_TRUE(info.faults.empty());
}

constexpr const char* first_closure = "{|ctx| 111 | count which; {a: 111, b: 111} }";
constexpr const char* second_closure =
    "{|ctx| let n = 200 + 22; $n | count which; let m = $n + 0; {a: $n, b: $m} }";

TEST_F(SessionTest, SwapUnderLoadOfAUprobe) {
  const host::Target target = uprobe();
  swap_under_load(session_, target, compile(target, first_closure), compile(target, second_closure),
                  {}, Skips::never, [] { session_hit(1, ""); });
}

// A system call that no other program makes: the kernel's count of skipped hits is of all of them.
TEST_F(SessionTest, SwapUnderLoadOfATracepoint) {
  const host::Target target = tracepoint("syscalls:sys_enter_sched_get_priority_max");
  const bool preemptible = host::Kallsyms().find("trace_call_bpf_faultable").has_value();
  swap_under_load(session_, target, compile(target, first_closure), compile(target, second_closure),
                  {static_cast<uint32_t>(getpid())}, preemptible ? Skips::counted : Skips::never,
                  [] { syscall(SYS_sched_get_priority_max, 0); });
}

// The way around such a kernel: it runs the programs of kprobes with preemption off.
TEST_F(SessionTest, SwapUnderLoadOfAKprobe) {
  const host::Target target =
      must(session_.resolve(host::Kind::kprobe, "sys_sched_get_priority_max"));
  if (target.attach_kind != host::Kind::kprobe) GTEST_SKIP() << target.note;
  swap_under_load(session_, target, compile(target, first_closure), compile(target, second_closure),
                  {static_cast<uint32_t>(getpid())}, Skips::never,
                  [] { syscall(SYS_sched_get_priority_max, 0); });
}

}  // namespace
}  // namespace session_test
