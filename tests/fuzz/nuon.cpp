#include "tests/fuzz/nuon.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace fuzz {
namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Value> whole() {
    std::optional<Value> read = value();
    space();
    return text_.empty() ? read : std::nullopt;
  }

 private:
  void space() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    space();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  std::optional<Value> value() {
    space();
    if (text_.starts_with("0x[")) return binary();
    if (text_.starts_with("\"")) return quoted();
    if (take("[")) return list();
    if (take("{")) return record();
    return bare();
  }

  std::optional<Value> quoted() {
    std::string out;
    text_.remove_prefix(1);
    while (!text_.empty() && text_[0] != '"') {
      char c = text_[0];
      text_.remove_prefix(1);
      if (c == '\\' && !text_.empty()) {
        c = text_[0];
        text_.remove_prefix(1);
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      out += c;
    }
    if (text_.empty()) return {};
    text_.remove_prefix(1);
    return Value(std::move(out));
  }

  // What stands without quotes ends at a comma, a colon in a key, a bracket or a semicolon. A date
  // has colons and only stands as a value.
  std::string_view word(bool key) {
    size_t length = 0;
    while (length < text_.size() &&
           std::string_view(",]};\n").find(text_[length]) == std::string_view::npos &&
           !(key && text_[length] == ':'))
      ++length;
    const std::string_view found = text_.substr(0, length);
    text_.remove_prefix(length);
    return found;
  }

  std::optional<Value> list() {
    List items;
    while (!take("]")) {
      std::optional<Value> item = value();
      if (!item) return {};
      // `[[a, b]; [1, 2], ...]` is a list of records with equal columns.
      if (items.empty() && take(";")) return table(*item);
      items.push_back(std::move(*item));
      if (!take(",") && !text_.starts_with("]")) return {};
    }
    return Value(std::move(items));
  }

  std::optional<Value> table(const Value& columns) {
    const auto* names = columns.get_if<List>();
    List rows;
    while (names != nullptr && !take("]")) {
      const std::optional<Value> cells = value();
      const auto* items = cells ? cells->get_if<List>() : nullptr;
      if (items == nullptr || items->size() != names->size()) return {};
      Record row;
      for (size_t i = 0; i < items->size(); ++i) {
        const auto* name = (*names)[i].get_if<std::string>();
        if (name == nullptr) return {};
        row.emplace_back(*name, (*items)[i]);
      }
      rows.emplace_back(std::move(row));
      take(",");
    }
    return names == nullptr ? std::nullopt : std::optional<Value>(std::move(rows));
  }

  std::optional<Value> record() {
    Record members;
    while (!take("}")) {
      space();
      std::string name;
      if (text_.starts_with("\"")) {
        const std::optional<Value> key = quoted();
        if (!key) return {};
        name = *key->get_if<std::string>();
      } else {
        name = word(true);
      }
      if (!take(":")) return {};
      std::optional<Value> item = value();
      if (!item) return {};
      members.emplace_back(std::move(name), std::move(*item));
      if (!take(",") && !text_.starts_with("}")) return {};
    }
    return Value(std::move(members));
  }

  std::optional<Value> binary() {
    const size_t end = text_.find(']');
    if (end == std::string_view::npos) return {};
    bytecode::Binary bytes;
    for (size_t i = 3; i + 1 < end; i += 2) {
      unsigned byte = 0;
      std::from_chars(text_.data() + i, text_.data() + i + 2, byte, 16);
      bytes.bytes.push_back(static_cast<uint8_t>(byte));
    }
    text_.remove_prefix(end + 1);
    return Value(std::move(bytes));
  }

  std::optional<Value> bare() {
    const std::string_view text = word(false);
    if (text.empty()) return {};
    if (text == "null") return Value();
    if (text == "true" || text == "false") return Value(text == "true");
    if (text == "NaN") return Value(std::nan(""));
    if (text == "inf" || text == "Infinity") return Value(std::numeric_limits<double>::infinity());
    if (text == "-inf" || text == "-Infinity")
      return Value(-std::numeric_limits<double>::infinity());
    if (std::optional<Value> date = date_of(text)) return date;
    int64_t number = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error == std::errc{}) {
      const std::string_view unit(end, static_cast<size_t>(last - end));
      if (unit.empty()) return Value(number);
      if (unit == "ns") return Value(bytecode::Duration{number});
      if (unit == "b") return Value(bytecode::Filesize{number});
    }
    double floating = 0;
    const auto parsed = std::from_chars(text.data(), last, floating);
    if (parsed.ec == std::errc{} && parsed.ptr == last) return Value(floating);
    return Value(std::string(text));
  }

  // 2024-01-01T00:00:00.5+00:00
  static std::optional<Value> date_of(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto number = [&](int64_t& into, std::string_view before) {
      for (const char c : before) {
        if (at == end || *at != c) return false;
        ++at;
      }
      const auto [after, error] = std::from_chars(at, end, into);
      at = after;
      return error == std::errc{};
    };
    int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0,
            zone_minute = 0;
    if (!number(year, "") || !number(month, "-") || !number(day, "-") || !number(hour, "T") ||
        !number(minute, ":") || !number(second, ":"))
      return {};
    int64_t nanoseconds = 0;
    if (at != end && *at == '.') {
      int64_t scale = 1'000'000'000;
      for (++at; at != end && *at >= '0' && *at <= '9'; ++at)
        nanoseconds += (*at - '0') * (scale /= 10);
    }
    if (at == end || (*at != '+' && *at != '-')) return {};
    const int64_t sign = *at == '-' ? -1 : 1;
    ++at;
    if (!number(zone, "") || !number(zone_minute, ":") || at != end) return {};
    const int64_t seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                            second - sign * (zone * 3600 + zone_minute * 60);
    return Value(bytecode::Date{seconds * 1'000'000'000 + nanoseconds});
  }

  std::string_view text_;
};

}  // namespace

std::optional<Value> parse_nuon(std::string_view text) { return Reader(text).whole(); }

}  // namespace fuzz
