#include "plugin/pictures/amount.hpp"

#include <array>
#include <charconv>
#include <type_traits>

#include "plugin/codec.hpp"

namespace plugin::pictures {

namespace {

using bytecode::Value;

// Without its sign, which INT64_MIN could not lose otherwise.
uint64_t magnitude(int64_t number) {
  return number < 0 ? uint64_t{0} - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
}

// The units that are not zero, from the largest on, at most so many.
std::string duration_text(int64_t nanoseconds, int most_units) {
  struct Period {
    uint64_t nanoseconds;
    const char* name;
  };
  constexpr std::array<Period, 8> periods = {{{604'800'000'000'000, "wk"},
                                              {86'400'000'000'000, "day"},
                                              {3'600'000'000'000, "hr"},
                                              {60'000'000'000, "min"},
                                              {1'000'000'000, "sec"},
                                              {1'000'000, "ms"},
                                              {1'000, "µs"},
                                              {1, "ns"}}};
  if (nanoseconds == 0) return "0sec";
  std::string text = nanoseconds < 0 ? "-" : "";
  uint64_t rest = magnitude(nanoseconds);
  for (const Period& period : periods) {
    if (most_units == 0) break;
    const uint64_t times = rest / period.nanoseconds;
    rest %= period.nanoseconds;
    if (times == 0) continue;
    if (text.size() > 1) text += ' ';
    text += std::to_string(times) + period.name;
    --most_units;
  }
  return text;
}

// One decimal, cut off and not rounded, as in Nushell: 999,999 bytes are 999.9 kB.
std::string filesize_text(int64_t bytes) {
  const uint64_t size = magnitude(bytes);
  const char* const sign = bytes < 0 ? "-" : "";
  if (size < 1000) return sign + std::to_string(size) + " B";
  uint64_t unit = 1000;
  const char* name = "kMGTPE";
  for (; size / unit >= 1000; unit *= 1000) ++name;
  return sign + std::to_string(size / unit) + "." + std::to_string(size % unit / (unit / 10)) +
         " " + *name + "B";
}

std::string with_commas(int64_t number) {
  std::string text = std::to_string(magnitude(number));
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return number < 0 ? "-" + text : text;
}

}  // namespace

std::optional<Amount> amount_of(const Value& value) {
  if (const int64_t* number = value.get_if<int64_t>()) return Amount{*number, Unit::number};
  if (const auto* duration = value.get_if<bytecode::Duration>())
    return Amount{duration->nanoseconds, Unit::duration};
  if (const auto* size = value.get_if<bytecode::Filesize>())
    return Amount{size->bytes, Unit::filesize};
  return std::nullopt;
}

std::string exact(int64_t number, Unit unit) {
  switch (unit) {
    case Unit::duration:
      return duration_text(number, 8);
    case Unit::filesize:
      return filesize_text(number);
    case Unit::number:
      break;
  }
  return std::to_string(number);
}

std::string rounded(int64_t number, Unit unit) {
  switch (unit) {
    case Unit::duration:
      return duration_text(number, 2);
    case Unit::filesize:
      return filesize_text(number);
    case Unit::number:
      break;
  }
  return with_commas(number);
}

std::string percent(double part, double whole) {
  char text[64];
  const double share = whole > 0 ? 100 * part / whole : 0;
  const auto end = std::to_chars(text, text + sizeof text, share, std::chars_format::fixed, 2).ptr;
  return std::string(text, end) + "%";
}

std::string label(const Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bytecode::Null>) {
          return "null";
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return std::to_string(v);
        } else if constexpr (std::is_same_v<T, double>) {
          char text[64];
          return {text, std::to_chars(text, text + sizeof text, v).ptr};
        } else if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, bytecode::Duration>) {
          return exact(v.nanoseconds, Unit::duration);
        } else if constexpr (std::is_same_v<T, bytecode::Filesize>) {
          return exact(v.bytes, Unit::filesize);
        } else if constexpr (std::is_same_v<T, bytecode::Date>) {
          return rfc3339(v.nanoseconds);
        } else if constexpr (std::is_same_v<T, bytecode::Binary>) {
          return std::to_string(v.bytes.size()) + " bytes";
        } else if constexpr (std::is_same_v<T, bytecode::Range>) {
          return range_text(v).value_or("");
        } else {
          std::string text;
          for (const auto& item : v) {
            if (!text.empty()) text += ", ";
            if constexpr (std::is_same_v<T, bytecode::Record>)
              text += item.first + ": " + label(item.second);
            else
              text += label(item);
          }
          return text;
        }
      },
      value.variant());
}

int64_t add_counts(int64_t a, int64_t b) { return b > INT64_MAX - a ? INT64_MAX : a + b; }

}  // namespace plugin::pictures
