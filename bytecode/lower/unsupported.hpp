// What of Nushell a probe has not, and what to do instead: so that a refusal says more than that a
// word is unknown.
#pragma once

#include <string_view>

namespace bytecode {

inline constexpr std::string_view kInNushell =
    "send the raw values, and do it in Nushell on the rows";

// A command, by the first word of its name. Nothing where it is none that we know.
struct UnsupportedCommand {
  std::string_view name;
  std::string_view hint;
};
const UnsupportedCommand* find_unsupported(std::string_view command);

// A flag, long or short, of a command that a probe has.
struct UnsupportedFlag {
  std::string_view command;
  std::string_view name;
  std::string_view letter;  // "-r"; empty where there is none
  std::string_view label;
  std::string_view hint;
};
const UnsupportedFlag* find_unsupported_flag(std::string_view command, std::string_view flag);

}  // namespace bytecode
