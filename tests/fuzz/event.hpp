// The events that closures run over: one schema for all, values at the edges of their types.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/random.hpp"
#include "tests/fuzz/tree.hpp"

namespace fuzz {

struct EventField {
  std::string_view name;
  std::string_view type;  // as a case file has it
  Type value;
};

// `small` is from 0 to 12 in every event, so that something can depend on it without ending the
// run; `gone` is a text that cannot be read in half of them.
const std::vector<EventField>& event_fields();

// The `field` lines of a case file.
std::string field_lines();

// One event's values, after the word `event` of a case file.
std::string random_event(Random& random);

// An integer at some edge: 0, 1, -1, powers of two and their neighbours, the extremes.
int64_t edge_integer(Random& random);

// A text of at most `most` bytes of UTF-8, without a NUL.
std::string random_text(Random& random, size_t most);

}  // namespace fuzz
