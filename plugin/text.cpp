// The text formats Nushell is strict about: UTF-8, RFC 3339, ranges.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

// Length of the UTF-8 sequence at the start of `bytes`; 0 where there is none.
size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  // Bounds of the second byte exclude overlong forms, surrogates and what lies past U+10FFFF.
  uint8_t low = 0x80, high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (bytes.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  return length;
}

bool is_ascii(std::string_view bytes) {
  for (const char c : bytes)
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  return true;
}

template <typename T>
bool take_number(std::string_view& text, size_t digits, T& number) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string sanitise(std::string_view bytes) {
  if (is_ascii(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = sequence_length(bytes);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      bytes.remove_prefix(1);
    } else {
      out.append(bytes.substr(0, length));
      bytes.remove_prefix(length);
    }
  }
  return out;
}

std::string rfc3339(int64_t nanoseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(nanoseconds)};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss<std::chrono::nanoseconds> clock{time - day};
  char text[64];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09d+00:00", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  int y = 0;
  unsigned mo = 0, d = 0;
  int h = 0, mi = 0, s = 0;
  if (!take_number(text, 4, y) || !take(text, "-") || !take_number(text, 2, mo) ||
      !take(text, "-") || !take_number(text, 2, d) || !take(text, "Tt ") ||
      !take_number(text, 2, h) || !take(text, ":") || !take_number(text, 2, mi) ||
      !take(text, ":") || !take_number(text, 2, s))
    return std::nullopt;
  int64_t fraction = 0;
  if (take(text, ".")) {
    int64_t unit = 100'000'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += (text.front() - '0') * unit;
      unit /= 10;
      text.remove_prefix(1);
    }
  }
  int64_t offset = 0;
  if (!take(text, "Zz")) {
    if (text.empty()) return std::nullopt;
    const int64_t sign = text.front() == '-' ? -1 : 1;
    int oh = 0, om = 0;
    if (!take(text, "+-") || !take_number(text, 2, oh) || !take(text, ":") ||
        !take_number(text, 2, om))
      return std::nullopt;
    offset = sign * (oh * 3600 + om * 60);
  }
  const year_month_day date{year{y}, month{mo}, day{d}};
  if (!text.empty() || !date.ok()) return std::nullopt;
  const int64_t whole =
      sys_seconds(sys_days(date) + hours(h) + minutes(mi) + seconds(s)).time_since_epoch().count() -
      offset;
  int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(whole, int64_t{1'000'000'000}, &nanoseconds) ||
      __builtin_add_overflow(nanoseconds, fraction, &nanoseconds))
    return std::nullopt;
  return nanoseconds;
}

std::optional<std::string> range_text(const bytecode::Range& range) {
  std::string text = std::to_string(range.start) + "..";
  const bool up = range.step > 0;
  if (range.step == 0 ||
      (range.end && *range.end != range.start && up != (*range.end > range.start)))
    return std::nullopt;
  if (range.step != 1) {
    int64_t next = 0;
    if (__builtin_add_overflow(range.start, range.step, &next)) return std::nullopt;
    text += std::to_string(next) + "..";
  }
  if (range.end) text += (range.inclusive ? "" : "<") + std::to_string(*range.end);
  return text;
}

std::optional<bytecode::Range> parse_range(std::string_view text) {
  const auto take_integer = [&]() -> std::optional<int64_t> {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return number;
  };
  const auto take_dots = [&] {
    const bool dots = text.starts_with("..");
    if (dots) text.remove_prefix(2);
    return dots;
  };
  bytecode::Range range;
  const auto start = take_integer();
  if (!start || !take_dots()) return std::nullopt;
  range.start = *start;
  std::optional<int64_t> next;
  range.inclusive = !take(text, "<");
  if (range.inclusive) take(text, "=");
  range.end = take_integer();
  if (range.end && take_dots()) {
    next = std::exchange(range.end, std::nullopt);
    range.inclusive = !take(text, "<");
    range.end = take_integer();
  }
  if (!text.empty() || (!range.inclusive && !range.end)) return std::nullopt;
  if (next) {
    if (__builtin_sub_overflow(*next, range.start, &range.step)) return std::nullopt;
  } else if (range.end && *range.end < range.start) {
    range.step = -1;
  }
  if (range.step == 0) return std::nullopt;
  return range;
}

}  // namespace plugin
