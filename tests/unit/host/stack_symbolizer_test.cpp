// Stacks of programs that know the names and lines of places in their own code: living ones, found
// through /proc.
#include "host/stack_symbolizer.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/monotonic.hpp"
#include "tests/workload/expect_frames.hpp"
#include "tests/workload/frames_run.hpp"

namespace host {
namespace {

using workload::expect_all_named;
using workload::frames_of;
using workload::FramesRun;
using workload::program;
using workload::without_offset;

class Programs : public testing::TestWithParam<const char*> {};

TEST_P(Programs, FunctionsLinesAndInlinedCalls) {
  const FramesRun run({program(GetParam())});
  StackSymbolizer symbolizer;
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
  for (const uint64_t count : symbolizer.counts()) EXPECT_EQ(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(StackSymbolizer, Programs,
                         testing::Values("frames", "frames_fixed", "frames_static",
                                         "frames_static_pie", "frames_linked"),
                         [](const auto& one) { return std::string(one.param); });

TEST(StackSymbolizer, NamesOfCplusplus) {
  const FramesRun run({program("frames_classes")});
  StackSymbolizer symbolizer;
  ASSERT_EQ(run.marks().size(), 4u);
  expect_all_named(symbolizer, run, "classes.cpp", monotonic_ns());
}

TEST(StackSymbolizer, WithoutLinesTheFile) {
  const FramesRun run({program("frames_bare")});
  StackSymbolizer symbolizer;
  const Frames frames = frames_of(symbolizer, run.pid(), monotonic_ns(), run.mark("call").address);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(without_offset(frames[0]), "frames_outer [frames_bare]");
}

TEST(StackSymbolizer, WithoutSymbolsTheAddressInTheFile) {
  const FramesRun run({program("frames_stripped")});
  StackSymbolizer symbolizer;
  const Frames frames = frames_of(symbolizer, run.pid(), monotonic_ns(), run.mark("call").address);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].starts_with("0x") && frames[0].ends_with(" [frames_stripped]"))
      << frames[0];
  EXPECT_LT(std::strtoull(frames[0].c_str(), nullptr, 16), 0x100000u);
  EXPECT_GT(symbolizer.counts()[static_cast<size_t>(Unresolved::no_symbol)] +
                symbolizer.counts()[static_cast<size_t>(Unresolved::no_symbols)],
            0u);
}

TEST(StackSymbolizer, WhatIsMappedNowhere) {
  StackSymbolizer symbolizer;
  const uint64_t address = 0x10;
  EXPECT_EQ(symbolizer.user(getpid(), monotonic_ns(), std::span(&address, 1)), Frames{"0x10"});
  EXPECT_EQ(symbolizer.counts()[static_cast<size_t>(Unresolved::no_mapping)], 1u);
  // No process has that number.
  EXPECT_EQ(symbolizer.user(1 << 23, monotonic_ns(), std::span(&address, 1)), Frames{"0x10"});
  EXPECT_EQ(symbolizer.counts()[static_cast<size_t>(Unresolved::no_process)], 1u);
  EXPECT_EQ(StackSymbolizer::raw(std::span(&address, 1)), Frames{"0x10"});
  EXPECT_TRUE(symbolizer.user(getpid(), monotonic_ns(), {}).empty());
}

TEST(StackSymbolizer, FunctionsOfLibraries) {
  StackSymbolizer symbolizer;
  const auto address = reinterpret_cast<uint64_t>(dlsym(RTLD_DEFAULT, "malloc")) + 9;
  const Frames frames = symbolizer.user(getpid(), monotonic_ns(), std::span(&address, 1));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].starts_with("malloc+0x9 ")) << frames[0];
}

TEST(StackSymbolizer, TheKernelsPageInEveryProcess) {
  void* vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (vdso == nullptr) GTEST_SKIP() << "this machine has no vDSO";
  StackSymbolizer symbolizer;
  const auto address = reinterpret_cast<uint64_t>(dlsym(vdso, "__vdso_clock_gettime")) + 2;
  const Frames frames = symbolizer.user(getpid(), monotonic_ns(), std::span(&address, 1));
  EXPECT_EQ(frames, Frames{"clock_gettime+0x2 [vdso]"});
  dlclose(vdso);
}

