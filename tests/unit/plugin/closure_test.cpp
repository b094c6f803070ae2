#include "plugin/closure.hpp"

#include <gtest/gtest.h>

namespace plugin {
namespace {

using Places = std::vector<uint64_t>;

TEST(StringPlaces, SingleQuotesAreVerbatim) {
  EXPECT_EQ(string_places("'abc'", 10, "abc"), (Places{11, 12, 13, 14}));
}

TEST(StringPlaces, RawStringsAreVerbatim) {
  EXPECT_EQ(string_places("r#'a'b'#", 10, "a'b"), (Places{13, 14, 15, 16}));
}

TEST(StringPlaces, DoubleQuotesHaveEscapes) {
  EXPECT_EQ(string_places(R"("a\"b")", 10, "a\"b"), (Places{11, 12, 14, 15}));
  EXPECT_EQ(string_places(R"("\n\u{e9}x")", 0, "\n\xc3\xa9x"), (Places{1, 3, 3, 9, 10}));
}

TEST(StringPlaces, AnotherTextHasNone) {
  EXPECT_TRUE(string_places("$s", 10, "abc").empty());
  EXPECT_TRUE(string_places("\"abd\"", 10, "abc").empty());
  EXPECT_TRUE(string_places("", 10, "abc").empty());
}

}  // namespace
}  // namespace plugin
