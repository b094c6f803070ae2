#include "host/frame_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "host/rust_names.hpp"
#include "host/symbol_names.hpp"

namespace host {

namespace {

// Where the bracket that closes at `end - 1` opens; npos where none does.
size_t opening(std::string_view text, size_t end) {
  int depth = 0;
  for (size_t i = end; i-- > 0;) {
    if (text[i] == ')') ++depth;
    if (text[i] == '(' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

// Rust's older mangling looks like C++ and ends in a hash.
bool is_old_rust(std::string_view symbol) {
  constexpr size_t digits = 16;
  constexpr std::string_view mark = "17h";
  symbol = symbol.substr(0, symbol.rfind(".llvm."));
  if (!symbol.starts_with("_ZN") || !symbol.ends_with('E')) return false;
  symbol.remove_suffix(1);
  if (symbol.size() < mark.size() + digits) return false;
  const std::string_view tail = symbol.substr(symbol.size() - mark.size() - digits);
  return tail.starts_with(mark) &&
         std::all_of(tail.begin() + mark.size(), tail.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// "f(int) [clone .constprop.0] [clone .cold]": the suffixes, and the text without them.
std::string take_clones(std::string_view& text) {
  constexpr std::string_view mark = " [clone ";
  std::string suffix;
  while (text.ends_with(']')) {
    const size_t start = text.rfind(mark);
    if (start == std::string_view::npos) break;
    const size_t begin = start + mark.size();
    suffix.insert(0, text.substr(begin, text.size() - 1 - begin));
    text = text.substr(0, start);
  }
  return suffix;
}

}  // namespace

std::string_view without_signature(std::string_view text) {
  std::string_view head = text;
  bool is_more = true;
  while (is_more) {
    is_more = false;
    for (const std::string_view word : {" const", " volatile", " &", " &&", " noexcept"})
      if (head.ends_with(word)) {
        head.remove_suffix(word.size());
        is_more = true;
      }
  }
  // A variable, or a function of C.
  if (!head.ends_with(')')) return text;
  const size_t parameters = opening(head, head.size());
  if (parameters == std::string_view::npos || parameters == 0) return text;
  head = head.substr(0, parameters);
  // Only an instance of a template says what it returns. A conversion has spaces of its own.
  if (head.find('<') == std::string_view::npos || head.find("operator") != std::string_view::npos)
    return head;
  int depth = 0;
  for (size_t i = head.size(); i-- > 0;) {
    const char c = head[i];
    if (c == '>' || c == ')' || c == '}' || c == ']') ++depth;
    if (c == '<' || c == '(' || c == '{' || c == '[') --depth;
    if (c == ' ' && depth == 0) return head.substr(i + 1);
  }
  return head;
}

std::string rust_text(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> letters = {{
      {"$SP$", "@"},
      {"$BP$", "*"},
      {"$RF$", "&"},
      {"$LT$", "<"},
      {"$GT$", ">"},
      {"$LP$", "("},
      {"$RP$", ")"},
      {"$C$", ","},
  }};
  std::string plain;
  bool is_start = true;  // of a part of the path, which may not begin with a dollar sign
  while (!text.empty()) {
    if (is_start && text.starts_with("_$")) text.remove_prefix(1);
    is_start = text.starts_with("::");
    if (text.starts_with("..") || is_start) {
      plain += "::";
      text.remove_prefix(2);
      continue;
    }
    const auto letter = std::find_if(letters.begin(), letters.end(), [&](const auto& entry) {
      return text.starts_with(entry.first);
    });
    const size_t dollar = text.starts_with("$u") ? text.find('$', 1) : std::string_view::npos;
    unsigned code = 0;
    if (letter != letters.end()) {
      plain += letter->second;
      text.remove_prefix(letter->first.size());
    } else if (dollar != std::string_view::npos &&
               std::from_chars(text.data() + 2, text.data() + dollar, code, 16).ptr ==
                   text.data() + dollar &&
               code >= ' ' && code <= '~') {
      plain += static_cast<char>(code);
      text.remove_prefix(dollar + 1);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

std::string hex(uint64_t value) {
  std::array<char, 16> digits = {};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string frame_name(std::string_view symbol) {
  if (is_old_rust(symbol)) return rust_text(demangled(symbol.substr(0, symbol.rfind(".llvm."))));
  if (auto rust = rust_name(symbol)) return std::move(*rust);
  if (!symbol.starts_with("_Z")) return std::string(symbol);
  const std::string whole = demangled(symbol);
  std::string_view text = whole;
  const std::string suffix = take_clones(text);
  return std::string(without_signature(text)) + suffix;
}

}  // namespace host
