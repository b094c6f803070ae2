#include "host/unresolved.hpp"

#include <gtest/gtest.h>

namespace host {
namespace {

void set(UnresolvedCounts& counts, Unresolved why, uint64_t count) {
  counts[static_cast<size_t>(why)] = count;
}

TEST(UnresolvedNote, SaysHowManyAndWhyTheMostFirst) {
  UnresolvedCounts counts = {};
  EXPECT_EQ(unresolved_note(counts), "");
  set(counts, Unresolved::file_gone, 1);
  EXPECT_EQ(
      unresolved_note(counts),
      "in this session no name was found for 1 address: 1 in files that are gone or replaced");
  set(counts, Unresolved::kernel, 9);
  EXPECT_EQ(unresolved_note(counts),
            "in this session no name was found for 10 addresses: 9 in the kernel, which lists no "
            "function there, 1 in "
            "files that are gone or replaced");
}

TEST(UnresolvedNote, EveryReasonHasWords) {
  for (size_t why = 0; why < unresolved_kinds; ++why) {
    UnresolvedCounts counts = {};
    counts[why] = 1;
    EXPECT_GT(unresolved_note(counts).size(), 40u) << why;
  }
}

}  // namespace
}  // namespace host
