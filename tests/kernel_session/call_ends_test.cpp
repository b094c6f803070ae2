// Text that is not in memory when a system call begins.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "fixture.hpp"

namespace session_test {
namespace {

using host::AttachOptions;
using host::Kind;
using host::ProbeInfo;
using host::Request;

constexpr const char* path = "/nonexistent/never-read";
constexpr int64_t opens = 10;

// A text in a fresh mapping of a file: only the kernel, asked to open it, brings its page in.
class Unread {
 public:
  explicit Unread(const std::string& text) {
    const int file = memfd_create("text", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, bytes) != 0 ||
        pwrite(file, text.c_str(), text.size() + 1, 0) < 0)
      throw std::runtime_error("no file in memory");
    text_ = static_cast<const char*>(mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0));
    close(file);
    if (text_ == MAP_FAILED) throw std::runtime_error("no mapping");
  }
  ~Unread() { munmap(const_cast<char*>(text_), bytes); }
  Unread(const Unread&) = delete;
  Unread& operator=(const Unread&) = delete;
  const char* text() const { return text_; }

 private:
  static constexpr size_t bytes = 4096;
  const char* text_ = nullptr;
};

void open_unread() {
  for (int64_t i = 0; i < opens; ++i) {
    const Unread unread(path);
    syscall(SYS_openat, -1, unread.text(), 0, 0);
  }
}

const AttachOptions own = {.pids = {self_pid()}};
constexpr const char* row_of_path = "{|ctx| {fd: $ctx.args.dfd, path: $ctx.args.filename} }";

std::vector<Value> rows_with(const Value& text) {
  const Value row(Record{{"fd", Value(int64_t{-1})}, {"path", text}});
  return std::vector<Value>(opens, row);
}

int64_t faults_of(host::Session& session, const ProbeInfo& probe) {
  int64_t count = 0;
  const ProbeInfo info = *session.info(probe.id);
  for (const host::FaultCount& fault : info.faults) count += static_cast<int64_t>(fault.count);
  return count;
}

TEST_F(SessionTest, TextThatIsNotThereAtTheEntryIsReadAtTheEnd) {
  const ProbeInfo probe = attach(tracepoint("syscalls:sys_enter_openat"), row_of_path, own);
  open_unread();
  EXPECT_EQ(values(), rows_with(Value(path)));
  EXPECT_EQ(faults_of(session_, probe), 0);
  EXPECT_EQ(session_.info(probe.id)->hits, static_cast<uint64_t>(opens));
  EXPECT_EQ(session_.info(probe.id)->rows, static_cast<uint64_t>(opens));
}

TEST_F(SessionTest, AKprobeOfASystemCallReadsItAtTheEndToo) {
  const ProbeInfo probe = attach(must(session_.resolve(Kind::kprobe, "openat")), row_of_path, own);
  open_unread();
  EXPECT_EQ(values(), rows_with(Value(path)));
  EXPECT_EQ(faults_of(session_, probe), 0);
}

TEST_F(SessionTest, TextThatIsNotThereDecidesAConditionAllTheSame) {
  attach(tracepoint("syscalls:sys_enter_openat"),
         "{|ctx| if $ctx.args.filename =~ never { count yes } else { count no } }", own);
  open_unread();
  EXPECT_EQ(must(session_.map_get("yes")), Value(opens));
  EXPECT_EQ(must(session_.map_get("no")), Value(int64_t{0}));
}

TEST_F(SessionTest, WhatTheClosureHasDoneIsNotDoneTwice) {
  const ProbeInfo probe = attach(tracepoint("syscalls:sys_enter_openat"),
                                 "{|ctx| count seen; {path: $ctx.args.filename} | emit }", own);
  open_unread();
  EXPECT_EQ(must(session_.map_get("seen")), Value(opens));
  EXPECT_EQ(faults_of(session_, probe), opens);
}

