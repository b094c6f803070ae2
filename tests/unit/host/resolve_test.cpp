// Words to targets on this machine: what is found, and what is said where nothing is.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/session.hpp"
#include "host/tracefs.hpp"

namespace host {
namespace {

using bytecode::ErrorKind;

class Resolve : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "reading tracefs needs root";
  }
  bytecode::Error refused(Kind kind, std::string_view target, std::string_view symbol = {}) {
    const Result<Target> result = session_.resolve(kind, target, symbol);
    EXPECT_FALSE(result.ok()) << target;
    return result.ok() ? bytecode::Error{} : result.error();
  }
  Session session_{SessionOptions{}};
};

TEST_F(Resolve, TracepointSpellings) {
  for (const char* word : {"sched:sched_switch", "sched/sched_switch", "sched_switch"}) {
    const Result<Target> target = session_.resolve(Kind::tracepoint, word);
    ASSERT_TRUE(target.ok()) << word;
    EXPECT_EQ(target->text, "sched:sched_switch");
    EXPECT_EQ(target->schema.target, "tracepoint:sched:sched_switch");
  }
}

TEST_F(Resolve, MissingTracepointNamesTheNearest) {
  const bytecode::Error error = refused(Kind::tracepoint, "sched:sched_swich");
  EXPECT_EQ(error.kind, ErrorKind::target);
  EXPECT_NE(error.hint.find("sched:sched_switch"), std::string::npos) << error.hint;
  EXPECT_NE(refused(Kind::tracepoint, "shed:sched_switch").hint.find("sched:sched_switch"),
            std::string::npos);
  EXPECT_NE(refused(Kind::tracepoint, "sched_swich").hint.find("sched_switch"), std::string::npos);
  refused(Kind::tracepoint, "");
  refused(Kind::tracepoint, ":");
  refused(Kind::tracepoint, "../..:format");
}

TEST_F(Resolve, UprobeByNameOffsetAndAddress) {
  const Result<Target> name = session_.resolve(Kind::uprobe, "libc", "fopen");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->kind, Kind::uprobe);
  EXPECT_NE(name->offset, 0u);
  EXPECT_FALSE(name->schema.registers.empty());
  const Result<Target> joined = session_.resolve(Kind::uprobe, name->path + ":fopen");
  ASSERT_TRUE(joined.ok());
  EXPECT_EQ(joined->offset, name->offset);
  EXPECT_EQ(joined->text, name->path + ":fopen");
  Request request;
  request.kind = Kind::uprobe;
  request.targets = {"libc"};
  request.symbols = {"fopen+0x4"};
  request.is_unsafe = true;
  const Result<Resolution> inside = session_.resolve(request);
  ASSERT_TRUE(inside.ok());
  EXPECT_EQ(inside->targets.front().offset, name->offset + 4);
}

TEST_F(Resolve, MissingFunctionNamesTheNearest) {
  const bytecode::Error error = refused(Kind::uprobe, "libc", "fopne");
  EXPECT_EQ(error.kind, ErrorKind::target);
  EXPECT_NE(error.hint.find("fopen"), std::string::npos) << error.hint;
  EXPECT_EQ(refused(Kind::uprobe, "/nonexistent", "main").kind, ErrorKind::target);
  refused(Kind::uprobe, "libc", "fopen+0xfffffff");
  refused(Kind::uprobe, "libc", "fopen+x");
  refused(Kind::uprobe, "libc", "0x1");
  refused(Kind::uprobe, "libc");
  refused(Kind::uprobe, "/etc/passwd", "main");
}

TEST_F(Resolve, Kprobes) {
  for (const char* word : {"openat", "sys_openat", "__x64_sys_openat"}) {
    const Result<Target> target = session_.resolve(Kind::kprobe, word);
    ASSERT_TRUE(target.ok()) << word;
    EXPECT_EQ(target->kind, Kind::kprobe);
    EXPECT_EQ(target->text, word);
    ASSERT_NE(target->schema.find_arg("filename"), nullptr) << word;
    EXPECT_EQ(target->schema.find_arg("filename")->kind, bytecode::FieldKind::string);
    EXPECT_EQ(target->schema.registers.size(), 6u);
  }
  const bytecode::Error error = refused(Kind::kprobe, "sys_opeant");
  EXPECT_EQ(error.kind, ErrorKind::target);
  EXPECT_NE(error.hint.find("openat"), std::string::npos) << error.hint;
  EXPECT_EQ(refused(Kind::kprobe, "no_such_function_at_all").kind, ErrorKind::target);
  refused(Kind::kprobe, "");
  refused(Kind::kprobe, "do_sys_openat2+zzz");
}

TEST_F(Resolve, KernelFunctionWhereThereAreNoKprobes) {
  if (access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0)
    GTEST_SKIP() << "this kernel has kprobes";
  const bytecode::Error error = refused(Kind::kprobe, "vfs_read");
  EXPECT_NE(error.message.find("no kprobes"), std::string::npos);
  const Result<Target> known = session_.resolve(Kind::kprobe, "ksys_read");
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(known->event, "sys_enter_read");
  EXPECT_NE(known->note.find("no kprobes"), std::string::npos);
}

// In a mount namespace of its own, without any tracefs, and nothing is mounted afterwards.
TEST_F(Resolve, TracefsThatIsNotMounted) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0) _exit(2);
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    umount2("/sys/kernel/tracing", MNT_DETACH);
    umount2("/sys/kernel/debug", MNT_DETACH);
    const bytecode::Result<Tracefs> tracefs = Tracefs::open();
    if (!tracefs.ok()) _exit(3);
    if (!tracefs->has_event("sched", "sched_switch")) _exit(4);
    if (!tracefs->format("sched", "sched_switch").ok()) _exit(5);
    if (access("/sys/kernel/tracing/events", F_OK) == 0) _exit(6);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace host
