#include "bytecode/parser/literal_pattern.hpp"

namespace bytecode {

std::optional<LiteralPattern> literal_pattern(std::string_view pattern) {
  constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";
  // Nushell's engine takes a backslash before these for the character itself.
  constexpr std::string_view kEscapable = "\\.+*?()|[]{}^$#&-~/";
  LiteralPattern literal;
  if (pattern.starts_with('^')) {
    literal.at_start = true;
    pattern.remove_prefix(1);
  }
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '$' && i + 1 == pattern.size()) {
      literal.at_end = true;
    } else if (pattern[i] == '\\') {
      if (++i == pattern.size() || kEscapable.find(pattern[i]) == kEscapable.npos) return {};
      literal.text += pattern[i];
    } else if (kSpecial.find(pattern[i]) != kSpecial.npos) {
      return std::nullopt;
    } else {
      literal.text += pattern[i];
    }
  }
  return literal;
}

}  // namespace bytecode
