// Which programs keep frame pointers, by their code.
#include "host/frame_pointers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/monotonic.hpp"
#include "host/stack_symbolizer.hpp"
#include "tests/workload/frames_run.hpp"

namespace host {
namespace {

FramePointers of(const std::string& path) {
  const auto file = ElfFile::open(path);
  EXPECT_TRUE(file.ok()) << path;
  return file ? frame_pointers_of(*file) : FramePointers::unknown;
}

#if defined(__x86_64__)

TEST(FramePointers, ByTheCode) {
  EXPECT_EQ(of(workload::program("frames")), FramePointers::kept);
  EXPECT_EQ(of(workload::program("frames_linked")), FramePointers::kept);
  EXPECT_EQ(of(workload::program("frames_bare")), FramePointers::omitted);
  EXPECT_EQ(of(workload::program("frames_stripped")), FramePointers::omitted);
  // With a libc that has none in it.
  EXPECT_NE(of(workload::program("frames_static")), FramePointers::kept);
}

TEST(FramePointers, AShortStackThroughAProgramWithoutThemIsNoted) {
  StackSymbolizer symbolizer;
  const auto leaf_of = [&](const workload::FramesRun& run, size_t depth) {
    const std::vector<uint64_t> stack(depth, run.mark("entry").address);
    symbolizer.user(run.pid(), monotonic_ns(), stack);
  };
  const workload::FramesRun with({workload::program("frames")});
  leaf_of(with, 1);
  const workload::FramesRun without({workload::program("frames_bare")});
  leaf_of(without, 3);
  EXPECT_EQ(symbolizer.frame_pointer_note(), "");
  leaf_of(without, 1);
  leaf_of(without, 2);
  EXPECT_EQ(symbolizer.frame_pointer_note(),
            "2 stacks end after one or two frames because frames_bare was built without frame "
            "pointers; build it with -fno-omit-frame-pointer");
  const workload::FramesRun stripped({workload::program("frames_stripped")});
  leaf_of(stripped, 1);
  EXPECT_EQ(symbolizer.frame_pointer_note(),
            "3 stacks end after one or two frames because frames_bare, frames_stripped were built "
            "without frame pointers; build them with -fno-omit-frame-pointer");
}

#endif

}  // namespace
}  // namespace host
