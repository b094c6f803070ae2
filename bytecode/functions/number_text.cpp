#include "bytecode/functions/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace bytecode {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Unit {
  std::string_view name;
  int64_t size;
};

// The first ones are those that a duration is shown in.
constexpr Unit kDurationUnits[] = {
    {"wk", 7 * 86400 * kSecond},
    {"day", 86400 * kSecond},
    {"hr", 3600 * kSecond},
    {"min", 60 * kSecond},
    {"sec", kSecond},
    {"ms", 1'000'000},
    {"µs", 1'000},
    {"ns", 1},
    {"us", 1'000},
    {"\u03bcs", 1'000},  // a Greek mu, the other is the micro sign
};
constexpr size_t kShownUnits = 8;

constexpr Unit kFilesizeUnits[] = {
    {"EB", 1'000'000'000'000'000'000},
    {"PB", 1'000'000'000'000'000},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"kB", 1'000},
    {"B", 1},
    {"EiB", int64_t{1} << 60},
    {"PiB", int64_t{1} << 50},
    {"TiB", int64_t{1} << 40},
    {"GiB", int64_t{1} << 30},
    {"MiB", int64_t{1} << 20},
    {"KiB", int64_t{1} << 10},
};
constexpr size_t kMetricUnits = 7;

uint64_t magnitude(int64_t number) {
  return number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
}

char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return lower_ascii(a) == b; });
}

// The fewest digits that read back as the number, in scientific form. Where two such texts are
// equally near, C++ takes the even digit, as raw JSON does.
std::string shortest_text(double number) {
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  return std::string(buffer, end);
}

// Likewise, but up where two are equally near, as Nushell shows floats: 1000000000000100.25 ends
// in .3.
std::string shown_text(double number) {
  const std::string shortest = shortest_text(number);
  const size_t e = shortest.find('e');
  const size_t first = shortest.front() == '-' ? 2 : 1;
  const size_t places = e > first ? e - first - 1 : 0;
  if (places < 14) return shortest;  // with fewer digits no two texts read as one number
  char exact[900];                   // no double has more digits
  *std::to_chars(exact, exact + sizeof exact, number, std::chars_format::scientific, 800).ptr = 0;
  const std::string_view all = exact;
  const std::string_view behind =
      all.substr(first + 1 + places, all.find('e') - first - 1 - places);
  const bool halfway =
      behind.front() == '5' && behind.find_first_not_of('0', 1) == std::string_view::npos;
  const char last = all[first + places];
  if (!halfway || last == '9') return shortest;
  std::string up(all.substr(0, first + places));
  up += static_cast<char>(last + 1);
  up += shortest.substr(e);
  double read = 0;
  std::from_chars(up.data(), up.data() + up.size(), read);
  return read == number ? up : shortest;
}

// Without an exponent.
std::string plain_text(std::string_view text) {
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  const auto count = static_cast<int>(digits.size());
  if (exponent < 0) {
    out += "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  } else if (exponent >= count - 1) {
    out += digits + std::string(static_cast<size_t>(exponent - count + 1), '0');
  } else {
    out += digits.insert(static_cast<size_t>(exponent) + 1, ".");
  }
  return out;
}

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  return plain_text(shown_text(number));
}

std::string json_float_text(double number, bool raw) {
  if (!std::isfinite(number)) return "null";
  const std::string shortest = shortest_text(number);
  std::string scientific = shortest;
  // C++ writes two digits at least: 1e-07 is 1e-7.
  const size_t sign = scientific.find('e') + 1;
  const int exponent = std::atoi(scientific.c_str() + sign);
  if (scientific[sign + 1] == '0') scientific.erase(sign + 1, 1);
  if (raw) {
    if (number != 0 && (exponent < -5 || exponent > 15)) return scientific;
    return plain_text(shortest) + (std::trunc(number) == number ? ".0" : "");
  }
  const std::string plain = obvious_float_text(number == 0 ? 0 : number);
  const size_t length = scientific.size() - (scientific[sign] == '+' ? 1 : 0);
  return plain.size() <= length + 1 ? plain : scientific;
}