TEST_F(SessionTest, WithoutTheEndSuchTextIsNullAndAFault) {
  host::Session session({.without = {"call ends"}});
  const host::Target target = must(session.resolve(Kind::tracepoint, "syscalls:sys_enter_openat"));
  const ProbeInfo probe = must(session.attach(target, compile(target, row_of_path), own));
  open_unread();
  std::vector<Value> values;
  session.drain([&](host::Row&& row) { values.push_back(std::move(row.value)); }, 1000);
  EXPECT_EQ(values, rows_with(Value(bytecode::Null{})));
  EXPECT_EQ(faults_of(session, probe), opens);
}

TEST_F(SessionTest, ManySystemCallsReadItAtTheEnd) {
  Request request = {.kind = Kind::tracepoint};
  for (const char* call : {"openat", "faccessat", "mkdirat", "unlinkat", "fchmodat"})
    request.targets.push_back(std::string("syscalls:sys_enter_") + call);
  const ProbeInfo probe = attach_all(
      session_, request, "{|ctx| {fd: $ctx.args.dfd, path: (read-str $ctx.arg1)} }", own);
  EXPECT_NE(probe.note.find("by their numbers"), std::string::npos) << probe.note;
  open_unread();
  EXPECT_EQ(values(), rows_with(Value(path)));
}

TEST_F(SessionTest, AClosureThatBeginsToReadTextIsRunAtTheEnd) {
  const host::Target target = tracepoint("syscalls:sys_enter_openat");
  const ProbeInfo probe = attach(target, "{|ctx| if $ctx.args.dfd == 77 { {fd: 0} } }", own);
  must(session_.swap(probe.id, compile(target,
                                       "{|ctx| if $ctx.args.dfd == -1 { {fd: $ctx.args.dfd, "
                                       "path: $ctx.args.filename} } }")));
  open_unread();
  EXPECT_EQ(values(), rows_with(Value(path)));
  EXPECT_EQ(faults_of(session_, probe), 0);
}

TEST_F(SessionTest, BytesAreReadAtTheEndLikeText) {
  attach(tracepoint("syscalls:sys_enter_openat"),
         "{|ctx| {first: (read-mem $ctx.args.filename 4)} }", own);
  open_unread();
  const std::vector<Value> rows = values();
  ASSERT_EQ(rows.size(), static_cast<size_t>(opens));
  for (const Value& row : rows)
    EXPECT_EQ(row, Value(Record{{"first", Value(bytecode::Binary{{'/', 'n', 'o', 'n'}})}}));
}

TEST_F(SessionTest, CallsThatNeverEndKeepTheOthersParking) {
  Request request = {.kind = Kind::tracepoint};
  for (const char* call : {"execve", "openat", "mkdirat", "unlinkat", "fchmodat", "faccessat"})
    request.targets.push_back(std::string("syscalls:sys_enter_") + call);
  attach_all(session_, request, "{|ctx| {fd: -1, path: (read-str $ctx.arg1)} }", own);
  open_unread();
  EXPECT_EQ(values(), rows_with(Value(path)));
}

TEST_F(SessionTest, AProbeThatIsGoneIsNotRunAtTheEnd) {
  const auto folder = std::filesystem::temp_directory_path() / ("ends-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const host::Target target = tracepoint("syscalls:sys_enter_openat");
  const ProbeInfo probe = attach(target, row_of_path, own);
  // Waits in its call for somebody to write.
  std::thread reader([&] {
    const Unread unread(fifo);
    const long fd = syscall(SYS_openat, AT_FDCWD, unread.text(), O_RDONLY, 0);
    if (fd >= 0) close(static_cast<int>(fd));
  });
  while (session_.info(probe.id)->hits == 0) usleep(1000);
  must(session_.detach(probe.id));
  // Another probe, perhaps in the same place.
  attach(target, row_of_path, own);
  const int writer = open(fifo.c_str(), O_WRONLY);
  reader.join();
  close(writer);
  const std::vector<Value> rows = values();
  std::filesystem::remove_all(folder);
  ASSERT_EQ(rows.size(), 1u) << "the writer's own";
}

}  // namespace
}  // namespace session_test
