// A Program as text, for people and for golden tests.
#pragma once

#include <string>

#include "program.hpp"

namespace bytecode {

// One line an instruction: index, mnemonic, operands, and after ';' the source it came from where
// that changes. Then the rows and the maps. Stable: golden files hold it.
std::string disassemble(const Program& program);

}  // namespace bytecode
