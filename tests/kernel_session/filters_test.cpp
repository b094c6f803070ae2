// Whose hits a probe shows: processes, their children, names, control groups, namespaces.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <thread>

#include "bytecode/wire.h"
#include "host/cgroups.hpp"
#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using host::AttachOptions;
using host::Kind;
using host::ProbeInfo;

namespace {

TEST_F(SessionTest, ByName) {
  attach(uprobe(), "{|| count named }", AttachOptions{.comm = "wanted"});
  attach(uprobe(), "{|| count long }", AttachOptions{.comm = "a-name-that-is-cut-short"});
  const auto as = [](const char* name) {
    std::thread([name] {
      prctl(PR_SET_NAME, name);
      session_hit(1, "");
    }).join();
  };
  as("wanted");
  as("wanted");
  as("want");
  as("wanted2");
  as("a-name-that-is-cut-short");
  EXPECT_EQ(must(session_.map_get("named")), Value(int64_t{2}));
  EXPECT_EQ(must(session_.map_get("long")), Value(int64_t{1}));
}

// A control group of this test's own, while it lasts.
class Group {
 public:
  Group() : root_(host::open_cgroups()), name_("ebpf-test-" + std::to_string(getpid())) {
    if (root_) made_ = mkdirat(root_.get(), name_.c_str(), 0755) == 0;
  }
  ~Group() {
    move(".");
    if (made_) unlinkat(root_.get(), name_.c_str(), AT_REMOVEDIR);
  }
  explicit operator bool() const { return made_; }
  std::string path() const { return "/" + name_; }
  void enter() { move(name_); }
  void leave() { move("."); }

 private:
  void move(const std::string& to) {
    const int fd = openat(root_.get(), (to + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    const std::string pid = std::to_string(getpid());
    if (fd >= 0) {
      [[maybe_unused]] const ssize_t n = write(fd, pid.data(), pid.size());
      close(fd);
    }
  }
  host::Fd root_;
  std::string name_;
  bool made_ = false;
};

TEST_F(SessionTest, ByControlGroup) {
  Group group;
  if (!group) GTEST_SKIP() << "no control groups of version 2 here";
  const ProbeInfo probe =
      attach(uprobe(), "{|ctx| $ctx.cgroup }", AttachOptions{.cgroup = group.path()});
  session_hit(1, "");
  EXPECT_EQ(session_.info(probe.id)->hits, 0u);
  group.enter();
  session_hit(1, "");
  session_hit(1, "");
  group.leave();
  session_hit(1, "");
  EXPECT_EQ(session_.info(probe.id)->hits, 2u);
  EXPECT_EQ(values(), std::vector<Value>(2, Value(group.path())));
}

TEST_F(SessionTest, AControlGroupThatIsNone) {
  for (const char* path : {"/tmp", "/nonexistent", "relative"}) {
    const auto refused =
        session_.attach(uprobe(), compile(uprobe(), "{|| count }"), {.cgroup = path});
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().subject, "cgroup");
  }
  EXPECT_TRUE(session_.list().empty());
}

// What a child does, and a child of that.
void two_generations() {
  session_hit(2, "");
  const pid_t child = fork();
  if (child == 0) {
    session_hit(3, "");
    std::thread([] { session_hit(4, ""); }).join();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

// How many members vm_family has.
size_t family_members() {
  for (const uint32_t id : held().maps) {
    const int fd = bpf_map_get_fd_by_id(id);
    bpf_map_info info = {};
    uint32_t size = sizeof info;
    size_t count = 0;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && std::strcmp(info.name, "vm_family") == 0) {
      vm_relative key = {}, next = {};
      const vm_relative* before = nullptr;
      while (bpf_map_get_next_key(fd, before, &next) == 0) {
        key = next;
        before = &key;
        ++count;
      }
      close(fd);
      return count;
    }
    close(fd);
  }
  return 0;
}

// How many there are when there are at most `count`, or when it makes no sense to wait longer: the
// kernel lets go of a process after a grace period, the session of a probe later still.
size_t family_shrinks_to(host::Session& session, size_t count) {
  for (int tries = 0; tries < 500 && family_members() > count; ++tries) {
    usleep(10'000);
    session.drain([](host::Row&&) {});
  }
  return family_members();
}

TEST_F(SessionTest, Followed) {
  ProbeInfo probe;
  in_child(
      [&](pid_t child) {
        probe = attach(uprobe(), "{|ctx| $ctx.arg0 }",
                       {.pids = {static_cast<uint32_t>(child)}, .follow = true});
        session_hit(1, "");
      },
      two_generations);
  session_hit(9, "");
  EXPECT_EQ(values(),
            (std::vector<Value>{Value(int64_t{2}), Value(int64_t{3}), Value(int64_t{4})}));
  EXPECT_EQ(family_shrinks_to(session_, 0), 0u);
}

TEST_F(SessionTest, ChildrenAlone) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| $ctx.arg0 }",
                                 {.pids = {self_pid()}, .follow = true, .children_only = true});
  session_hit(1, "");
  in_child([](pid_t) {}, two_generations);
  session_hit(9, "");
  EXPECT_EQ(values(),
            (std::vector<Value>{Value(int64_t{2}), Value(int64_t{3}), Value(int64_t{4})}));
  // Processes that have ended are members no more; after the detach nobody is.
  EXPECT_EQ(family_shrinks_to(session_, 1), 1u);
  must(session_.detach(probe.id));
  EXPECT_EQ(family_shrinks_to(session_, 0), 0u);
}

// Nothing of a child is lost, from before it becomes another program.
TEST_F(SessionTest, FromBeforeTheExec) {
  attach(tracepoint("sched:sched_process_exec"), "{|| count execs }",
         {.pids = {self_pid()}, .follow = true});
  attach(uprobe(), "{|| count hits }", {.pids = {self_pid()}, .follow = true});
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      session_hit(1, "");
      close(STDOUT_FILENO);
      execl(self_path().c_str(), "session_tests", "--gtest_list_tests", nullptr);
      _exit(1);
    }
    waitpid(child, nullptr, 0);
  }
  EXPECT_EQ(must(session_.map_get("execs")), Value(int64_t{20}));
  EXPECT_EQ(must(session_.map_get("hits")), Value(int64_t{20}));
}

