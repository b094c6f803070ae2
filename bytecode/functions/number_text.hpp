// Numbers as Nushell writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bytecode {

// The shortest digits that read back as this number, never with an exponent: 1, 0.1, inf, NaN.
std::string float_text(double number);

// As float_text, but a whole number ends in ".0": what Nushell shows.
std::string obvious_float_text(double number);

// As `to json` has it, null for inf. With an exponent where that is shorter by more than a
// character; raw, where the number is below 1e-5 or not below 1e16.
std::string json_float_text(double number, bool raw);

// With this many digits behind the point.
std::string fixed_float_text(double number, int digits);

// 1234567 as 1,234,567.
std::string grouped_digits(std::string_view integer);

// 1sec 500ms, 1wk 2day, 0sec.
std::string duration_text(int64_t nanoseconds);

// How many nanoseconds "ms" or "wk" stands for, how many bytes "kB" or "KiB".
std::optional<int64_t> nanoseconds_of_unit(std::string_view unit);
std::optional<int64_t> bytes_of_unit(std::string_view unit);

// 1.0 kB: with `digits` behind the point, cut and not rounded, or with as many as there are.
// Without a `unit`, the largest metric one that is no larger than the size.
std::string filesize_text(int64_t bytes, std::optional<int> digits,
                          std::optional<std::string_view> unit = std::nullopt);

// "-1.5e3", "inf", "NaN": the whole text, as Rust reads it.
std::optional<double> parse_float(std::string_view text);

// The whole text, with a sign or without; nothing where it does not fit.
std::optional<int64_t> parse_integer(std::string_view text, int radix = 10);

}  // namespace bytecode
