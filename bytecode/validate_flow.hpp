// The half of the validator that follows a program's paths. The other half has checked every
// operand by then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bytecode/program.hpp"

namespace bytecode {

struct FlowError {
  size_t index = 0;  // instruction
  std::string reason;
};

// What must hold on every path from the first instruction: no register is read before it is
// written, a handle is made by a string instruction, a row gets its site's fields in order and is
// sent, a key is written whole before it counts, and the end is an exit or a trap. What no path
// reaches is not looked at.
std::optional<FlowError> check_flow(const Program& program);

}  // namespace bytecode
