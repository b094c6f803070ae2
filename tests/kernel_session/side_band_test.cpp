// Stacks of processes that have ended before anybody looked, through the events that the kernel
// tells of all processes.
#include "host/side_band.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "host/monotonic.hpp"
#include "host/stack_symbolizer.hpp"
#include "tests/workload/expect_frames.hpp"
#include "tests/workload/frames_run.hpp"

namespace host {
namespace {

using workload::expect_all_named;
using workload::FramesMark;
using workload::FramesRun;
using workload::program;

class SideBandTest : public testing::Test {
 protected:
  SideBandTest() : symbolizer_(ProcessWatch::With::side_band) {
    folder_ = "/tmp/side_band.XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) folder_.clear();
  }
  ~SideBandTest() override { std::filesystem::remove_all(folder_); }
  void SetUp() override {
    if (!std::filesystem::exists(program("frames")))
      GTEST_SKIP() << "the programs with known places are not in this guest";
    if (const auto& refused = symbolizer_.processes().refused())
      GTEST_SKIP() << refused->message << ": " << refused->detail;
  }
  std::string copy(const std::string& name, const std::string& as) const {
    const std::string path = folder_ + "/" + as;
    std::filesystem::copy_file(program(name), path,
                               std::filesystem::copy_options::overwrite_existing);
    return path;
  }
  // Addresses without a name, for whatever reason: which it is depends on how soon the side band
  // has told of the mapping.
  uint64_t unresolved() const {
    uint64_t sum = 0;
    for (const uint64_t count : symbolizer_.counts()) sum += count;
    return sum;
  }

  StackSymbolizer symbolizer_;
  std::string folder_;
};

// A program that has run and ended: what it was, and when it still was.
struct Ended {
  explicit Ended(const std::vector<std::string>& command, const std::string& root = {}) {
    FramesRun run(command, root);
    process = run.pid();
    marks = run.marks();
    time = monotonic_ns();
    run.end();
  }
  pid_t process = 0;
  std::vector<FramesMark> marks;
  uint64_t time = 0;
};

TEST_F(SideBandTest, AProcessThatHasEnded) {
  for (const char* name : {"frames", "frames_fixed", "frames_static", "frames_linked"}) {
    const Ended ended({program(name)});
    expect_all_named(symbolizer_, ended.process, ended.marks, "frames.c", ended.time);
  }
  for (const uint64_t unresolved : symbolizer_.counts()) EXPECT_EQ(unresolved, 0u);
  EXPECT_GT(symbolizer_.processes().account().events, 0u);
  EXPECT_EQ(symbolizer_.processes().account().lost, 0u);
}

TEST_F(SideBandTest, BothProgramsOfAProcess) {
  FramesRun run({program("frames_fixed"), "exec", program("frames_static")});
  const std::vector<FramesMark> first = run.marks();
  const uint64_t first_time = monotonic_ns();
  run.go_on();
  const std::vector<FramesMark> second = run.marks();
  const uint64_t second_time = monotonic_ns();
  // While it lives, the later one first; then both once more.
  expect_all_named(symbolizer_, run.pid(), second, "frames.c", second_time);
  expect_all_named(symbolizer_, run.pid(), first, "frames.c", first_time);
  const pid_t process = run.pid();
  run.end();
  expect_all_named(symbolizer_, process, first, "frames.c", first_time);
  expect_all_named(symbolizer_, process, second, "frames.c", second_time);
}

// Nothing maps anything after the fork.
TEST_F(SideBandTest, AForkHasItsParentsMappings) {
  const auto address = reinterpret_cast<uint64_t>(&workload::program) + 1;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const uint64_t time = monotonic_ns();
  waitpid(child, nullptr, 0);
  const Frames frames = symbolizer_.user(child, time, std::span(&address, 1));
  ASSERT_FALSE(frames.empty());
  EXPECT_TRUE(frames.back().starts_with("workload::program+0x1")) << frames.back();
}

TEST_F(SideBandTest, AFileThatWasReplacedIsNotTrusted) {
  for (const char* name : {"frames", "frames_fixed"}) {
    const std::string path = copy(name, "gone");
    const Ended ended({path});
    // Long enough for a file's time to be another one.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    unlink(path.c_str());
    copy("frames_classes", "gone");
    const uint64_t before = unresolved();
    const Frames frames =
        symbolizer_.user(ended.process, ended.time, std::span(&ended.marks[0].address, 1));
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(frames[0].starts_with("0x") && frames[0].ends_with(" [gone]")) << frames[0];
    EXPECT_EQ(unresolved(), before + 1);
  }
}

// What was opened while the process lived is still known afterwards.
TEST_F(SideBandTest, AFileThatIsGoneButWasOpened) {
  const std::string path = copy("frames_fixed", "gone");
  FramesRun run({path});
  expect_all_named(symbolizer_, run, "frames.c", monotonic_ns());
  const pid_t process = run.pid();
  const std::vector<FramesMark> marks = run.marks();
  const uint64_t time = monotonic_ns();
  unlink(path.c_str());
  run.end();
  expect_all_named(symbolizer_, process, marks, "frames.c", time);
}

// Its parent lives on in the same root, as a container's first process does.
TEST_F(SideBandTest, AnEndedProcessInARootOfItsOwn) {
  copy("frames_static", "frames_static");
  FramesRun parent({"/frames_static", "fork"}, folder_);
  const std::vector<FramesMark> marks = parent.marks();
  parent.go_on();
  const auto child = static_cast<pid_t>(parent.mark("child").address);
  ASSERT_GT(child, 0);
  expect_all_named(symbolizer_, child, marks, "frames.c", monotonic_ns());
}

TEST_F(SideBandTest, ManyProcesses) {
  const auto before = symbolizer_.processes().account();
  constexpr int many = 250;  // more than a buffer holds
  for (int i = 0; i < many; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/true", "true", static_cast<char*>(nullptr));
      _exit(1);
    }
    waitpid(child, nullptr, 0);
  }
  const auto after = symbolizer_.processes().account();
  // A fork, a program, its mappings and an end of each: read before a buffer was full.
  EXPECT_GT(after.events - before.events, many * 5u);
  EXPECT_EQ(after.lost, before.lost);
}

}  // namespace
}  // namespace host
