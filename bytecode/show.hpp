// Values and names as text, the way Nushell would write them: for the disassembly and for tests.
#pragma once

#include <string>
#include <string_view>

#include "bytecode/program.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// "text" with \" \\ \n \t \r escaped, and other control characters as \u{..}.
std::string quoted(std::string_view text);

// A record's column name: bare where Nushell takes it so, else quoted.
std::string show_name(std::string_view name);

// A value on one line: {comm: "bash", n: 3}. Durations are 5ns, filesizes 5b, dates `date 5` with
// the nanoseconds since the epoch, binary 0x[00 ff].
std::string show(const Value& value);

std::string_view as_name(As as);
std::string_view row_type_name(RowType type);

}  // namespace bytecode