std::string obvious_float_text(double number) {
  if (!std::isfinite(number) || std::trunc(number) != number) return float_text(number);
  return fixed_float_text(number, 1);
}

std::string fixed_float_text(double number, int digits) {
  if (!std::isfinite(number)) return float_text(number);
  const int size = std::snprintf(nullptr, 0, "%.*f", digits, number);
  std::string text(static_cast<size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  text.pop_back();
  return text;
}

std::string grouped_digits(std::string_view integer) {
  std::string out;
  for (size_t i = 0; i < integer.size(); ++i) {
    const size_t left = integer.size() - i;
    if (i > 0 && integer[i - 1] != '-' && left % 3 == 0) out += ',';
    out += integer[i];
  }
  return out;
}

std::string duration_text(int64_t nanoseconds) {
  // The smallest of all has no positive counterpart: Nushell shows a sign at each of its parts.
  const bool negative = nanoseconds < 0;
  const bool smallest = negative && magnitude(nanoseconds) == uint64_t{1} << 63;
  uint64_t rest = magnitude(nanoseconds);
  std::string text;
  for (const Unit& unit : std::span(kDurationUnits).first(kShownUnits)) {
    const uint64_t count = rest / static_cast<uint64_t>(unit.size);
    rest %= static_cast<uint64_t>(unit.size);
    if (count == 0) continue;
    if (!text.empty()) text += ' ';
    if (smallest) text += '-';
    text += std::to_string(count) + std::string(unit.name);
  }
  if (text.empty()) text = "0sec";
  return negative ? "-" + text : text;
}

std::optional<int64_t> nanoseconds_of_unit(std::string_view unit) {
  for (const Unit& known : kDurationUnits) {
    if (known.name == unit) return known.size;
  }
  return std::nullopt;
}

std::optional<int64_t> bytes_of_unit(std::string_view unit) {
  for (const Unit& known : kFilesizeUnits) {
    if (known.name == unit) return known.size;
  }
  return std::nullopt;
}

std::string filesize_text(int64_t bytes, std::optional<int> digits,
                          std::optional<std::string_view> unit) {
  Unit shown{"B", 1};
  if (unit) {
    shown = {*unit, bytes_of_unit(*unit).value_or(1)};
  } else {
    for (const Unit& metric : std::span(kFilesizeUnits).first(kMetricUnits)) {
      if (magnitude(bytes) < static_cast<uint64_t>(metric.size)) continue;
      shown = metric;
      break;
    }
  }
  std::string text = std::to_string(bytes / shown.size);
  uint64_t rest = magnitude(bytes % shown.size);
  if (shown.size > 1 && digits != 0 && (digits || rest != 0)) {
    text += '.';
    const auto size = static_cast<uint64_t>(shown.size);
    int count = 0;
    do {
      rest *= 10;
      text += static_cast<char>('0' + rest / size);
      rest %= size;
      ++count;
    } while (rest != 0 && !(digits && count >= *digits));
    if (digits) text.append(static_cast<size_t>(*digits - count), '0');
  }
  return text + " " + std::string(shown.name);
}

std::optional<double> parse_float(std::string_view text) {
  std::string_view digits = text;
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  double number = 0;
  if (equals_ignoring_case(digits, "inf") || equals_ignoring_case(digits, "infinity")) {
    number = HUGE_VAL;
  } else if (equals_ignoring_case(digits, "nan")) {
    number = std::nan("");
  } else {
    if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != digits.npos ||
        digits[0] == '-' || digits[0] == '+' || digits == ".") {
      return std::nullopt;
    }
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (end != digits.data() + digits.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      number = std::strtod(std::string(digits).c_str(), nullptr);
    } else if (error != std::errc()) {
      return std::nullopt;
    }
  }
  return negative ? -number : number;
}

std::optional<int64_t> parse_integer(std::string_view text, int radix) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return std::nullopt;
  }
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, radix);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace bytecode