TEST(StackSymbolizer, CodeThatAProcessMade) {
  constexpr size_t size = 4096;
  void* code = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(code, MAP_FAILED);
  const auto start = reinterpret_cast<uint64_t>(code);
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  const auto line = [&](uint64_t offset, const char* name) {
    std::ofstream(path, std::ios::app) << std::hex << start + offset << " 20 " << name << "\n";
  };
  line(0x40, "old:add");
  line(0x100, "LazyCompile:~main /srv/app.js:12");
  line(0x40, "jit:add");
  StackSymbolizer symbolizer;
  const uint64_t stack[] = {start + 0x44, start + 0x120, start + 0x200};
  const Frames frames = symbolizer.user(getpid(), monotonic_ns(), stack);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0], "jit:add+0x4");
  EXPECT_EQ(frames[1], "LazyCompile:~main /srv/app.js:12+0x20");
  EXPECT_EQ(
      frames[2], "0x" + [&] {
        std::ostringstream text;
        text << std::hex << stack[2];
        return text.str();
      }());
  EXPECT_EQ(symbolizer.counts()[static_cast<size_t>(Unresolved::no_jit_map)], 1u);
  // What is compiled later is found a second later.
  line(0x1f0, "jit:late");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(symbolizer.user(getpid(), monotonic_ns(), stack)[2], "jit:late+0x10");
  unlink(path.c_str());
  munmap(code, size);
}

class InFolder : public testing::Test {
 protected:
  InFolder() {
    folder_ = "/tmp/stacks.XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) folder_.clear();
  }
  ~InFolder() override { std::filesystem::remove_all(folder_); }
  std::string copy(const std::string& name, const std::string& as) {
    const std::string path = folder_ + "/" + as;
    std::filesystem::copy_file(program(name), path,
                               std::filesystem::copy_options::overwrite_existing);
    return path;
  }

  std::string folder_;
};

TEST_F(InFolder, AFileThatIsGone) {
  if (geteuid() != 0) GTEST_SKIP() << "only root sees what is mapped";
  const std::string path = copy("frames", "gone");
  const FramesRun run({path});
  unlink(path.c_str());
  StackSymbolizer symbolizer;
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
}

TEST_F(InFolder, AnotherFileInItsPlaceIsNotTakenForIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root sees what is mapped";
  const std::string path = copy("frames", "replaced");
  const FramesRun run({path});
  unlink(path.c_str());
  copy("frames_classes", "replaced");
  StackSymbolizer symbolizer;
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
}

TEST_F(InFolder, AProcessInARootOfItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may change roots";
  copy("frames_static", "inside");
  const FramesRun run({"/inside"}, folder_);
  StackSymbolizer symbolizer;
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
}

TEST(StackSymbolizer, AnotherProgramUnderTheSameNumber) {
  FramesRun run({program("frames_fixed"), "exec", program("frames_static")});
  StackSymbolizer symbolizer;
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
  run.go_on();
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
}

// The call is a function's last instruction, so its return address is no longer in it.
TEST(StackSymbolizer, ACallThatNeverReturns) {
  FramesRun run({program("frames"), "end"});
  run.go_on();
  StackSymbolizer symbolizer;
  ASSERT_EQ(run.mark("call").name, "frames_end");
  expect_all_named(symbolizer, run, "frames.c", monotonic_ns());
}

TEST(StackSymbolizer, OfTheKernel) {
  StackSymbolizer symbolizer;
  KernelSymbols symbols;
  if (!symbols.readable().ok()) GTEST_SKIP() << "the kernel hides its addresses";
  std::ifstream file("/proc/kallsyms");
  uint64_t start = 0;
  for (std::string line; std::getline(file, line);)
    if (line.ends_with(" vfs_read")) start = std::stoull(line, nullptr, 16);
  ASSERT_NE(start, 0u);
  const uint64_t stack[] = {start, start + 0x10, 0xffff123412341234};
  EXPECT_EQ(symbolizer.kernel(stack),
            (Frames{"vfs_read+0x0", "vfs_read+0x10", "0xffff123412341234"}));
  EXPECT_EQ(symbolizer.counts()[static_cast<size_t>(Unresolved::kernel)], 1u);
  EXPECT_GT(symbolizer.bytes(), 0u);
  symbolizer.rest();
  EXPECT_EQ(symbolizer.bytes(), 0u);
}

}  // namespace
}  // namespace host
