// Numbers as a person reads them: counts, durations, sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bytecode/value.hpp"

namespace plugin::pictures {

enum class Unit : uint8_t { number, duration, filesize };

// An int, a duration or a filesize; nothing for any other value.
struct Amount {
  int64_t number = 0;
  Unit unit = Unit::number;
};
std::optional<Amount> amount_of(const bytecode::Value& value);

// To the last digit, as Nushell writes it: 12345, 1sec 234ms 567µs 890ns, 1.2 kB.
std::string exact(int64_t number, Unit unit);
// For reading: 12,345, 1sec 234ms, 1.2 kB.
std::string rounded(int64_t number, Unit unit);
// `part` of `whole`: 12.34%.
std::string percent(double part, double whole);
// A value as one short text, as for a label: a string as it is, a list's items with commas.
std::string label(const bytecode::Value& value);

// a + b, or the largest number where that is too large. Of numbers from 0 up.
int64_t add_counts(int64_t a, int64_t b);

}  // namespace plugin::pictures
