// Words and strings that stand for values: `0xff`, `1_000`, `5ms`, `2kib`, `"a\tb"`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "result.hpp"
#include "value.hpp"

namespace bytecode {

// The int, float, bool, null, duration or filesize that Nushell reads in `word`; nothing where it
// reads a bare string.
std::optional<Value> parse_literal(std::string_view word);

// The inside of a double-quoted string with its escapes resolved. `at` is its place in the source,
// for the label of a bad escape.
Result<std::string> unescape(std::string_view text, uint32_t at);

// A code point as UTF-8; nothing for what is no code point.
std::optional<std::string> utf8(uint32_t code_point);

}  // namespace bytecode
