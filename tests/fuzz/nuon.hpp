// Values as Nushell's `to nuon` writes them.
#pragma once

#include <optional>
#include <string_view>

#include "bytecode/value.hpp"

namespace fuzz {

// Nothing where the text is not a value, or not one that this project has.
std::optional<bytecode::Value> parse_nuon(std::string_view text);

}  // namespace fuzz
