// The regular expressions that need no engine: a plain text, anchored or not.
//
//   literal_pattern("a\\.out$")    {"a.out", at_end}
//   literal_pattern("a.out")       nothing: the dot is any character
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bytecode {

struct LiteralPattern {
  std::string text;
  bool at_start = false;
  bool at_end = false;
};

std::optional<LiteralPattern> literal_pattern(std::string_view pattern);

}  // namespace bytecode
