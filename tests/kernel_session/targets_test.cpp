// One probe on several targets: what they share, which of them was hit, all or none of them.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using host::Kind;
using host::Member;
using host::ProbeInfo;
using host::Request;

namespace {

Request both_functions() {
  return {
      .kind = Kind::uprobe, .targets = {self_path()}, .symbols = {"session_hit", "session_other"}};
}

Request some_calls() {
  return {.kind = Kind::tracepoint,
          .targets = {"syscalls:sys_enter_getppid", "syscalls:sys_enter_getpgrp"}};
}

void call_both() {
  for (int i = 0; i < 30; ++i) syscall(SYS_getppid);
  for (int i = 0; i < 20; ++i) syscall(SYS_getpgrp);
}

TEST_F(SessionTest, AHitTellsWhichTargetItWas) {
  const ProbeInfo probe = attach_all(session_, both_functions(),
                                     "{|ctx| {f: $ctx.func, p: $ctx.probe, n: $ctx.arg0} }");
  EXPECT_EQ(probe.targets, 2u);
  session_hit(1, "");
  session_other(2);
  const std::string prefix = "uprobe:" + self_path() + ":";
  EXPECT_EQ(values(), (std::vector<Value>{
                          Value(Record{{"f", Value("session_hit")},
                                       {"p", Value(prefix + "session_hit")},
                                       {"n", Value(int64_t{1})}}),
                          Value(Record{{"f", Value("session_other")},
                                       {"p", Value(prefix + "session_other")},
                                       {"n", Value(int64_t{2})}}),
                      }));
  const ProbeInfo info = *session_.info(probe.id);
  EXPECT_EQ(info.hits, 2u);
  EXPECT_EQ(info.delivered, 2u);
  EXPECT_EQ(session_.targets_of(probe.id)->size(), 2u);
}

TEST_F(SessionTest, WithoutUprobeMultiEachHasItsLink) {
  host::Session session({.without = {"uprobe.multi"}});
  const ProbeInfo probe = attach_all(session, both_functions(), "{|ctx| $ctx.func | count calls }");
  EXPECT_NE(probe.note.find("one by one"), std::string::npos) << probe.note;
  session_hit(1, "");
  session_other(2);
  session_other(2);
  const Value table = must(session.map_get("calls"));
  EXPECT_EQ(value_at(table, Value("session_hit")), 1);
  EXPECT_EQ(value_at(table, Value("session_other")), 2);
}

TEST_F(SessionTest, AGlobIsNotCutShortWhereDescriptorsRunOut) {
  host::Session session({.without = {"uprobe.multi"}});
  attach_all(session, both_functions(), "{|| count calls }");
  const Request glob = {.kind = Kind::uprobe, .targets = {self_path()}, .symbols = {"session_*"}};
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(0);
  close(next);
  // Room for the first of them, which has an event and a link.
  const rlimit tight = {static_cast<rlim_t>(next) + 3, before.rlim_max};
  std::string refusal;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  try {
    attach_all(session, glob, "{|| count calls }");
  } catch (const std::exception& error) {
    refusal = error.what();
  }
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_NE(refusal.find("open files"), std::string::npos) << refusal;
}

TEST_F(SessionTest, TargetsOfDifferentProgramsAddUp) {
  std::vector<Member> members;
  for (const auto& [name, text] :
       {std::pair("session_hit", "{|ctx| count all; $ctx.arg0 }"),
        std::pair("session_other", "{|ctx| count all; $ctx.arg0 * 10 }")}) {
    host::Target target = uprobe(name);
    auto program = std::make_shared<const Program>(compile(target, text));
    members.push_back({std::move(target), std::move(program)});
  }
  const ProbeInfo probe = must(session_.attach(members, {.target = "both"}));
  EXPECT_EQ(probe.target, "both");
  EXPECT_EQ(probe.name, "uprobe:both");
  session_hit(1, "");
  session_other(2);
  EXPECT_EQ(values(), (std::vector<Value>{Value(int64_t{1}), Value(int64_t{20})}));
  EXPECT_EQ(session_.info(probe.id)->hits, 2u);
  EXPECT_EQ(must(session_.map_get("all")), Value(int64_t{2}));

  // A closure for each, then one for all.
  std::vector<std::shared_ptr<const Program>> programs;
  for (const Member& member : members)
    programs.push_back(std::make_shared<const Program>(
        compile(member.target, "{|ctx| count all; $ctx.arg0 + 100 }")));
  must(session_.swap(probe.id, programs));
  session_hit(1, "");
  session_other(2);
  EXPECT_EQ(values(), (std::vector<Value>{Value(int64_t{101}), Value(int64_t{102})}));
  must(session_.swap(probe.id, compile(members[0].target, "{|ctx| 7 }")));
  session_other(2);
  EXPECT_EQ(values(), std::vector<Value>{Value(int64_t{7})});
  const ProbeInfo info = *session_.info(probe.id);
  EXPECT_EQ(info.hits, 5u);
  EXPECT_EQ(info.generation, 3u);
}

TEST_F(SessionTest, TargetsThatShareAPlaceGoOnSharingIt) {
  const ProbeInfo probe = attach_all(session_, some_calls(), "{|| count calls }");
  const host::Target& target = session_.targets_of(probe.id)->front();
  const auto one = std::make_shared<const Program>(compile(target, "{|| count one }"));
  const auto two = std::make_shared<const Program>(compile(target, "{|| count two }"));
  const host::Status refused = session_.swap(probe.id, {one, two});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "closure");
  EXPECT_EQ(session_.info(probe.id)->generation, 1u);
}

