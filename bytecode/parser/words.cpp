// Values that are one word, and the pieces of words that ranges are made of.

#include "bytecode/parser/impl.hpp"
#include "bytecode/parser/literals.hpp"

namespace bytecode {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

// One past the quote that closes the one at `start`; the end of the text where none does.
size_t past_quote(std::string_view text, size_t start) {
  for (size_t i = start + 1; i < text.size(); ++i) {
    if (text[start] == '"' && text[i] == '\\')
      ++i;
    else if (text[i] == text[start])
      return i + 1;
  }
  return text.size();
}

// `a."b c".d?`; `at` is its place. Nothing where it is no path.
std::optional<std::vector<ast::Member>> path_members(std::string_view text, uint32_t at) {
  std::vector<ast::Member> result;
  for (size_t i = 0;; ++i) {  // at the start of a member, behind the dot
    size_t start = i;
    ast::Member member;
    if (i < text.size() && is_quote(text[i])) {
      i = past_quote(text, i);
      std::string_view inner = text.substr(start + 1, i - start < 2 ? 0 : i - start - 2);
      member.name = inner;
      if (text[start] == '"') {
        Result<std::string> plain = unescape(inner, at);
        if (!plain) return std::nullopt;
        member.name = std::move(plain).value();
      }
    } else {
      i = std::min(text.find_first_of(".?!\"'`", start), text.size());
      member.name = text.substr(start, i - start);
      if (member.name.empty()) return std::nullopt;
    }
    member.span = {at + static_cast<uint32_t>(start), at + static_cast<uint32_t>(i)};
    while (i < text.size() && (text[i] == '?' || text[i] == '!'))
      member.optional |= text[i++] == '?';
    result.push_back(std::move(member));
    if (i == text.size()) return result;
    if (text[i] != '.') return std::nullopt;
  }
}

// The digits of 0x[...], 0b[...] and 0o[...]: so many make a byte.
struct BinaryBase {
  std::string_view prefix;
  unsigned base;
  size_t digits;
};
constexpr BinaryBase binary_bases[] = {{"0x", 16, 2}, {"0b", 2, 8}, {"0o", 8, 3}};

std::optional<Binary> bytes_of(const BinaryBase& base, std::string digits) {
  digits.insert(0, (base.digits - digits.size() % base.digits) % base.digits, '0');
  Binary result;
  for (size_t i = 0; i < digits.size(); i += base.digits) {
    unsigned byte = 0;
    for (char c : digits.substr(i, base.digits)) {
      unsigned digit = is_digit(c) ? static_cast<unsigned>(c - '0')
                                   : static_cast<unsigned>((c | 0x20) - 'a') + 10;
      if (digit >= base.base) return std::nullopt;
      byte = byte * base.base + digit;
    }
    if (byte > 255) return std::nullopt;
    result.bytes.push_back(static_cast<uint8_t>(byte));
  }
  return result;
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
                 c == '-' || (c & 0x80);
    if (!plain) return false;
  }
  return true;
}

bool is_number_word(std::string_view word) {
  size_t digit = word.find_first_not_of("+-.");
  return digit != std::string_view::npos && digit <= 2 && is_digit(word[digit]);
}

size_t range_operator(std::string_view word) {
  for (size_t i = 0; i + 1 < word.size(); ++i) {
    if (is_quote(word[i]))
      i = past_quote(word, i) - 1;
    else if (word[i] == '.' && word[i + 1] == '.')
      return i;
  }
  return std::string_view::npos;
}

// Whether all that stands between the `..` could be a number; `..` alone may be one with what is
// glued to it.
bool is_range_word(std::string_view word) {
  size_t dots = range_operator(word);
  if (dots == std::string_view::npos || word.starts_with("...")) return false;
  while (true) {
    std::string_view end = word.substr(0, dots);
    if (!end.empty() && !end.starts_with('$') && !is_number_word(end)) return false;
    if (dots == std::string_view::npos) return true;
    word.remove_prefix(dots + 2);
    if (word.starts_with('<') || word.starts_with('=')) word.remove_prefix(1);
    dots = range_operator(word);
  }
}

bool is_value_word(std::string_view word) {
  return word.starts_with('$') || word.starts_with("...$") || is_number_word(word) ||
         is_range_word(word) || word == "not" || parse_literal(word);
}

// A word; where it begins a range, the whole range.
ast::ExprPtr Parser::word_value() {
  const Token& token = take();
  std::string_view word = token.text;
  if (word.starts_with("..."))
    return fail(token.span, "`...` is only for the items of a list, a record or a call",
                "nothing to spread into", "remove the dots");
  if (at_glued(TokenKind::lbracket))
    for (const BinaryBase& base : binary_bases)
      if (word == base.prefix) return binary_literal(token);
  if (!is_range_word(word) ||
      (word.find_first_not_of(".<=") == std::string_view::npos && !at_glued(TokenKind::lparen)))
    return piece(word, token.span);
  size_t dots = range_operator(word);
  std::string_view from = word.substr(0, dots);
  uint32_t at = token.span.start + static_cast<uint32_t>(dots);
  ExprPtr start = from.empty() ? nullptr : piece(from, {token.span.start, at});
  return range(std::move(start), word.substr(dots), at);
}

