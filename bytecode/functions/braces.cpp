// `str expand`: what a text with braces stands for.
//
//   a{b,c{1..3}}d     abd ac1d ac2d ac3d
//
// A backslash takes the next character as it is. Nushell wants at least one pair of braces, a list
// with commas or a range of numbers in it; whatever else is an error there, as it is here.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

// More texts than this are not made, and braces no deeper: then there is no value.
constexpr size_t kMostTexts = 10'000;
constexpr int kDeepest = 100;

enum class Kind : uint8_t { open, close, comma, dots, text, number };

struct Token {
  Kind kind;
  std::string text;
};

using Tokens = std::span<const Token>;
using Texts = std::optional<std::vector<std::string>>;

bool is_brace(const Token& token) { return token.kind == Kind::open || token.kind == Kind::close; }
bool is_dots(const Token& token) { return token.kind == Kind::dots; }
bool is_word(const Token& token) { return token.kind == Kind::text || token.kind == Kind::number; }

// Letters and digits come apart, for ranges are of digits alone.
//
// Dots that are no range, and a dot at the end, do not end the digits before them: as in Nushell,
// which makes `..21a` of `2..{1a}`.
class Lexer {
 public:
  std::optional<std::vector<Token>> tokens_of(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) take(text, i);
    flush_both();
    const bool has_pair = opened_ > 0 && closed_ > 0;
    return has_pair ? std::optional(std::move(tokens_)) : std::nullopt;
  }

 private:
  void take(std::string_view text, size_t& at) {
    const char c = text[at];
    if (c == '\\') {
      if (++at < text.size()) letter(text[at]);
    } else if (c == '{') {
      sign(Kind::open, c);
      ++opened_;
    } else if (c == '}') {
      sign(Kind::close, c);
      ++closed_;
    } else if (c == ',') {
      sign(Kind::comma, c);
    } else if (text.substr(at, 2) == "..") {
      if (opened_ > closed_) {
        sign(Kind::dots, c);
      } else {
        letters_ += "..";
      }
      ++at;
    } else if (c >= '0' && c <= '9') {
      flush(Kind::text, letters_);
      digits_ += c;
    } else if (c == '.' && at + 1 == text.size()) {
      letters_ += c;
    } else {
      letter(c);
    }
  }

  void letter(char c) {
    if (!digits_.empty()) flush_both();
    letters_ += c;
  }

  void sign(Kind kind, char c) {
    flush_both();
    tokens_.push_back({kind, std::string(1, c)});
  }

  void flush_both() {
    flush(Kind::text, letters_);
    flush(Kind::number, digits_);
  }

  void flush(Kind kind, std::string& word) {
    if (!word.empty()) tokens_.push_back({kind, word});
    word.clear();
  }

  std::vector<Token> tokens_;
  std::string letters_, digits_;
  size_t opened_ = 0, closed_ = 0;
};

// The words of a place where nothing else may stand.
Texts plain(Tokens tokens) {
  std::string text;
  for (const Token& token : tokens) {
    if (!is_word(token)) return std::nullopt;
    text += token.text;
  }
  return std::vector{std::move(text)};
}

std::optional<uint64_t> number(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional(value) : std::nullopt;
}

// `08..010`: as wide as the wider end, if one of them begins with a zero.
Texts range(Tokens tokens) {
  std::string ends[2];
  int side = 0;
  for (const Token& token : tokens) {
    if (token.kind == Kind::number) {
      ends[side] += token.text;
    } else if (!is_dots(token) || ends[0].empty() || ++side > 1) {
      return std::nullopt;
    }
  }
  const std::optional<uint64_t> first = number(ends[0]), last = number(ends[1]);
  if (!first || !last) return std::nullopt;
  const auto is_padded = [](const std::string& end) { return end.size() > 1 && end[0] == '0'; };
  const bool padded = is_padded(ends[0]) || is_padded(ends[1]);
  const size_t width = padded ? std::max(ends[0].size(), ends[1].size()) : 0;
  std::vector<std::string> texts;
  for (uint64_t i = *first; i <= *last; ++i) {
    if (texts.size() == kMostTexts) return std::nullopt;
    std::string digits = std::to_string(i);
    if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
    texts.push_back(std::move(digits));
  }
  return texts;
}

Texts every_pair(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  if (left.size() * right.size() > kMostTexts) return std::nullopt;
  std::vector<std::string> texts;
  for (const std::string& a : left) {
    for (const std::string& b : right) texts.push_back(a + b);
  }
  return texts;
}

Texts expanded(Tokens tokens, int depth);

// What stands between two commas, or alone in its braces: only there is a range one.
Texts item(Tokens tokens, bool alone, int depth) {
  if (alone && std::any_of(tokens.begin(), tokens.end(), is_dots)) return range(tokens);
  if (std::any_of(tokens.begin(), tokens.end(), is_brace)) return expanded(tokens, depth);
  return plain(tokens);
}

Texts items(Tokens tokens, int depth) {
  std::vector<Tokens> parts;
  size_t begin = 0;
  int open = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Kind::open) ++open;
    if (tokens[i].kind == Kind::close) --open;
    if (tokens[i].kind != Kind::comma || open > 0) continue;
    parts.push_back(tokens.subspan(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(tokens.subspan(begin));
  std::vector<std::string> texts;
  for (const Tokens part : parts) {
    const Texts some = item(part, parts.size() == 1, depth);
    if (!some || texts.size() + some->size() > kMostTexts) return std::nullopt;
    texts.insert(texts.end(), some->begin(), some->end());
  }
  return texts;
}

// Words, a pair of braces, and whatever follows. The last brace may be missing.
Texts expanded(Tokens tokens, int depth) {
  if (depth > kDeepest) return std::nullopt;
  const auto opening = std::find_if(tokens.begin(), tokens.end(), is_brace);
  const Tokens before = tokens.first(static_cast<size_t>(opening - tokens.begin()));
  Tokens inside = tokens.subspan(before.size()), behind;
  if (inside.empty() || inside.front().kind != Kind::open) return std::nullopt;
  inside = inside.subspan(1);
  int open = 1;
  for (size_t i = 0; i < inside.size() && open > 0; ++i) {
    if (inside[i].kind == Kind::open) ++open;
    if (inside[i].kind == Kind::close && --open == 0) {
      behind = inside.subspan(i + 1);
      inside = inside.first(i);
    }
  }
  const Texts first = plain(before), middle = items(inside, depth + 1);
  const bool goes_on = std::any_of(behind.begin(), behind.end(), is_brace);
  const Texts rest = goes_on ? expanded(behind, depth + 1) : plain(behind);
  if (!first || !middle || !rest) return std::nullopt;
  const Texts begun = every_pair(*first, *middle);
  return begun ? every_pair(*begun, *rest) : std::nullopt;
}

}  // namespace

Answer str_expand(Args args) {
  const bool is_path = flag(args, 1);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    std::string text;
    for (const char c : string) text += is_path && c == '\\' ? "\\\\" : std::string(1, c);
    const std::optional<std::vector<Token>> tokens = Lexer().tokens_of(text);
    const Texts texts = tokens ? expanded(*tokens, 0) : std::nullopt;
    return texts ? Answer(List(texts->begin(), texts->end())) : std::nullopt;
  });
}

}  // namespace bytecode::functions