TEST_F(SessionTest, AllOrNone) {
  const host::Target good = uprobe();
  host::Target bad = uprobe("session_other");
  bad.path = "/nonexistent/program";
  const auto program = std::make_shared<const Program>(compile(good, "{|| count hits }"));
  ASSERT_FALSE(session_.attach(std::vector<Member>{{good, program}, {bad, program}}, {}));
  EXPECT_TRUE(session_.list().empty());
  session_hit(1, "");
  EXPECT_FALSE(session_.map_get("hits"));
  // The id was not used, and the next probe finds everything as it was.
  EXPECT_EQ(attach(good, "{|| count hits }").id, 1u);
  session_hit(1, "");
  EXPECT_EQ(must(session_.map_get("hits")), Value(int64_t{1}));
}

TEST_F(SessionTest, GlobsMeanTheirMatches) {
  const auto found = must(session_.resolve({.kind = Kind::tracepoint, .targets = {"task:task_*"}}));
  std::vector<std::string> names;
  for (const host::Target& target : found.targets) names.push_back(target.text);
  EXPECT_NE(std::find(names.begin(), names.end(), "task:task_rename"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "task:task_newtask"), names.end());
  for (const host::Target& target : found.targets) EXPECT_TRUE(target.schema.func.empty());
}

TEST_F(SessionTest, WhatIsMissingIsAnErrorAWarningOrNothing) {
  Request request = {.kind = Kind::tracepoint, .targets = {"task:task_rename", "task:no_such_one"}};
  EXPECT_FALSE(session_.resolve(request));
  request.missing = Request::Missing::warn;
  const auto warned = must(session_.resolve(request));
  EXPECT_EQ(warned.targets.size(), 1u);
  ASSERT_EQ(warned.warnings.size(), 1u);
  EXPECT_NE(warned.warnings[0].find("no_such_one"), std::string::npos);
  request.missing = Request::Missing::ignore;
  EXPECT_TRUE(must(session_.resolve(request)).warnings.empty());
  request.targets = {"task:no_such_one"};
  EXPECT_FALSE(session_.resolve(request));
}

