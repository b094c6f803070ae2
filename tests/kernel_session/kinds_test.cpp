// The kinds that every kernel here can attach, each on hits that are known.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using host::AttachOptions;
using host::Kind;
using host::ProbeInfo;
using host::Request;

namespace {

// Until `done`, or for so long that waiting more makes no sense.
template <typename Done>
bool wait_for(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done() && std::chrono::steady_clock::now() < end) {
  }
  return done();
}

TEST_F(SessionTest, UretprobeHasTheResult) {
  const host::Target target =
      must(session_.resolve(Kind::uretprobe, self_path(), "session_triple"));
  attach(target, "{|ctx| $ctx.retval }");
  for (int64_t i = -2; i < 3; ++i) session_triple(i);
  EXPECT_EQ(values(), (std::vector<Value>{Value(int64_t{-6}), Value(int64_t{-3}), Value(int64_t{0}),
                                          Value(int64_t{3}), Value(int64_t{6})}));
}

TEST_F(SessionTest, RegistersByName) {
  attach(uprobe(), "{|ctx| {at: $ctx.regs.ip, stack: ($ctx.regs.sp > 0)} }");
  session_hit(1, "");
  const auto code = static_cast<int64_t>(reinterpret_cast<uintptr_t>(&session_hit));
  EXPECT_EQ(values(),
            std::vector<Value>{Value(Record{{"at", Value(code)}, {"stack", Value(true)}})});
}

TEST_F(SessionTest, UsdtHasItsArgumentsAndItsSemaphore) {
  EXPECT_FALSE(session_mark(0, "before"));
  const host::Target target = must(session_.resolve(Kind::usdt, self_path(), "session:mark"));
  EXPECT_NE(target.semaphore, 0u);
  const ProbeInfo probe = attach(target, "{|ctx| {n: $ctx.arg0, word: (read-str $ctx.arg1)} }");
  EXPECT_TRUE(session_mark(-5, "five"));
  EXPECT_EQ(values(),
            std::vector<Value>{Value(Record{{"n", Value(int64_t{-5})}, {"word", Value("five")}})});
  must(session_.detach(probe.id));
  EXPECT_TRUE(wait_for([] { return !session_mark(0, "after"); }));
}

TEST_F(SessionTest, RawTracepointHasItsArguments) {
  const host::Target target = must(session_.resolve(Kind::raw_tracepoint, "task_rename"));
  if (target.schema.find_arg("comm") == nullptr) GTEST_SKIP() << target.note;
  attach(target, "{|ctx| $ctx.args.comm }", AttachOptions{.pids = {self_pid()}});
  std::thread([] { pthread_setname_np(pthread_self(), "renamed"); }).join();
  EXPECT_EQ(values(), std::vector<Value>{Value("renamed")});
}

// The guard against recursion is of a program: each has one of its own, and both run.
TEST_F(SessionTest, RawTracepointsRunSideBySide) {
  const AttachOptions own = {.pids = {self_pid()}};
  const std::string text = "{|ctx| if $ctx.arg1 == " + std::to_string(SYS_getppid) + " { count ";
  const host::Target target = must(session_.resolve(Kind::raw_tracepoint, "sys_enter"));
  const ProbeInfo first = attach(target, text + "one } }", own);
  attach(target, text + "two } }", own);
  for (int i = 0; i < 40; ++i) syscall(SYS_getppid);
  EXPECT_EQ(must(session_.map_get("one")), Value(int64_t{40}));
  EXPECT_EQ(must(session_.map_get("two")), Value(int64_t{40}));
  must(session_.detach(first.id));
  for (int i = 0; i < 40; ++i) syscall(SYS_getppid);
  EXPECT_EQ(must(session_.map_get("one")), Value(int64_t{40}));
  EXPECT_EQ(must(session_.map_get("two")), Value(int64_t{80}));
}

TEST_F(SessionTest, EveryPageFault) {
  constexpr size_t pages = 64;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* memory =
      mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  madvise(memory, pages * page, MADV_NOHUGEPAGE);
  const host::Target target = must(session_.resolve(Kind::perf, "page-faults"));
  if (target.schema.find_arg("addr") == nullptr) GTEST_SKIP() << "the kernel has no BTF";
  const auto start = reinterpret_cast<uintptr_t>(memory);
  attach(target,
         "{|ctx| if $ctx.args.addr >= " + std::to_string(start) + " and $ctx.args.addr < " +
             std::to_string(start + pages * page) + " { count faults } }",
         AttachOptions{.pids = {self_pid()}});
  for (size_t i = 0; i < pages; ++i) static_cast<volatile char*>(memory)[i * page] = 1;
  EXPECT_EQ(must(session_.map_get("faults")), Value(static_cast<int64_t>(pages)));
  munmap(memory, pages * page);
}

TEST_F(SessionTest, AClockSamplesWhatRuns) {
  Request request = {.kind = Kind::perf, .targets = {"cpu-clock"}};
  request.hz = 997;
  const ProbeInfo probe =
      attach_all(session_, request, "{|ctx| $ctx.pid | count where }", {.pids = {self_pid()}});
  EXPECT_TRUE(wait_for([&] { return session_.info(probe.id)->hits >= 20; }));
  EXPECT_EQ(must(session_.map_get("where")).get_if<bytecode::List>()->size(), 1u);
}

TEST_F(SessionTest, AnIntervalTicks) {
  const host::Target target = must(session_.resolve(Kind::interval, "5ms"));
  const ProbeInfo probe = attach(target, "{|ctx| $ctx.cpu }");
  EXPECT_TRUE(wait_for([&] { return session_.info(probe.id)->rows >= 10; }));
  const std::vector<host::Row> rows = drain();
  ASSERT_GE(rows.size(), 10u);
  for (const host::Row& row : rows) EXPECT_EQ(row.value, rows[0].value);
  // Nine intervals lie between ten ticks; the clock may run a little early once.
  const auto first = rows.front().time.get_if<bytecode::Date>()->nanoseconds;
  const auto last = rows[9].time.get_if<bytecode::Date>()->nanoseconds;
  EXPECT_GE(last - first, 8 * 5'000'000);
}

TEST_F(SessionTest, RatesAreChecked) {
  Request request = {.kind = Kind::perf, .targets = {"cpu-clock"}};
  request.hz = 0;
  EXPECT_EQ(session_.resolve(request).error().subject, "hz");
  request.hz = 99;
  request.period = 99;
  EXPECT_EQ(session_.resolve(request).error().subject, "period");
  request = {.kind = Kind::perf, .targets = {"cpu-clok"}};
  EXPECT_NE(session_.resolve(request).error().hint.find("cpu-clock"), std::string::npos);
  for (const char* word : {"", "5", "ms", "-5ms", "5 parsecs", "99999999999999999999s"})
    EXPECT_FALSE(session_.resolve(Kind::interval, word)) << word;
}

TEST_F(SessionTest, AReturnOfASyscallOnAnyKernel) {
  const host::Target target = must(session_.resolve(Kind::kretprobe, "sys_openat"));
  EXPECT_EQ(target.attach_kind, has_kprobes() ? Kind::kretprobe : Kind::tracepoint);
  if (!has_kprobes()) {
    EXPECT_NE(target.note.find("sys_exit_openat"), std::string::npos);
  }
  attach(target, "{|ctx| $ctx.retval }", AttachOptions{.pids = {self_pid()}});
  syscall(SYS_openat, -100, "/nonexistent/one", 0, 0);
  EXPECT_EQ(values(), std::vector<Value>{Value(int64_t{-ENOENT})});
}

}  // namespace
}  // namespace session_test
