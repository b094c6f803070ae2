// Values turned into other types, and into text.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/family.hpp"
#include "bytecode/functions/number_text.hpp"
#include "bytecode/functions/unicode.hpp"
#include "bytecode/functions/value_text.hpp"

namespace bytecode::functions {
namespace {

using Whole = std::optional<int64_t>;

template <typename Convert>
Answer converted(Args args, Convert convert) {
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    return value.is_null() ? Answer(Value()) : convert(value);
  });
}

template <typename T>
Answer as(Whole number) {
  return number ? Answer(Value(T{*number})) : std::nullopt;
}

// The nearest integer that fits.
int64_t whole(double v) {
  if (std::isnan(v)) return 0;
  if (v >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (v < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

std::string trimmed(const std::string& string) {
  const std::u32string all = code_points(string);
  size_t begin = 0, end = all.size();
  while (begin < end && is_white_space(all[begin])) ++begin;
  while (begin < end && is_white_space(all[end - 1])) --end;
  return utf8(std::u32string_view(all).substr(begin, end - begin));
}

std::string without_commas(std::string string) {
  std::erase(string, ',');
  return trimmed(string);
}

// "0xff", "0b1", "0o7" whatever the radix; else digits of the radix. In decimal also what reads as
// a float, cut.
Whole integer_of_text(const std::string& string, int radix) {
  const std::string digits = radix == 10 ? without_commas(string) : trimmed(string);
  constexpr struct {
    std::string_view prefix;
    int radix;
  } kPrefixes[] = {{"0x", 16}, {"0b", 2}, {"0o", 8}};
  for (const auto& known : kPrefixes) {
    if (digits.starts_with(known.prefix)) {
      return parse_integer(std::string_view(digits).substr(2), known.radix);
    }
  }
  if (const Whole number = parse_integer(digits, radix)) return number;
  if (radix != 10) return std::nullopt;
  const std::optional<double> number = parse_float(digits);
  return number ? Whole(whole(*number)) : std::nullopt;
}

std::optional<bool> is_big_endian(Args args, size_t index) {
  if (!is_given(args, index)) return std::endian::native == std::endian::big;
  const std::string* name = text(args, index);
  if (!name) return std::nullopt;
  if (*name == "native") return std::endian::native == std::endian::big;
  if (*name == "little") return false;
  if (*name == "big") return true;
  return std::nullopt;
}

Whole integer_of_bytes(std::vector<uint8_t> bytes, bool big_endian, bool is_signed) {
  if (bytes.size() > 8) return std::nullopt;
  if (bytes.empty()) return 0;
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint64_t{bytes[i]} << (8 * i);
  const size_t bits = bytes.size() * 8;
  const bool top = (number >> (bits - 1)) & 1;
  if (is_signed && top && bits < 64) number |= ~uint64_t{0} << bits;
  if (!is_signed && top && bits == 64) return std::nullopt;
  return static_cast<int64_t>(number);
}

// hh:mm:ss and up to nine digits of a second.
Whole clock_duration(std::string_view text) {
  const size_t first = text.find(':');
  const size_t second = text.find(':', first + 1);
  if (second == text.npos || text.find(':', second + 1) != text.npos) return std::nullopt;
  std::string_view seconds = text.substr(second + 1);
  std::string fraction = "0";
  if (const size_t point = seconds.find('.'); point != seconds.npos) {
    fraction = seconds.substr(point + 1);
    seconds = seconds.substr(0, point);
    if (fraction.empty() || fraction.size() > 9) return std::nullopt;
    if (fraction.find_first_not_of("0123456789") != fraction.npos) return std::nullopt;
    fraction.resize(9, '0');
  }
  const Whole h = parse_integer(text.substr(0, first));
  const Whole m = parse_integer(text.substr(first + 1, second - first - 1));
  const Whole s = parse_integer(seconds);
  if (!h || !m || !s || *h < 0 || *h > 2'000'000 || *m < 0 || *m > 59 || *s < 0 || *s > 59) {
    return std::nullopt;
  }
  return (*h * 3600 + *m * 60 + *s) * 1'000'000'000 + *parse_integer(fraction);
}

// "1.5sec": a number and a unit. Nushell reads the fraction digit by digit.
Whole unit_duration(std::string_view text) {
  const size_t end = std::min(text.find_first_not_of("+-.0123456789_"), text.size());
  const Whole unit = nanoseconds_of_unit(text.substr(end));
  std::string digits(text.substr(0, end));
  std::erase(digits, '_');
  if (!unit || digits.empty()) return std::nullopt;
  int64_t product = 0;
  if (const Whole number = parse_integer(digits)) {
    return __builtin_mul_overflow(*number, *unit, &product) ? Whole() : Whole(product);
  }
  const std::optional<double> number = parse_float(digits);
  return number ? Whole(whole(std::round(*number * static_cast<double>(*unit)))) : std::nullopt;
}

Whole duration_of_text(const std::string& string, int64_t unit) {
  if (const std::optional<double> number = parse_float(string)) {
    return whole(*number * static_cast<double>(unit));
  }
  int64_t total = 0;
  for (size_t at = 0; at < string.size();) {
    const size_t begin = string.find_first_not_of(" \t\n\r", at);
    if (begin == std::string::npos) break;
    const size_t end = std::min(string.find_first_of(" \t\n\r", begin), string.size());
    const std::string_view part = std::string_view(string).substr(begin, end - begin);
    const Whole one = part.find(':') != part.npos ? clock_duration(part) : unit_duration(part);
    if (!one || __builtin_add_overflow(total, *one, &total)) return std::nullopt;
    at = end;
  }
  return total;
}

// "5kb", "1.5 MiB", "5": units in any case, with or without their b.
Whole filesize_of_text(const std::string& string) {
  std::string digits = without_commas(string);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  const size_t end = std::min(digits.find_first_not_of(".0123456789"), digits.size());
  std::string unit = lower_case(trimmed(digits.substr(end)));
  const std::optional<double> number = parse_float(digits.substr(0, end));
  if (!number) return std::nullopt;
  if (unit.empty()) {
    const Whole bytes = parse_integer(digits);
    return bytes && negative ? Whole(-*bytes) : bytes;
  }
  double size = 1;
  if (unit != "b") {
    const size_t power = std::string_view("kmgtpe").find(unit[0]);
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos) return std::nullopt;
    if (rest != "" && rest != "b" && rest != "i" && rest != "ib") return std::nullopt;
    size = std::pow(rest.starts_with('i') ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  if (*number * size >= 0x1p63) return std::nullopt;
  const int64_t bytes = whole(*number * size);
  return negative ? -bytes : bytes;
}

// What `into string` and others write of a date without its zone: Wed Jan  1 00:00:00 2020.
std::string plain_date(Date date) { return *formatted(date, "%a %b %e %H:%M:%S %Y"); }

}  // namespace

Answer into_int(Args args) {
  const int64_t radix = integer(args, 1).value_or(10);
  const std::optional<bool> big_endian = is_big_endian(args, 2);
  if (radix < 2 || radix > 36 || !big_endian) return std::nullopt;
  const auto base = static_cast<int>(radix);
  return converted(args, [&](const Value& value) -> Answer {
    if (const int64_t* v = value.get_if<int64_t>()) {
      return base == 10 ? value : as<int64_t>(parse_integer(std::to_string(*v), base));
    }
    if (const double* v = value.get_if<double>()) {
      const int64_t number = whole(*v);
      return base == 10 ? Value(number) : as<int64_t>(parse_integer(std::to_string(number), base));
    }
    if (const std::string* v = value.get_if<std::string>()) {
      return as<int64_t>(integer_of_text(*v, base));
    }
    if (const bool* v = value.get_if<bool>()) return Value(int64_t{*v});
    if (const Duration* v = value.get_if<Duration>()) return Value(v->nanoseconds);
    if (const Filesize* v = value.get_if<Filesize>()) return Value(v->bytes);
    if (const Date* v = value.get_if<Date>()) return Value(v->nanoseconds);
    if (const Binary* v = value.get_if<Binary>()) {
      return as<int64_t>(integer_of_bytes(v->bytes, *big_endian, flag(args, 3)));
    }
    return std::nullopt;
  });
}

Answer into_float(Args args) {
  return converted(args, [](const Value& value) -> Answer {
    if (value.get_if<double>()) return value;
    if (const int64_t* v = value.get_if<int64_t>()) return Value(static_cast<double>(*v));
    if (const bool* v = value.get_if<bool>()) return Value(*v ? 1.0 : 0.0);
    if (const std::string* v = value.get_if<std::string>()) {
      const std::optional<double> number = parse_float(trimmed(*v));
      return number ? Answer(Value(*number)) : std::nullopt;
    }
    return std::nullopt;
  });
}

Answer into_bool(Args args) {
  return converted(args, [](const Value& value) -> Answer {
    if (value.get_if<bool>()) return value;
    if (const int64_t* v = value.get_if<int64_t>()) return Value(*v != 0);
    const auto is_not_zero = [](double v) {
      return !(std::fabs(v) < std::numeric_limits<double>::epsilon());
    };
    if (const double* v = value.get_if<double>()) return Value(is_not_zero(*v));
    const std::string* string = value.get_if<std::string>();
    if (!string) return std::nullopt;
    const std::string word = lower_case(trimmed(*string));
    if (word == "true") return Value(true);
    if (word == "false") return Value(false);
    const std::optional<double> number = parse_float(word);
    return number ? Answer(Value(is_not_zero(*number))) : std::nullopt;
  });
}

Answer into_string(Args args) {
  constexpr int64_t kMostDecimals = 1000;
  const bool grouped = flag(args, 2);
  const Whole decimals = integer(args, 1);
  if (is_given(args, 1) && (!decimals || *decimals < 0 || *decimals > kMostDecimals)) {
    return std::nullopt;
  }
  return converted(args, [&](const Value& value) -> Answer {
    if (const int64_t* v = value.get_if<int64_t>()) {
      std::string digits = std::to_string(*v);
      if (grouped) digits = grouped_digits(digits);
      if (decimals) digits += *decimals > 0 ? "." + std::string(*decimals, '0') : "";
      return Value(std::move(digits));
    }
    if (const double* v = value.get_if<double>()) {
      return Value(decimals ? fixed_float_text(*v, static_cast<int>(*decimals)) : float_text(*v));
    }
    if (const Date* v = value.get_if<Date>()) return Value(plain_date(*v));
    const bool readable = value.get_if<bool>() || value.get_if<std::string>() ||
                          value.get_if<Duration>() || value.get_if<Filesize>();
    return readable ? Answer(Value(display_text(value))) : std::nullopt;
  });
}

Answer into_duration(Args args) {
  Whole unit = 1;
  if (is_given(args, 1)) unit = text(args, 1) ? nanoseconds_of_unit(*text(args, 1)) : Whole();
  if (!unit) return std::nullopt;
  return converted(args, [&](const Value& value) -> Answer {
    if (value.get_if<Duration>()) return is_given(args, 1) ? std::nullopt : Answer(value);
    if (const int64_t* v = value.get_if<int64_t>()) {
      int64_t product = 0;
      if (__builtin_mul_overflow(*v, *unit, &product)) return std::nullopt;
      return Value(Duration{product});
    }
    if (const double* v = value.get_if<double>()) {
      return Value(Duration{whole(*v * static_cast<double>(*unit))});
    }
    const std::string* string = value.get_if<std::string>();
    return string ? as<Duration>(duration_of_text(*string, *unit)) : std::nullopt;
  });
}

Answer into_filesize(Args args) {
  return converted(args, [](const Value& value) -> Answer {
    if (value.get_if<Filesize>()) return value;
    if (const int64_t* v = value.get_if<int64_t>()) return Value(Filesize{*v});
    if (const double* v = value.get_if<double>()) return Value(Filesize{whole(*v)});
    const std::string* string = value.get_if<std::string>();
    return string ? as<Filesize>(filesize_of_text(*string)) : std::nullopt;
  });
}

Answer into_binary(Args args) {
  const std::optional<bool> big_endian = is_big_endian(args, 2);
  if (!big_endian) return std::nullopt;
  const auto of_number = [&](uint64_t number) {
    Binary binary;
    for (int i = 0; i < 8; ++i) binary.bytes.push_back(static_cast<uint8_t>(number >> (8 * i)));
    if (flag(args, 1)) {
      while (binary.bytes.size() > 1 && binary.bytes.back() == 0) binary.bytes.pop_back();
    }
    if (*big_endian) std::reverse(binary.bytes.begin(), binary.bytes.end());
    return Value(std::move(binary));
  };
  const auto of_text = [](const std::string& string) {
    return Value(Binary{std::vector<uint8_t>(string.begin(), string.end())});
  };
  return converted(args, [&](const Value& value) -> Answer {
    if (value.get_if<Binary>()) return value;
    if (const std::string* v = value.get_if<std::string>()) return of_text(*v);
    if (const Date* v = value.get_if<Date>()) return of_text(plain_date(*v));
    if (const int64_t* v = value.get_if<int64_t>()) return of_number(static_cast<uint64_t>(*v));
    if (const bool* v = value.get_if<bool>()) return of_number(*v);
    if (const double* v = value.get_if<double>()) return of_number(std::bit_cast<uint64_t>(*v));
    if (const Duration* v = value.get_if<Duration>()) {
      return of_number(static_cast<uint64_t>(v->nanoseconds));
    }
    if (const Filesize* v = value.get_if<Filesize>()) {
      return of_number(static_cast<uint64_t>(v->bytes));
    }
    return std::nullopt;
  });
}

Answer describe(Args args) { return Value(type_text(argument(args, 0))); }

Answer to_nuon(Args args) { return Value(nuon_text(argument(args, 0))); }

Answer to_json(Args args) {
  constexpr int64_t kMostIndent = 100;
  const Value& value = argument(args, 0);
  if (flag(args, 1)) return Value(json_text(value, std::nullopt));
  const int64_t tabs = integer(args, 3).value_or(0), blanks = integer(args, 2).value_or(2);
  if (tabs < 0 || blanks < 0 || tabs > kMostIndent || blanks > kMostIndent) return std::nullopt;
  const std::string indent = is_given(args, 3) ? std::string(static_cast<size_t>(tabs), '\t')
                                               : std::string(static_cast<size_t>(blanks), ' ');
  return Value(json_text(value, indent));
}

// A list or record ends each of its values with a newline.
Answer to_text(Args args) {
  const Value& value = argument(args, 0);
  std::string text = plain_text(value, "\n");
  const List* list = value.get_if<List>();
  const Record* record = value.get_if<Record>();
  const bool several = (list && !list->empty()) || (record && !record->empty());
  if (several && !flag(args, 1)) text += '\n';
  return Value(std::move(text));
}

}  // namespace bytecode::functions
