// Functions of the kernel: kprobe, kretprobe, fentry, fexit, and each standing in for another. Only
// where the kernel has kprobes; fentry where it takes one.
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using host::AttachOptions;
using host::Kind;
using host::ProbeInfo;
using host::Request;

namespace {

// Hit once by each openat of this process.
constexpr const char* function = "do_sys_openat2";

void open_nothing() { syscall(SYS_openat, -100, "/nonexistent/one", 0, 0); }

class KernelFunctions : public SessionTest {
 protected:
  void SetUp() override {
    SessionTest::SetUp();
    if (!IsSkipped() && !has_kprobes()) GTEST_SKIP() << "this kernel has no kprobes";
  }
  static host::Target resolved(host::Session& session, Kind kind, Kind attach_kind) {
    host::Target target = must(session.resolve(kind, function));
    EXPECT_EQ(target.kind, kind);
    EXPECT_EQ(target.attach_kind, attach_kind) << target.note;
    return target;
  }
  std::vector<Value> opened(host::Session& session, const host::Target& target,
                            std::string_view text) {
    const ProbeInfo probe =
        must(session.attach(target, compile(target, text), {.pids = {self_pid()}}));
    open_nothing();
    open_nothing();
    std::vector<Value> got;
    session.drain([&](host::Row&& row) { got.push_back(std::move(row.value)); });
    EXPECT_EQ(session.info(probe.id)->hits, 2u);
    // What the next target's description opens is not the workload's.
    must(session.detach(probe.id));
    return got;
  }
  bool has_fentry() {
    const auto target = session_.resolve(Kind::fentry, function);
    return target && target->attach_kind == Kind::fentry;
  }
};

const Value two_names =
    Value(Record{{"dfd", Value(int64_t{-100})}, {"name", Value("/nonexistent/one")}});
constexpr const char* names = "{|ctx| {dfd: $ctx.args.dfd, name: $ctx.args.filename} }";

TEST_F(KernelFunctions, KprobeHasArguments) {
  const host::Target target = resolved(session_, Kind::kprobe, Kind::kprobe);
  EXPECT_EQ(opened(session_, target, names), (std::vector<Value>{two_names, two_names}));
}

TEST_F(KernelFunctions, KretprobeHasTheResult) {
  const host::Target target = resolved(session_, Kind::kretprobe, Kind::kretprobe);
  EXPECT_EQ(opened(session_, target, "{|ctx| $ctx.retval }"),
            std::vector<Value>(2, Value(int64_t{-ENOENT})));
}

TEST_F(KernelFunctions, FentryHasArguments) {
  if (!has_fentry()) GTEST_SKIP() << "this kernel takes no fentry programs";
  const host::Target target = resolved(session_, Kind::fentry, Kind::fentry);
  EXPECT_EQ(opened(session_, target, names), (std::vector<Value>{two_names, two_names}));
}

TEST_F(KernelFunctions, FexitHasArgumentsAndTheResult) {
  if (!has_fentry()) GTEST_SKIP() << "this kernel takes no fentry programs";
  const host::Target target = resolved(session_, Kind::fexit, Kind::fexit);
  const Value row = Value(Record{{"dfd", Value(int64_t{-100})}, {"ret", Value(int64_t{-ENOENT})}});
  EXPECT_EQ(opened(session_, target, "{|ctx| {dfd: $ctx.args.dfd, ret: $ctx.retval} }"),
            (std::vector<Value>{row, row}));
}

TEST_F(KernelFunctions, FentryProbesHaveProgramsOfTheirOwn) {
  if (!has_fentry()) GTEST_SKIP() << "this kernel takes no fentry programs";
  const host::Target target = resolved(session_, Kind::fentry, Kind::fentry);
  // Attaching the second opens files, too.
  const std::string ours = "if $ctx.args.filename == '/nonexistent/one'";
  const ProbeInfo first =
      attach(target, "{|ctx| " + ours + " { count one } }", {.pids = {self_pid()}});
  attach(target, "{|ctx| " + ours + " { count two } }", {.pids = {self_pid()}});
  open_nothing();
  must(session_.detach(first.id));
  open_nothing();
  EXPECT_EQ(must(session_.map_get("one")), Value(int64_t{1}));
  EXPECT_EQ(must(session_.map_get("two")), Value(int64_t{2}));
}

TEST_F(KernelFunctions, FentryStandsInForAKprobe) {
  if (!has_fentry()) GTEST_SKIP() << "this kernel takes no fentry programs";
  host::Session session({.without = {"kprobe"}});
  const host::Target target = resolved(session, Kind::kprobe, Kind::fentry);
  EXPECT_NE(target.note.find("no kprobes"), std::string::npos) << target.note;
  EXPECT_EQ(opened(session, target, names), (std::vector<Value>{two_names, two_names}));
  const host::Target back = resolved(session, Kind::kretprobe, Kind::fexit);
  EXPECT_EQ(opened(session, back, "{|ctx| $ctx.retval }").size(), 2u);
}

TEST_F(KernelFunctions, AKprobeStandsInForFentry) {
  host::Session session({.without = {"fentry"}});
  const host::Target target = resolved(session, Kind::fentry, Kind::kprobe);
  EXPECT_NE(target.note.find("kprobe"), std::string::npos) << target.note;
  EXPECT_EQ(opened(session, target, names), (std::vector<Value>{two_names, two_names}));
  const host::Target back = resolved(session, Kind::fexit, Kind::kretprobe);
  EXPECT_EQ(opened(session, back, "{|ctx| $ctx.retval }"),
            std::vector<Value>(2, Value(int64_t{-ENOENT})));
}

TEST_F(KernelFunctions, ATracepointStandsInForASyscall) {
  host::Session session({.without = {"kprobe", "fentry"}});
  const host::Target target = must(session.resolve(Kind::kprobe, "sys_openat"));
  EXPECT_EQ(target.attach_kind, Kind::tracepoint);
  EXPECT_EQ(opened(session, target, names), (std::vector<Value>{two_names, two_names}));
}

// By one link where the kernel can, else one by one, and then the note says so.
void count_several(host::Session& session, Kind kind, bool is_single) {
  const Request request = {.kind = kind, .targets = {function, "vfs_read"}};
  auto found = must(session.resolve(request));
  std::vector<host::Member> members;
  for (host::Target& target : found.targets) {
    auto program = std::make_shared<const Program>(
        must(bytecode::compile("{|ctx| $ctx.func | count calls }", target.schema, {})));
    members.push_back({std::move(target), std::move(program)});
  }
  const ProbeInfo probe = must(session.attach(std::move(members), {.pids = {self_pid()}}));
  if (is_single) {
    EXPECT_NE(probe.note.find("one by one"), std::string::npos) << probe.note;
  }
  for (int i = 0; i < 3; ++i) open_nothing();
  const Value table = must(session.map_get("calls"));
  EXPECT_EQ(value_at(table, Value(function)), 3);
  EXPECT_EQ(session.info(probe.id)->missed, 0u);
}

TEST_F(KernelFunctions, SeveralAtOnce) {
  count_several(session_, Kind::kprobe, false);
  must(session_.detach(session_.list().front().id));
  must(session_.map_clear("calls"));
  count_several(session_, Kind::kretprobe, false);
}

TEST_F(KernelFunctions, SeveralOneByOne) {
  host::Session session({.without = {"kprobe.multi"}});
  count_several(session, Kind::kprobe, true);
}

TEST_F(KernelFunctions, Globs) {
  const Request request = {.kind = Kind::kprobe, .targets = {"do_sys_openat*"}};
  attach_all(session_, request, "{|ctx| count calls }", {.pids = {self_pid()}});
  open_nothing();
  EXPECT_EQ(must(session_.map_get("calls")), Value(int64_t{1}));
  EXPECT_FALSE(session_.resolve({.kind = Kind::kprobe, .targets = {"no_such_thing_*"}}));
}

TEST_F(KernelFunctions, InTheMiddleOfAFunction) {
  EXPECT_FALSE(session_.resolve(Kind::kretprobe, "do_sys_openat2+0x4"));
  EXPECT_FALSE(session_.resolve(Kind::fentry, "do_sys_openat2+0x4"));
  EXPECT_FALSE(session_.resolve(Kind::kprobe, "do_sys_openat2+x"));
}

}  // namespace
}  // namespace session_test
