#include "tests/cases/value_text.hpp"

#include <cctype>
#include <charconv>
#include <optional>

#include "bytecode/parser/literals.hpp"

namespace cases {
namespace {

using bytecode::Error;
using bytecode::List;
using bytecode::Record;
using bytecode::Result;
using bytecode::Value;

Error wrong(std::string message) {
  Error error;
  error.kind = bytecode::ErrorKind::argument;
  error.message = std::move(message);
  return error;
}

bool take(std::string_view& text, std::string_view token) {
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

void append_utf8(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

Result<std::string> take_quoted(std::string_view& text) {
  std::string out;
  text.remove_prefix(1);
  while (!text.empty() && text[0] != '"') {
    char c = text[0];
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      c = text[0];
      text.remove_prefix(1);
      if (c == 'u' && text.starts_with("{")) {
        uint32_t code = 0;
        const auto [end, error] =
            std::from_chars(text.data() + 1, text.data() + text.size(), code, 16);
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        if (error != std::errc{} || !take(text, "}")) return wrong("\\u{...} is not closed");
        append_utf8(out, code);
        continue;
      }
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    out += c;
  }
  if (!take(text, "\"")) return wrong("a string is not closed");
  return out;
}

// The word of a number: digits, a unit, a point, the dots of a range.
std::string_view take_number_word(std::string_view& text) {
  size_t length = 1;
  while (length < text.size() && (std::isalnum(static_cast<unsigned char>(text[length])) ||
                                  std::string_view("_.<-+").find(text[length]) != text.npos))
    ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

// Any 64 bits, signed or not; nothing where the word is something else.
std::optional<int64_t> whole_number(std::string_view word) {
  const bool negative = take(word, "-");
  const int base = take(word, "0x") ? 16 : 10;
  uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), magnitude, base);
  if (error != std::errc{} || end != word.data() + word.size()) return {};
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

// `1..5`, `1..<5`, `1..3..9`, `1..`.
std::optional<bytecode::Range> range(std::string_view word) {
  bytecode::Range range;
  const size_t first = word.find(".."), last = word.rfind("..");
  std::string_view end = word.substr(last + 2);
  range.inclusive = !take(end, "<");
  const std::optional<int64_t> start = whole_number(word.substr(0, first));
  range.end = whole_number(end);
  if (!start || (!range.end && !end.empty())) return {};
  range.start = *start;
  if (range.end && *range.end < *start) range.step = -1;
  if (first == last) return range;
  const std::optional<int64_t> next = whole_number(word.substr(first + 2, last - first - 2));
  if (!next) return {};
  range.step = *next - *start;
  return range;
}

// `0x[0a ff]`
Result<Value> take_binary(std::string_view& text) {
  bytecode::Binary binary;
  take(text, "0x[");
  for (skip_space(text); !take(text, "]"); skip_space(text)) {
    uint8_t byte = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 2), byte, 16);
    if (error != std::errc{}) return wrong("no byte: " + std::string(text));
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    binary.bytes.push_back(byte);
  }
  return Value(std::move(binary));
}

Result<Value> take_number(std::string_view& text) {
  const std::string_view word = take_number_word(text);
  if (const auto number = whole_number(word)) return Value(*number);
  if (word.find("..") != word.npos) {
    if (const auto numbers = range(word)) return Value(*numbers);
  } else if (auto value = bytecode::parse_literal(word)) {
    return std::move(*value);
  }
  return wrong("no value: " + std::string(word));
}

Result<Value> take_list(std::string_view& text, const Symbols& symbols) {
  List list;
  text.remove_prefix(1);
  for (skip_space(text); !take(text, "]"); skip_space(text)) {
    Result<Value> item = take_value(text, symbols);
    if (!item) return item;
    list.push_back(std::move(*item));
    take(text, ",");
  }
  return Value(std::move(list));
}

Result<Value> take_record(std::string_view& text, const Symbols& symbols) {
  Record record;
  text.remove_prefix(1);
  for (skip_space(text); !take(text, "}"); skip_space(text)) {
    Result<std::string> name = take_name(text);
    if (!name) return name.error();
    skip_space(text);
    if (!take(text, ":")) return wrong("a record needs a colon after " + *name);
    Result<Value> item = take_value(text, symbols);
    if (!item) return item;
    record.emplace_back(std::move(*name), std::move(*item));
    take(text, ",");
  }
  return Value(std::move(record));
}

Result<Value> take_word(std::string_view& text, const Symbols& symbols) {
  const bool symbol = take(text, "$");
  Result<std::string> word = take_name(text);
  if (!word) return word.error();
  if (symbol) {
    const auto found = symbols.find(*word);
    return found == symbols.end() ? Result<Value>(wrong("no such value: $" + *word))
                                  : Result<Value>(found->second);
  }
  if (*word == "null") return Value();
  if (*word == "true") return Value(true);
  if (*word == "false") return Value(false);
  if (*word == "date") {
    skip_space(text);
    Result<Value> number = take_number(text);
    if (!number) return number;
    const int64_t* nanoseconds = number->get_if<int64_t>();
    if (nanoseconds != nullptr) return Value(bytecode::Date{*nanoseconds});
  }
  return wrong("no value: " + *word);
}

}  // namespace

void skip_space(std::string_view& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
}

Result<std::string> take_name(std::string_view& text) {
  skip_space(text);
  if (text.starts_with("\"")) return take_quoted(text);
  size_t length = 0;
  while (length < text.size() && (std::isalnum(static_cast<unsigned char>(text[length])) ||
                                  std::string_view("_-#").find(text[length]) != std::string::npos))
    ++length;
  if (length == 0) return wrong("no name: " + std::string(text.substr(0, 20)));
  std::string name(text.substr(0, length));
  text.remove_prefix(length);
  return name;
}

Result<Value> take_value(std::string_view& text, const Symbols& symbols) {
  skip_space(text);
  if (text.empty()) return wrong("a value is missing");
  Result<Value> value = wrong("");
  const char first = text[0];
  if (first == '"') {
    Result<std::string> string = take_quoted(text);
    if (!string) return string.error();
    value = Value(std::move(*string));
  } else if (first == '[') {
    value = take_list(text, symbols);
  } else if (first == '{') {
    value = take_record(text, symbols);
  } else if (text.starts_with("0x[")) {
    value = take_binary(text);
  } else if (first == '-' || std::isdigit(static_cast<unsigned char>(first))) {
    value = take_number(text);
  } else {
    value = take_word(text, symbols);
  }
  skip_space(text);
  return value;
}

Result<Value> parse_value(std::string_view text, const Symbols& symbols) {
  Result<Value> value = take_value(text, symbols);
  if (value && !text.empty()) return wrong("more than a value: " + std::string(text));
  return value;
}

}  // namespace cases
