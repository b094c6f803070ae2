#include "plugin/module.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <string>
#include <string_view>

#include "bytecode/compile.hpp"

namespace plugin {
namespace {

// The `export const NAME = VALUE` lines of the module, as values.
std::map<std::string, bytecode::Value> exported() {
  std::map<std::string, bytecode::Value> values;
  std::string_view text = module_text;
  constexpr std::string_view prefix = "export const ";
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    const size_t equals = line.find(" = ");
    const std::string name(line.substr(0, equals));
    const std::string_view value = line.substr(equals + 3);
    if (value.starts_with("\"\\e")) {
      values[name] = "\x1b" + std::string(value.substr(3, value.size() - 4));
    } else {
      int64_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      values[name] = number;
    }
  }
  return values;
}

TEST(Module, ExportsTheCompilersSentinels) {
  const auto values = exported();
  for (const char* name : {"pid", "tid", "uid", "gid", "cpu", "comm"}) {
    ASSERT_TRUE(values.contains(name)) << name;
    EXPECT_EQ(values.at(name), bytecode::sentinel(name)) << name;
  }
  EXPECT_EQ(values.size(), 6u);
}

}  // namespace
}  // namespace plugin
