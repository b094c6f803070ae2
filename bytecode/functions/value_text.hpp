// Values as the texts that Nushell makes of them, in its default configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bytecode/value.hpp"

namespace bytecode {

// What `describe` says: list<int>, record<a: int>, table<a: int>.
std::string type_text(const Value& value);

// What string interpolation makes: 1.0 kB, 1ms 500µs, {a: [1, 2]}; nothing for null. `separator`
// stands between the parts of a list or record; in what lies deeper it is ", ".
std::string display_text(const Value& value, std::string_view separator = ", ");

// Dates in words: "Wed, 1 Jan 2020 00:00:00 +0000 (2 hours ago)".
std::string date_display_text(Date date);

std::string range_text(const Range& range);

std::string nuon_text(const Value& value);

// Indented by `indent` for each level; on one line where that is nothing.
std::string json_text(const Value& value, std::optional<std::string_view> indent);

std::string plain_text(const Value& value, std::string_view separator);  // `to text`

}  // namespace bytecode