// A word that is no range.
ast::ExprPtr Parser::piece(std::string_view word, Span span) {
  if (word.starts_with("$."))
    return fail(span, "a cell path cannot be a value in a probe", "a path without a value",
                "write the path as an argument: get a.b");
  if (word.starts_with('$')) return variable(word.substr(1), span);
  if (std::optional<Value> value = parse_literal(word))
    return make(span, ast::Literal{*value, false});
  if (is_date(word))
    return fail(span, "`" + std::string(word) + "` is not a date", "not a date",
                "dates are from 1678 to 2261: 2024-01-02T10:00:00");
  bool digit = !word.empty() && is_digit(word[0]);
  if (digit && glued_operator(word, span)) return make(span, ast::Literal{});
  if (is_operator_word(word))
    return fail(span, "unexpected operator `" + std::string(word) + "`", "expected a value",
                columns_        ? "a condition begins with a column or a value: where size > 1kb"
                : in_condition_ ? "inside parentheses write a field as $it.NAME"
                                : "put a calculation into parentheses: (1 + 2)");
  if (digit)
    return fail(span, "`" + std::string(word) + "` is not a number", "not a number",
                "quote it if it is text: \"" + std::string(word) + "\"");
  return make(span, ast::Literal{Value(std::string(word)), true});
}

// 0x[ff 00]: the white space between the digits means nothing.
ast::ExprPtr Parser::binary_literal(const Token& token) {
  const BinaryBase& base =
      *std::find_if(std::begin(binary_bases), std::end(binary_bases),
                    [&token](const BinaryBase& row) { return token.text == row.prefix; });
  take();
  std::string digits;
  while (at(TokenKind::word) || at(TokenKind::comma)) {
    const Token& part = take();
    if (part.kind == TokenKind::comma) continue;
    for (char c : part.text)
      if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
        return fail(part.span, "not a digit in a binary value", "not a digit",
                    "write bytes: 0x[ff 00]");
    digits += part.text;
  }
  if (!at(TokenKind::rbracket))
    return fail(peek().span, "not a digit in a binary value", "not a digit",
                "write bytes: 0x[ff 00]");
  take();
  std::optional<Binary> bytes = bytes_of(base, std::move(digits));
  if (!bytes)
    return fail(since(token.span.start), "not a binary value",
                "not bytes of base " + std::to_string(base.base), "write bytes: 0x[ff 00]");
  return make(since(token.span.start), ast::Literal{Value(std::move(*bytes)), false});
}

// `text` is the word without the $, at the end of the span.
ast::ExprPtr Parser::variable(std::string_view text, Span span) {
  uint32_t at = span.end - static_cast<uint32_t>(text.size());
  size_t dot = text.find('.');
  std::string_view name = text.substr(0, dot);
  if (glued_operator(text, span)) return make(span, ast::Literal{});
  Span name_span{span.start, at + static_cast<uint32_t>(name.size())};
  if (!is_name(name))
    return fail(name_span, "not a variable name", "not a name",
                "a name has letters, digits, `_` and `-`");
  ExprPtr base = make(name_span, ast::Variable{std::string(name)});
  if (dot == std::string_view::npos) return base;
  ast::Path path{std::move(base), members(text.substr(dot), at + static_cast<uint32_t>(dot))};
  return make(span, std::move(path), 1);
}

// `.a."b c".d?`, beginning with the dot.
std::vector<ast::Member> Parser::members(std::string_view text, uint32_t at) {
  std::optional<std::vector<ast::Member>> result = path_members(text.substr(1), at + 1);
  if (result) return std::move(*result);
  fail({at, at + static_cast<uint32_t>(text.size())}, "not a path to a field", "not a path",
       "write $ctx.NAME or $ctx.args.NAME");
  return {};
}

bool Parser::glued_operator(std::string_view text, Span span) {
  size_t quote = text.find_first_of("\"'`");
  size_t at = text.substr(0, quote).find_first_of("<>=!+*/%&^");
  // In a word that begins with a digit a minus is one too; in a name it is a letter.
  if (at == std::string_view::npos && !text.empty() && is_digit(text[0])) at = text.find('-');
  if (at == std::string_view::npos) return false;
  if (text[at] == '!' && (at + 1 == text.size() || text[at + 1] != '=')) return false;  // .Name!
  size_t end = std::min(text.find_first_not_of("<>=!+*/%&^-", at), text.size());
  std::string op(text.substr(at, end - at));
  std::string_view word = this->text(span);
  size_t before = at + word.size() - text.size();  // the word may have a $ in front
  if (before == 0) return false;
  fail(span, "no spaces around `" + op + "`", "read as one word",
       "write " + std::string(word.substr(0, before)) + " " + op + " " +
           std::string(text.substr(end)));
  return true;
}

std::optional<std::vector<ast::Member>> parse_cell_path(std::string_view text, Span span) {
  if (text.starts_with("$.")) return path_members(text.substr(2), span.start + 2);
  return path_members(text, span.start);
}

}  // namespace bytecode
