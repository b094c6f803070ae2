// Dates out of text: by a given format, or by the usual ones.
#include <array>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/number_text.hpp"

namespace bytecode {
namespace {

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kMonthTails[] = {"uary", "ruary", "ch",     "il",   "",      "e",
                                            "y",    "ust",   "tember", "ober", "ember", "ember"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::string_view kWeekdayTails[] = {"day",   "day", "sday", "nesday",
                                              "rsday", "day", "urday"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// What has been read so far, and the text that is left.
struct Reader {
  std::string_view rest{};
  Moment m{.year = 0, .month = 0, .day = 0, .weekday = 0, .day_of_year = 0};
  int64_t offset = 0;
  bool has_year = false, is_pm = false, is_twelve_hour = false;
  std::optional<int64_t> timestamp;

  bool word(std::string_view expected) {
    if (rest.size() < expected.size()) return false;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (lower(rest[i]) != expected[i]) return false;
    }
    rest.remove_prefix(expected.size());
    return true;
  }

  void blanks() {
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
  }

  bool number(int& out, size_t most) {
    blanks();
    size_t count = 0;
    int value = 0;
    while (count < most && count < rest.size() && is_digit(rest[count])) {
      value = value * 10 + (rest[count++] - '0');
    }
    rest.remove_prefix(count);
    out = value;
    return count > 0;
  }

  bool year(size_t digits) {
    int value = 0;
    has_year = number(value, digits);
    m.year = digits == 2 ? value + (value < 70 ? 2000 : 1900) : value;
    return has_year;
  }

  template <size_t N>
  bool name(const std::string_view (&heads)[N], const std::string_view (&tails)[N], int& out) {
    for (size_t i = 0; i < N; ++i) {
      if (!word(heads[i])) continue;
      word(tails[i]);
      out = static_cast<int>(i);
      return true;
    }
    return false;
  }

  bool month_name() {
    if (!name(kMonths, kMonthTails, m.month)) return false;
    ++m.month;
    return true;
  }

  bool fraction() {
    size_t count = 0;
    int64_t value = 0;
    for (; count < rest.size() && is_digit(rest[count]); ++count) {
      if (count < 9) value = value * 10 + (rest[count] - '0');
    }
    rest.remove_prefix(count);
    for (size_t i = count; i < 9; ++i) value *= 10;
    m.nanosecond = static_cast<int>(value);
    return count > 0;
  }

  bool zone() {
    blanks();
    if (word("z") || word("utc") || word("gmt")) return true;
    if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return false;
    const int sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (!number(hours, 2)) return false;
    word(":");
    number(minutes, 2);
    if (hours > 23 || minutes > 59) return false;
    offset = sign * (hours * 3600 + minutes * 60);
    return true;
  }

  bool half_of_day() {
    is_twelve_hour = true;
    if (word("am")) return true;
    is_pm = word("pm");
    return is_pm;
  }

  bool directive(char letter) {
    switch (letter) {
      case 'Y':
        return year(4);
      case 'y':
        return year(2);
      case 'm':
        return number(m.month, 2);
      case 'b':
      case 'B':
      case 'h':
        return month_name();
      case 'd':
      case 'e':
        return number(m.day, 2);
      case 'a':
      case 'A':
        return name(kWeekdays, kWeekdayTails, m.weekday);
      case 'H':
      case 'k':
        return number(m.hour, 2);
      case 'I':
      case 'l':
        is_twelve_hour = true;
        return number(m.hour, 2) && m.hour >= 1 && m.hour <= 12;
      case 'p':
      case 'P':
        return half_of_day();
      case 'M':
        return number(m.minute, 2);
      case 'S':
        return number(m.second, 2);
      case 'f':
        return fraction();
      case 'z':
        return zone();
      case 'F':
        return follow("%Y-%m-%d");
      case 'D':
        return follow("%m/%d/%y");
      case 'T':
        return follow("%H:%M:%S");
      case 'R':
        return follow("%H:%M");
      case '%':
        return word("%");
      case 's': {
        const size_t end = std::min(rest.find_first_not_of("-0123456789"), rest.size());
        timestamp = parse_integer(rest.substr(0, end));
        rest.remove_prefix(end);
        return timestamp.has_value();
      }
      default:
        return false;
    }
  }

  bool follow(std::string_view format) {
    for (size_t at = 0; at < format.size(); ++at) {
      const char c = format[at];
      if (is_blank(c)) {
        blanks();
      } else if (c != '%') {
        if (rest.empty() || rest.front() != c) return false;
        rest.remove_prefix(1);
      } else if (!one(format, ++at)) {
        return false;
      }
    }
    return true;
  }

  // The directive from `at` on, which moves to its last character.
  bool one(std::string_view format, size_t& at) {
    if (at >= format.size()) return false;
    if (std::string_view("-_0").find(format[at]) != std::string_view::npos) ++at;
    const bool point = at < format.size() && format[at] == '.';
    while (at < format.size() &&
           std::string_view(".:#369").find(format[at]) != std::string_view::npos) {
      ++at;
    }
    if (at >= format.size()) return false;
    // `%.f` also stands for no fraction at all.
    if (point && (rest.empty() || rest.front() != '.')) return format[at] == 'f';
    if (point) rest.remove_prefix(1);
    return directive(format[at]);
  }

  std::optional<Date> date() {
    if (timestamp) {
      int64_t nanoseconds = 0;
      if (__builtin_mul_overflow(*timestamp, int64_t{1'000'000'000}, &nanoseconds) ||
          __builtin_add_overflow(nanoseconds, int64_t{m.nanosecond}, &nanoseconds)) {
        return std::nullopt;
      }
      return Date{nanoseconds};
    }
    if (!has_year) return std::nullopt;
    if (is_twelve_hour) m.hour = m.hour % 12 + (is_pm ? 12 : 0);
    return date_of(m, offset);
  }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Date> parse_formatted(std::string_view text, std::string_view format) {
  Reader reader;
  reader.rest = text;
  if (!reader.follow(format) || !reader.rest.empty()) return std::nullopt;
  return reader.date();
}

std::optional<Date> parse_date(std::string_view text) {
  constexpr std::string_view kDates[] = {"%Y-%m-%d",  "%Y/%m/%d",     "%m/%d/%Y", "%d %B %Y",
                                         "%B %d, %Y", "%a, %d %b %Y", "%B %d %Y"};
  constexpr std::string_view kTimes[] = {
      "", " %H:%M", "T%H:%M", " %H:%M:%S%.f", "T%H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p"};
  text = trimmed(text);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (digits && (text.size() == 8 || text.size() == 14)) {
    std::string dashed = std::string(text);
    for (const size_t at : {12u, 10u, 8u}) {
      if (at < text.size()) dashed.insert(at, at == 8 ? " " : ":");
    }
    dashed.insert(6, "-").insert(4, "-");
    return parse_formatted(dashed, text.size() == 8 ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S");
  }
  if (const std::optional<int64_t> number = parse_integer(text)) {
    const bool is_timestamp = text.size() > 8 || *number < 0;
    return is_timestamp ? std::optional(Date{*number}) : std::nullopt;
  }
  for (const std::string_view date : kDates) {
    for (const std::string_view time : kTimes) {
      const std::string format = std::string(date) + std::string(time);
      if (const auto found = parse_formatted(text, format)) return found;
      if (time.empty()) continue;
      if (const auto found = parse_formatted(text, format + "%z")) return found;
    }
  }
  return std::nullopt;
}

}  // namespace bytecode
