// Dates, durations and sizes in a form that the closure asks for.
#include <cmath>
#include <optional>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/family.hpp"
#include "bytecode/functions/number_text.hpp"

namespace bytecode::functions {
namespace {

// A date, or the text of one.
std::optional<Date> date_of_value(const Value& value) {
  if (const Date* date = value.get_if<Date>()) return *date;
  if (const std::string* string = value.get_if<std::string>()) return parse_date(*string);
  return std::nullopt;
}

// Units that no literal has: a month has 30 days to `format duration`, a year 365.
std::optional<double> shown_unit(std::string_view unit) {
  constexpr double kDay = 86400e9;
  if (unit == "month") return 30 * kDay;
  if (unit == "yr") return 365 * kDay;
  if (unit == "dec") return 3650 * kDay;
  const std::optional<int64_t> size = nanoseconds_of_unit(unit);
  return size ? std::optional(static_cast<double>(*size)) : std::nullopt;
}

}  // namespace

Answer format_date(Args args) {
  if (is_given(args, 1) && !text(args, 1)) return std::nullopt;
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    const std::optional<Date> date = date_of_value(value);
    if (!date) return std::nullopt;
    if (!is_given(args, 1)) return Value(rfc2822_text(*date));
    std::optional<std::string> shown = formatted(*date, *text(args, 1));
    return shown ? Answer(Value(std::move(*shown))) : std::nullopt;
  });
}

Answer format_duration(Args args) {
  if (!is_given(args, 1)) return Value();
  if (!text(args, 1)) return std::nullopt;
  const std::string& unit = *text(args, 1);
  const std::optional<double> size = shown_unit(unit);
  if (!size) return std::nullopt;
  const std::string name = unit == "us" || unit == "\u03bcs" ? "µs" : unit;
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    const Duration* duration = value.get_if<Duration>();
    if (!duration) return std::nullopt;
    const double count = static_cast<double>(duration->nanoseconds) / *size;
    const bool whole = std::trunc(count) == count;
    return Value((whole ? float_text(count) : fixed_float_text(count, 2)) + " " + name);
  });
}

Answer format_filesize(Args args) {
  if (!is_given(args, 1)) return Value();
  if (!text(args, 1)) return std::nullopt;
  const std::string& unit = *text(args, 1);
  const std::optional<int64_t> size = bytes_of_unit(unit);
  if (!size) return std::nullopt;
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    const Filesize* filesize = value.get_if<Filesize>();
    if (!filesize) return std::nullopt;
    const bool whole = filesize->bytes % *size == 0;
    return Value(
        filesize_text(filesize->bytes, whole ? std::optional<int>() : std::optional(2), unit));
  });
}

Answer into_datetime(Args args) {
  if (is_given(args, 1) && !text(args, 1)) return std::nullopt;
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null() || value.get_if<Date>()) return value;
    if (const int64_t* number = value.get_if<int64_t>()) return Value(Date{*number});
    const std::string* string = value.get_if<std::string>();
    if (!string) return std::nullopt;
    const std::optional<Date> date =
        is_given(args, 1) ? parse_formatted(*string, *text(args, 1)) : parse_date(*string);
    return date ? Answer(Value(*date)) : std::nullopt;
  });
}

}  // namespace bytecode::functions
