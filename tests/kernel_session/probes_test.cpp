// Attaching, detaching, several probes at once, and what each sees.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "bytecode/wire.h"
#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using host::AttachOptions;
using host::Kind;
using host::ProbeInfo;
using host::Row;

namespace {

void open_path(const char* path) {
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) close(static_cast<int>(fd));
}

TEST_F(SessionTest, UprobeGivesRowsInOrder) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| {n: $ctx.arg0, word: (read-str $ctx.arg1)} }");
  EXPECT_EQ(probe.id, 1u);
  EXPECT_EQ(probe.name, "uprobe:" + self_path() + ":session_hit");
  for (int64_t i = 0; i < 100; ++i) session_hit(i, i % 2 == 0 ? "even" : "odd");
  const std::vector<Row> rows = drain();
  ASSERT_EQ(rows.size(), 100u);
  for (int64_t i = 0; i < 100; ++i) {
    const Record expected = {{"n", Value(i)}, {"word", Value(i % 2 == 0 ? "even" : "odd")}};
    EXPECT_EQ(rows[i].value, Value(expected));
    EXPECT_EQ(rows[i].pid, self_pid());
    EXPECT_EQ(rows[i].probe, probe.id);
  }
  const ProbeInfo after = *session_.info(probe.id);
  EXPECT_EQ(after.hits, 100u);
  EXPECT_EQ(after.rows, 100u);
  EXPECT_EQ(after.delivered, 100u);
  EXPECT_EQ(after.lost, 0u);
}

TEST_F(SessionTest, TracepointFieldsHaveTheirTypes) {
  attach(tracepoint("syscalls:sys_enter_openat"),
         "{|ctx| {dfd: $ctx.args.dfd, name: $ctx.args.filename, flags: $ctx.args.flags} }",
         AttachOptions{.pids = {self_pid()}});
  open_path("/nonexistent/one");
  open_path("/nonexistent/two");
  const std::vector<Value> got = values();
  ASSERT_EQ(got.size(), 2u);
  const int64_t flags = O_RDONLY | O_CLOEXEC;
  EXPECT_EQ(got[0], Value(Record{{"dfd", Value(int64_t{AT_FDCWD})},
                                 {"name", Value("/nonexistent/one")},
                                 {"flags", Value(flags)}}));
}

TEST_F(SessionTest, SyscallExitHasItsResult) {
  attach(tracepoint("syscalls:sys_exit_openat"), "{|ctx| $ctx.retval }",
         AttachOptions{.pids = {self_pid()}});
  open_path("/nonexistent/one");
  EXPECT_EQ(values(), std::vector<Value>{Value(int64_t{-ENOENT})});
}

TEST_F(SessionTest, CharArraysAndDataLoc) {
  attach(tracepoint("task:task_rename"), "{|ctx| $ctx.args.newcomm }",
         AttachOptions{.pids = {self_pid()}});
  std::thread([] { pthread_setname_np(pthread_self(), "renamed"); }).join();
  EXPECT_EQ(values(), std::vector<Value>{Value("renamed")});
}

TEST_F(SessionTest, TwoProbesOnOneTracepointBothRun) {
  const host::Target target = tracepoint("syscalls:sys_enter_getppid");
  const AttachOptions own = {.pids = {self_pid()}};
  const ProbeInfo first = attach(target, "{|| count one }", own);
  const ProbeInfo second = attach(target, "{|| count two }", own);
  for (int i = 0; i < 50; ++i) syscall(SYS_getppid);
  EXPECT_EQ(must(session_.map_get("one")), Value(int64_t{50}));
  EXPECT_EQ(must(session_.map_get("two")), Value(int64_t{50}));
  must(session_.detach(first.id));
  for (int i = 0; i < 50; ++i) syscall(SYS_getppid);
  EXPECT_EQ(must(session_.map_get("one")), Value(int64_t{50}));
  EXPECT_EQ(must(session_.map_get("two")), Value(int64_t{100}));
  // The kernel takes a program once on a tracepoint: the first one's link has to be gone.
  attach(target, "{|| count three }", own);
  for (int i = 0; i < 50; ++i) syscall(SYS_getppid);
  EXPECT_EQ(must(session_.map_get("three")), Value(int64_t{50}));
  EXPECT_EQ(session_.info(second.id)->hits, 150u);
}

