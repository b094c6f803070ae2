#include "plugin/custom_commands.hpp"

#include <gtest/gtest.h>

namespace plugin {
namespace {

struct Example {
  std::string before;
  size_t start;
  std::string name;
};

TEST(Heading, StandsBeforeTheBody) {
  const Example examples[] = {
      {"def big [n: int] ", 0, "big"},
      {"def f [] { 1 }\nexport def g [x] ", 22, "g"},
      {"def --env --wrapped \"net send\" [...rest] ", 0, "net send"},
      {"def f (a, b = 3): int -> list<int> ", 0, "f"},
      {"def f [a: record<b: int> = {b: 1}, s = \"]{\"]: [nothing -> int, int -> int] ", 0, "f"},
      {"def f [\n  a  # def not this [x]\n  b  # ]\n] ", 0, "f"},
      {"undef def undefined [x]\n", 6, "undefined"},
      {"module m { def inner [] ", 11, "inner"},
  };
  for (const auto& [before, start, name] : examples) {
    const auto heading = find_heading(before);
    ASSERT_TRUE(heading) << before;
    EXPECT_EQ(heading->start, start) << before;
    EXPECT_EQ(heading->name, name) << before;
    const std::string written =
        before.substr(heading->name_start, heading->name_end - heading->name_start);
    EXPECT_NE(written.find(name), std::string::npos) << before;
  }
}

TEST(Heading, IsNoOtherText) {
  for (const char* before :
       {"", "def", "def ", "def f", "def f ", "def f [", "def f [x", "let f = ", "def f [] { 1 }; ",
        "undef f [] ", "def f [x] if true ", "def \"f [x] "})
    EXPECT_FALSE(find_heading(before)) << before;
}

}  // namespace
}  // namespace plugin
