// Values as a case file writes them: null, true, -5, 0x10, 1.5, "text", 5ms, 2kib, 1..5, date 5,
// [1 2], {a: 1}, and $name for what the event says.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "bytecode/result.hpp"
#include "bytecode/value.hpp"

namespace cases {

using Symbols = std::map<std::string, bytecode::Value, std::less<>>;

// Reads one value at the start of `text` and takes it off, with the white space around it.
bytecode::Result<bytecode::Value> take_value(std::string_view& text, const Symbols& symbols);

// The whole text is one value.
bytecode::Result<bytecode::Value> parse_value(std::string_view text, const Symbols& symbols);

// A word of letters, digits, _ - and #, or a quoted string.
bytecode::Result<std::string> take_name(std::string_view& text);

void skip_space(std::string_view& text);

}  // namespace cases
