// Words and strings that stand for values: `0xff`, `1_000`, `5ms`, `2kib`, `2024-01-02`, `"a\tb"`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/result.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// The int, float, bool, null, duration, filesize or date that Nushell reads in `word`; nothing
// where it reads a bare string. A date without an offset is UTC.
std::optional<Value> parse_literal(std::string_view word);

// Whether a word looks like a date: 2024-01-02 and more.
bool is_date(std::string_view word);

// The inside of a double-quoted string with its escapes resolved. `at` is its place in the source,
// for the label of a bad escape.
Result<std::string> unescape(std::string_view text, uint32_t at);

// A code point as UTF-8; nothing for what is no code point.
std::optional<std::string> utf8(uint32_t code_point);

}  // namespace bytecode
