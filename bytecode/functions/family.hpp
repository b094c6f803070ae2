// The behaviour of each row of functions.def, one function of the same name, in the file of its
// family. A row without one does not link.
//
// Each takes the arguments of apply() (functions.hpp) and gives nothing where Nushell raises an
// error, or null for a null that it has no use for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "bytecode/functions/functions.hpp"
#include "bytecode/value.hpp"

namespace bytecode::functions {

using Args = std::span<const Value>;
using Answer = std::optional<Value>;

#define FUNCTION(name, takes, gives) Answer name(Args args);
#include "bytecode/functions/functions.def"
#undef FUNCTION

// The argument number `index`; null where it was not given.
const Value& argument(Args args, size_t index);
bool is_given(Args args, size_t index);
bool flag(Args args, size_t index);
const std::string* text(Args args, size_t index);
std::optional<int64_t> integer(Args args, size_t index);

// `answer` of a value, or of each value of a list: nothing if one of them has none.
Answer each(const Value& input, const std::function<Answer(const Value&)>& answer);

// `answer` of a string, or of each string of a list; null of null, nothing of anything else.
Answer each_text(const Value& input, const std::function<Answer(const std::string&)>& answer);

// How many values a range has; nothing where it has no end.
std::optional<uint64_t> count_of(const Range& range);

// `count` of its values from number `first` on, which must be there.
List values_of(const Range& range, uint64_t first, uint64_t count);

// More values of a range than this are not made: their function gives nothing.
inline constexpr uint64_t kMostRangeValues = 100'000;

// How Nushell orders two values of any types: below 0, 0, above 0, or nothing (NaN). Types follow
// each other in a fixed order, but numbers compare by value.
std::optional<int> order(const Value& left, const Value& right);

}  // namespace bytecode::functions
