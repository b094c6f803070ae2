// What the programs that print places in their own code say of them, compared with what they are
// found under.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "host/stack_symbolizer.hpp"
#include "tests/workload/frames_run.hpp"

namespace workload {

// The lines of one return address.
inline host::Frames frames_of(host::StackSymbolizer& symbolizer, pid_t process, uint64_t time,
                              uint64_t address) {
  const uint64_t stack[] = {address, address};
  host::Frames leaf = symbolizer.user(process, time, std::span(stack, 1));
  host::Frames both = symbolizer.user(process, time, stack);
  both.erase(both.begin(), both.begin() + static_cast<ptrdiff_t>(leaf.size()));
  return both;
}

// "name+0x12 (file:3)" without its offset.
inline std::string without_offset(const std::string& frame) {
  const size_t plus = frame.rfind("+0x");
  if (plus == std::string::npos) return frame;
  return frame.substr(0, plus) + frame.substr(std::min(frame.find(' ', plus), frame.size()));
}

inline std::string place(const std::string& file, int line) {
  return " (" + file + ":" + std::to_string(line) + ")";
}

inline void expect_all_named(host::StackSymbolizer& symbolizer, pid_t process,
                             const std::vector<FramesMark>& marks, const std::string& file,
                             uint64_t time) {
  ASSERT_FALSE(marks.empty());
  for (const FramesMark& mark : marks) {
    if (mark.kind == "entry") {
      const host::Frames leaf = symbolizer.user(process, time, std::span(&mark.address, 1));
      ASSERT_EQ(leaf.size(), 1u);
      EXPECT_TRUE(leaf[0].starts_with(mark.name + "+0x0 (" + file)) << leaf[0];
    } else if (mark.kind == "call") {
      const host::Frames frames = frames_of(symbolizer, process, time, mark.address);
      ASSERT_EQ(frames.size(), 1u) << mark.name;
      EXPECT_EQ(without_offset(frames[0]), mark.name + place(file, mark.line));
    } else {
      const host::Frames frames = frames_of(symbolizer, process, time, mark.address);
      ASSERT_EQ(frames.size(), 2u) << mark.name;
      EXPECT_EQ(frames[0], mark.name + place(file, mark.line) + " [inlined]");
      EXPECT_EQ(without_offset(frames[1]), mark.by + place(file, mark.by_line));
    }
  }
}

inline void expect_all_named(host::StackSymbolizer& symbolizer, const FramesRun& run,
                             const std::string& file, uint64_t time) {
  expect_all_named(symbolizer, run.pid(), run.marks(), file, time);
}

}  // namespace workload