TEST_F(SessionTest, TwoProbesOnOneFunctionBothRun) {
  const ProbeInfo first = attach(uprobe(), "{|ctx| $ctx.arg0 }");
  const ProbeInfo second = attach(uprobe(), "{|ctx| $ctx.arg0 * 2 }");
  session_hit(21, "");
  std::vector<Row> rows = drain();
  ASSERT_EQ(rows.size(), 2u);
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.probe < b.probe; });
  EXPECT_EQ(rows[0].probe, first.id);
  EXPECT_EQ(rows[0].value, Value(int64_t{21}));
  EXPECT_EQ(rows[1].probe, second.id);
  EXPECT_EQ(rows[1].value, Value(int64_t{42}));
}

TEST_F(SessionTest, ProcessFilters) {
  attach(uprobe(), "{|| count mine }", AttachOptions{.pids = {1, self_pid()}});
  attach(uprobe(), "{|| count others }", AttachOptions{.pids = {1}});
  session_hit(1, "");
  EXPECT_EQ(must(session_.map_get("mine")), Value(int64_t{1}));
  EXPECT_EQ(must(session_.map_get("others")), Value(int64_t{0}));
  const bytecode::Result<ProbeInfo> refused =
      session_.attach(uprobe(), compile(uprobe(), "{|| count mine }"),
                      AttachOptions{.pids = std::vector<uint32_t>(VM_PIDS_MAX + 1, 1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "pid");
}

TEST_F(SessionTest, HiddenProcessesAreNotSeenUnlessAsked) {
  host::Session session({.hidden = {self_pid()}});
  const host::Target target = must(session.resolve(Kind::uprobe, self_path(), "session_hit"));
  const Program program = compile(target, "{|| count hits }");
  const ProbeInfo blind = must(session.attach(target, program, {}));
  const ProbeInfo open = must(session.attach(target, program, {.self = true}));
  session_hit(1, "");
  EXPECT_EQ(session.info(blind.id)->hits, 0u);
  EXPECT_EQ(session.info(open.id)->hits, 1u);
}

TEST_F(SessionTest, RowsBeforeADetachComeAndNoneAfter) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| $ctx.arg0 }");
  session_hit(1, "");
  session_hit(2, "");
  must(session_.detach(probe.id));
  session_hit(3, "");
  // What was set aside wakes whoever waits for rows.
  bool readable = false;
  for (int fd : session_.ring_fds()) {
    pollfd poll_for = {.fd = fd, .events = POLLIN, .revents = 0};
    readable = readable || poll(&poll_for, 1, 0) == 1;
  }
  EXPECT_TRUE(readable);
  EXPECT_EQ(values(), (std::vector<Value>{Value(int64_t{1}), Value(int64_t{2})}));
  EXPECT_TRUE(session_.list().empty());
  const ProbeInfo last = *session_.info(probe.id);
  EXPECT_EQ(last.hits, 2u);
  EXPECT_EQ(last.delivered, 2u);
}

TEST_F(SessionTest, DrainStopsWhereItIsTold) {
  attach(uprobe(), "{|ctx| $ctx.arg0 }");
  for (int64_t i = 0; i < 10; ++i) session_hit(i, "");
  std::vector<int64_t> seen;
  const auto sink = [&](Row&& row) { seen.push_back(*row.value.get_if<int64_t>()); };
  EXPECT_EQ(session_.drain(sink, 4), 4u);
  EXPECT_EQ(session_.drain(sink, 4), 4u);
  EXPECT_EQ(session_.drain(sink, 4), 2u);
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(SessionTest, ASmallRingLosesAndSaysHowMuch) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| {n: $ctx.arg0, word: (read-str $ctx.arg1)} }",
                                 AttachOptions{.ring_bytes = 4096});
  const auto sum_holds = [&](uint64_t unread) {
    const ProbeInfo info = *session_.info(probe.id);
    EXPECT_EQ(info.rows, info.delivered + info.lost + unread);
    return info;
  };
  for (int64_t i = 0; i < 1000; ++i) session_hit(i, "word");
  EXPECT_GT(session_.info(probe.id)->lost, 0u);
  const size_t first = drain().size();
  EXPECT_GT(first, 0u);
  EXPECT_EQ(sum_holds(0).delivered, first);
  for (int64_t i = 0; i < 10; ++i) session_hit(i, "word");
  sum_holds(10);
  EXPECT_EQ(drain().size(), 10u);
  EXPECT_EQ(sum_holds(0).rows, 1010u);
}