TEST_F(SessionTest, AProcessThatIsNotThere) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const auto refused = session_.attach(uprobe(), compile(uprobe(), "{|| count }"),
                                       {.pids = {static_cast<uint32_t>(gone)}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "pid");
}

TEST_F(SessionTest, FollowingNeedsAProcess) {
  const auto refused =
      session_.attach(uprobe(), compile(uprobe(), "{|| count }"), {.follow = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "follow");
}

// What the tests of a namespace find out there, in memory that they share with this process.
struct Seen {
  uint32_t pid = 0;
  uint32_t row_pid = 0;
  uint64_t hits = 0, others = 0, children = 0;
};

// As the first process of a namespace.
void look_around(Seen& seen) {
  host::Session session({});
  const host::Target target = must(session.resolve(Kind::uprobe, self_path(), "session_hit"));
  const Program program = must(bytecode::compile("{|ctx| $ctx.pid }", target.schema, {}));
  const auto own = must(session.attach(target, program, {.pids = {self_pid()}}));
  const pid_t idle = fork();
  if (idle == 0) {
    pause();
    _exit(0);
  }
  const auto other = must(session.attach(target, program, {.pids = {static_cast<uint32_t>(idle)}}));
  const auto family = must(session.attach(
      target, program, {.pids = {self_pid()}, .follow = true, .children_only = true}));
  session_hit(1, "");
  in_child([](pid_t) {}, [] { session_hit(2, ""); });
  session.drain([&](host::Row&& row) {
    if (row.probe == own.id) seen.row_pid = row.pid;
  });
  kill(idle, SIGKILL);
  waitpid(idle, nullptr, 0);
  seen.hits = session.info(own.id)->hits;
  seen.others = session.info(other.id)->hits;
  seen.children = session.info(family.id)->hits;
  seen.pid = self_pid();
}

TEST_F(SessionTest, InAPidNamespaceNumbersAreItsOwn) {
  auto* seen = static_cast<Seen*>(
      mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(seen, MAP_FAILED);
  in_child([](pid_t) {},
           [seen] {
             if (unshare(CLONE_NEWPID) != 0) return;
             const pid_t first = fork();
             if (first == 0) {
               try {
                 look_around(*seen);
               } catch (const std::exception& error) {
                 fprintf(stderr, "%s\n", error.what());
               }
               _exit(0);
             }
             waitpid(first, nullptr, 0);
           });
  EXPECT_EQ(seen->pid, 1u);
  EXPECT_EQ(seen->row_pid, 1u);
  EXPECT_EQ(seen->hits, 1u);
  EXPECT_EQ(seen->others, 0u);
  EXPECT_EQ(seen->children, 1u);
  munmap(seen, sizeof(Seen));
}

}  // namespace
}  // namespace session_test
