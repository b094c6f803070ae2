#include "bytecode/parser/literals.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "bytecode/error_at.hpp"
#include "bytecode/functions/calendar.hpp"

namespace bytecode {
namespace {

enum class Measure : uint8_t { size, time };

struct Unit {
  std::string_view name;  // lower case
  Measure measure;
  int64_t factor;
};

constexpr int64_t second = 1'000'000'000;
constexpr Unit units[] = {
    {"b", Measure::size, 1},
    {"kb", Measure::size, 1'000},
    {"mb", Measure::size, 1'000'000},
    {"gb", Measure::size, 1'000'000'000},
    {"tb", Measure::size, 1'000'000'000'000},
    {"pb", Measure::size, 1'000'000'000'000'000},
    {"eb", Measure::size, 1'000'000'000'000'000'000},
    {"kib", Measure::size, int64_t{1} << 10},
    {"mib", Measure::size, int64_t{1} << 20},
    {"gib", Measure::size, int64_t{1} << 30},
    {"tib", Measure::size, int64_t{1} << 40},
    {"pib", Measure::size, int64_t{1} << 50},
    {"eib", Measure::size, int64_t{1} << 60},
    {"ns", Measure::time, 1},
    {"us", Measure::time, 1'000},
    {"\u00b5s", Measure::time, 1'000},
    {"\u03bcs", Measure::time, 1'000},
    {"ms", Measure::time, 1'000'000},
    {"sec", Measure::time, second},
    {"min", Measure::time, 60 * second},
    {"hr", Measure::time, 3600 * second},
    {"day", Measure::time, 86400 * second},
    {"wk", Measure::time, 7 * 86400 * second},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string without_underscores(std::string_view text) {
  std::string result;
  for (char c : text)
    if (c != '_') result += c;
  return result;
}

// All of `text` as an integer of this base, else nothing. A number with a base prefix is its 64
// bits: 0xffffffffffffffff is -1.
std::optional<int64_t> parse_int(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = text.starts_with("0x")   ? 16
             : text.starts_with("0b") ? 2
             : text.starts_with("0o") ? 8
                                      : 10;
  if (base != 10) {
    if (negative) return std::nullopt;
    text.remove_prefix(2);
  }
  uint64_t number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  if (base != 10) return static_cast<int64_t>(number);
  uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + negative;
  if (number > limit) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - number : number);
}

// strtod, because not every standard library has from_chars for doubles; without its hexadecimal
// numbers and its infinities, which Nushell does not write so.
std::optional<double> parse_float(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos)
    return std::nullopt;
  char* end = nullptr;
  double number = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> measured(const Unit& unit, int64_t amount) {
  if (unit.measure == Measure::size) return Value(Filesize{amount});
  return Value(Duration{amount});
}

// `5ms`, `1.5kb`: a decimal number with a unit that Nushell knows, sizes in any case.
std::optional<Value> parse_measured(const std::string& word) {
  size_t split = word.find_first_not_of("0123456789.+-");
  if (split == std::string::npos || split == 0) return std::nullopt;
  std::string name = word.substr(split), lower;
  for (char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const Unit& unit : units) {
    if ((unit.measure == Measure::size ? lower : name) != unit.name) continue;
    std::string number = word.substr(0, split);
    if (std::optional<int64_t> whole = parse_int(number)) {
      int64_t amount = 0;
      if (__builtin_mul_overflow(*whole, unit.factor, &amount)) return std::nullopt;
      return measured(unit, amount);
    }
    std::optional<double> part = parse_float(number);
    if (!part) return std::nullopt;
    double amount = *part * static_cast<double>(unit.factor);
    if (std::abs(amount) >= 9.2e18) return std::nullopt;
    return measured(unit, std::llround(amount));
  }
  return std::nullopt;
}

// `inf`, `-Infinity`, `NaN`.
std::optional<double> parse_endless(std::string_view word) {
  bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  std::string lower;
  for (char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  double sign = negative ? -1.0 : 1.0;
  if (lower == "inf" || lower == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// Takes the parts of a date from the front of a text.
class DateText {
 public:
  explicit DateText(std::string_view text) : text_(text) {}

  int number(size_t digits) {
    int result = 0;
    for (; digits > 0; --digits) result = result * 10 + digit();
    return result;
  }
  // Any number of digits, as nanoseconds; what is below these is dropped.
  int fraction() {
    int result = digit() * 100'000'000;
    for (int scale = 10'000'000; !failed_ && !at_end() && is_digit(text_[0]); scale /= 10)
      result += digit() * scale;
    return result;
  }
  bool sign(std::string_view any_of) {
    if (at_end() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { failed_ |= !sign(any_of); }
  bool at_end() const { return text_.empty(); }
  bool failed() const { return failed_; }

 private:
  int digit() {
    char c = text_.empty() ? ' ' : text_[0];
    failed_ |= !is_digit(c);
    if (failed_) return 0;
    text_.remove_prefix(1);
    return c - '0';
  }

  std::string_view text_;
  bool failed_ = false;
};

// 2024-01-02, 2024-01-02T10:00:00, 2024-01-02T10:00:00.5+02:00, ...Z.
std::optional<Value> date_literal(std::string_view word) {
  DateText text(word);
  Moment moment;
  int64_t offset = 0;
  moment.year = text.number(4);
  text.expect("-");
  moment.month = text.number(2);
  text.expect("-");
  moment.day = text.number(2);
  if (!text.at_end()) {
    text.expect("Tt");
    moment.hour = text.number(2);
    text.expect(":");
    moment.minute = text.number(2);
    text.expect(":");
    moment.second = text.number(2);
    if (text.sign(".")) moment.nanosecond = text.fraction();
    if (!text.at_end() && !text.sign("Zz")) {
      bool west = text.sign("-");
      if (!west) text.expect("+");
      int hours = text.number(2);
      text.expect(":");
      int minutes = text.number(2);
      if (hours > 23 || minutes > 59) return std::nullopt;
      offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    }
  }
  if (text.failed() || !text.at_end()) return std::nullopt;
  if (moment.second == 60) {  // a leap second is the first of the next minute
    moment.second = 59;
    --offset;
  }
  std::optional<Date> date = date_of(moment, offset);
  return date ? std::optional<Value>(Value(*date)) : std::nullopt;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'e':
      return '\x1b';
    case 'f':
      return '\f';
    default:
      return std::string_view("\"'\\/(){}$^#|~").find(c) == std::string_view::npos ? '\0' : c;
  }
}

// After `\u`: {1 to 6 hex digits}. Moves `i` past the closing brace.
std::optional<std::string> unicode_escape(std::string_view text, size_t& i) {
  if (i >= text.size() || text[i] != '{') return std::nullopt;
  uint32_t code = 0;
  size_t digits = 0;
  for (++i; i < text.size() && hex_digit(text[i]) >= 0 && digits < 6; ++i, ++digits)
    code = code * 16 + static_cast<uint32_t>(hex_digit(text[i]));
  if (digits == 0 || i >= text.size() || text[i] != '}') return std::nullopt;
  ++i;
  return utf8(code);
}

}  // namespace

std::optional<Value> parse_literal(std::string_view word) {
  if (word == "null") return Value(Null{});
  if (word == "true") return Value(true);
  if (word == "false") return Value(false);
  if (std::optional<double> number = parse_endless(word)) return Value(*number);
  if (is_date(word)) return date_literal(word);
  size_t first = word.find_first_not_of("+-");
  if (first == std::string_view::npos || first > 1) return std::nullopt;
  bool dot_first = word[first] == '.' && first + 1 < word.size() && is_digit(word[first + 1]);
  if (!is_digit(word[first]) && !dot_first) return std::nullopt;
  std::string plain = without_underscores(word);
  if (std::optional<int64_t> number = parse_int(plain)) return Value(*number);
  if (std::optional<Value> value = parse_measured(plain)) return value;
  if (std::optional<double> number = parse_float(plain)) return Value(*number);
  return std::nullopt;
}

bool is_date(std::string_view word) {
  if (word.size() < 10 || word[4] != '-' || word[7] != '-') return false;
  for (size_t i : {0, 1, 2, 3, 5, 6, 8, 9})
    if (!is_digit(word[i])) return false;
  return true;
}

std::optional<std::string> utf8(uint32_t code) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;
  std::string out;
  if (code < 0x80) return out += static_cast<char>(code);
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(lead[more] | (code >> (6 * more)));
  while (more-- > 0) out += static_cast<char>(0x80 | ((code >> (6 * more)) & 0x3f));
  return out;
}

Result<std::string> unescape(std::string_view text, uint32_t at) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    size_t start = i++;
    std::optional<std::string> resolved;
    if (i < text.size()) {
      char c = text[i++];
      if (char plain = simple_escape(c)) {
        resolved = std::string(1, plain);
      } else if (c == 'u') {
        resolved = unicode_escape(text, i);
      } else if (c == 'x' && i + 1 < text.size() && hex_digit(text[i]) >= 0 &&
                 hex_digit(text[i + 1]) >= 0) {
        resolved =
            std::string(1, static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1])));
        i += 2;
      }
    }
    if (!resolved) {
      Span span{at + static_cast<uint32_t>(start), at + static_cast<uint32_t>(i)};
      return error_at(span, "unknown escape in a string", "not an escape",
                      "write \\\\ for a backslash, or use single quotes");
    }
    out += *resolved;
  }
  return out;
}

}  // namespace bytecode