TEST_F(SessionTest, AFewSystemCallsHaveTheirTracepoints) {
  const ProbeInfo probe = attach_all(session_, some_calls(), "{|ctx| $ctx.func | count calls }",
                                     {.pids = {self_pid()}});
  EXPECT_TRUE(probe.note.empty()) << probe.note;
  call_both();
  const Value table = must(session_.map_get("calls"));
  EXPECT_EQ(value_at(table, Value("sys_enter_getppid")), 30);
  EXPECT_EQ(value_at(table, Value("sys_enter_getpgrp")), 20);
}

TEST_F(SessionTest, ManySystemCallsShareOneProgram) {
  const Request every = {.kind = Kind::tracepoint, .targets = {"syscalls:sys_enter_*"}};
  const host::AttachOptions own = {.pids = {self_pid()}};
  const ProbeInfo probe = attach_all(session_, every, "{|ctx| $ctx.func | count calls }", own);
  EXPECT_GT(probe.targets, 250u);
  EXPECT_NE(probe.note.find("by their numbers"), std::string::npos) << probe.note;
  // A second closure on the same calls, and one on their ends.
  attach_all(session_, every, "{|ctx| $ctx.func | count again }", own);
  attach_all(session_, {.kind = Kind::tracepoint, .targets = {"syscalls:sys_exit_*"}},
             "{|ctx| {f: $ctx.func, got: $ctx.retval} }", own);
  call_both();
  for (const char* map : {"calls", "again"}) {
    const Value table = must(session_.map_get(map));
    EXPECT_EQ(value_at(table, Value("sys_enter_getppid")), 30) << map;
    EXPECT_EQ(value_at(table, Value("sys_enter_getpgrp")), 20) << map;
  }
  size_t ends = 0;
  for (const Value& value : values())
    if (value ==
        Value(Record{{"f", Value("sys_exit_getppid")}, {"got", Value(int64_t{getppid()})}}))
      ++ends;
  EXPECT_EQ(ends, 30u);
}

TEST_F(SessionTest, SharedSystemCallsHaveTheirArguments) {
  // Every call of this family has a number and the address of a text.
  Request request = {.kind = Kind::tracepoint};
  for (const char* call : {"openat", "faccessat", "mkdirat", "unlinkat", "fchmodat"})
    request.targets.push_back(std::string("syscalls:sys_enter_") + call);
  const ProbeInfo probe = attach_all(
      session_, request, "{|ctx| {f: $ctx.func, fd: $ctx.args.dfd, text: (read-str $ctx.arg1)} }",
      {.pids = {self_pid()}});
  EXPECT_NE(probe.note.find("by their numbers"), std::string::npos) << probe.note;
  unlinkat(-100, "/nonexistent/one", 0);
  syscall(SYS_openat, -1, "/nonexistent/two", 0, 0);
  EXPECT_EQ(values(), (std::vector<Value>{
                          Value(Record{{"f", Value("sys_enter_unlinkat")},
                                       {"fd", Value(int64_t{-100})},
                                       {"text", Value("/nonexistent/one")}}),
                          Value(Record{{"f", Value("sys_enter_openat")},
                                       {"fd", Value(int64_t{-1})},
                                       {"text", Value("/nonexistent/two")}}),
                      }));
}

TEST_F(SessionTest, WithoutDispatchEveryCallHasItsTracepoint) {
  host::Session session({.without = {"syscall dispatch"}});
  Request request = {.kind = Kind::tracepoint};
  for (const char* call : {"getppid", "getpgrp", "getpid", "getuid", "getgid", "geteuid"})
    request.targets.push_back(std::string("syscalls:sys_enter_") + call);
  const ProbeInfo probe =
      attach_all(session, request, "{|ctx| $ctx.func | count calls }", {.pids = {self_pid()}});
  EXPECT_TRUE(probe.note.empty()) << probe.note;
  call_both();
  EXPECT_EQ(value_at(must(session.map_get("calls")), Value("sys_enter_getppid")), 30);
}

}  // namespace
}  // namespace session_test