TEST_F(SessionTest, ARingsSizeIsChecked) {
  const bytecode::Result<ProbeInfo> refused = session_.attach(
      uprobe(), compile(uprobe(), "{|ctx| $ctx.arg0 }"), AttachOptions{.ring_bytes = 5000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "ring-size");
  EXPECT_TRUE(session_.list().empty());
}

TEST_F(SessionTest, FaultsAreCountedWithTheirPlace) {
  const std::string text = "{|ctx| 100 // $ctx.arg0 }";
  const ProbeInfo probe = attach(uprobe(), text);
  session_hit(0, "");
  session_hit(5, "");
  session_hit(0, "");
  EXPECT_EQ(values(), std::vector<Value>{Value(int64_t{20})});
  const ProbeInfo info = *session_.info(probe.id);
  ASSERT_EQ(info.faults.size(), 1u);
  EXPECT_EQ(info.faults[0].kind, "divide_by_zero");
  EXPECT_EQ(info.faults[0].count, 2u);
  EXPECT_NE(info.faults[0].source.find("//"), std::string::npos) << info.faults[0].source;
}

TEST_F(SessionTest, SlotsAreReusedCleanly) {
  for (int round = 0; round < 12; ++round) {
    const ProbeInfo probe = attach(uprobe(), "{|ctx| 100 // $ctx.arg0 }");
    session_hit(0, "");
    session_hit(10, "");
    const ProbeInfo info = *session_.info(probe.id);
    EXPECT_EQ(info.hits, 2u) << "round " << round;
    EXPECT_EQ(info.rows, 1u);
    ASSERT_EQ(info.faults.size(), 1u);
    EXPECT_EQ(info.faults[0].count, 1u);
    EXPECT_EQ(drain().size(), 1u);
    must(session_.detach(probe.id));
  }
}

TEST_F(SessionTest, NothingIsLeftInTheKernel) {
  Held ids;
  {
    auto session = std::make_unique<host::Session>(host::SessionOptions{});
    const host::Target hit = must(session->resolve(Kind::uprobe, self_path(), "session_hit"));
    const host::Target call =
        must(session->resolve(Kind::tracepoint, "syscalls:sys_enter_getppid"));
    const ProbeInfo first =
        must(session->attach(hit, compile(hit, "{|ctx| $ctx.arg0 | count }"), {}));
    must(session->attach(call, compile(call, "{|ctx| $ctx.pid }"), {.ring_bytes = 4096}));
    must(session->attach(call, compile(call, "{|ctx| $ctx.pid }"), {}));
    session_hit(1, "");
    must(session->detach(first.id));
    ids = held();
  }
  EXPECT_EQ(ids.programs.size(), 3u);  // a uprobe's, and a tracepoint's twice
  EXPECT_GE(ids.links.size(), 2u);
  EXPECT_GT(ids.maps.size(), 10u);
  // The kernel frees them after a grace period of its own, with no event to wait for.
  const auto gone = [&] {
    const Held left = alive(ids);
    return left.programs.empty() && left.maps.empty() && left.links.empty();
  };
  for (int tries = 0; tries < 3000 && !gone(); ++tries) usleep(10'000);
  EXPECT_TRUE(gone());
}

TEST_F(SessionTest, KprobeOfASyscallOnAnyKernel) {
  const host::Target target = must(session_.resolve(Kind::kprobe, "sys_openat"));
  if (has_kprobes()) {
    EXPECT_EQ(target.attach_kind, Kind::kprobe);
  } else {
    EXPECT_EQ(target.attach_kind, Kind::tracepoint);
    EXPECT_NE(target.note.find("no kprobes"), std::string::npos);
  }
  const ProbeInfo probe = attach(target, "{|ctx| {dfd: $ctx.args.dfd, name: $ctx.filename} }",
                                 AttachOptions{.pids = {self_pid()}});
  EXPECT_EQ(probe.kind, Kind::kprobe);
  EXPECT_EQ(probe.target, "sys_openat");
  open_path("/nonexistent/one");
  EXPECT_EQ(values(), std::vector<Value>{Value(Record{{"dfd", Value(int64_t{AT_FDCWD})},
                                                      {"name", Value("/nonexistent/one")}})});
}

TEST_F(SessionTest, KprobeOfARenamedFunction) {
  const host::Target target = must(session_.resolve(Kind::kprobe, "do_sys_open"));
  EXPECT_FALSE(target.note.empty());
  attach(target, R"({|ctx| if $ctx.filename == "/nonexistent/two" { print "seen" } })",
         AttachOptions{.pids = {self_pid()}});
  open_path("/nonexistent/one");
  open_path("/nonexistent/two");
  EXPECT_EQ(drain().size(), 1u);
}

}  // namespace
}  // namespace session_test
