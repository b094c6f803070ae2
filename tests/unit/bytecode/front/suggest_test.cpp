#include "bytecode/suggest.hpp"

#include <gtest/gtest.h>

namespace bytecode {
namespace {

TEST(Suggest, Distance) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("count", "cuont"), 1u) << "neighbours swapped";
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, NearestFirstAndNoneTooFar) {
  EXPECT_EQ(nearest("pidd", {"uid", "tid", "pid", "comm"}), (std::vector<std::string>{"pid"}));
  EXPECT_TRUE(nearest("quux", {"pid", "comm"}).empty());
  EXPECT_TRUE(nearest(std::string(1000, 'a'), {std::string(1000, 'a')}).empty());
}

TEST(Suggest, Sentence) {
  EXPECT_EQ(did_you_mean("cuont", {"count", "emit"}), "did you mean `count`?");
  EXPECT_EQ(did_you_mean("xid", {"uid", "tid"}, "$"), "did you mean `$tid` or `$uid`?");
  EXPECT_EQ(did_you_mean("zzzz", {"uid"}), "");
}

}  // namespace
}  // namespace bytecode
