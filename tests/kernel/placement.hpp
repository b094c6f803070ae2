// A Program as a bank of a probe's code map, the way the host places it.
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/wire.h"

namespace kernel_tests {

// Writes a program to a bank. `slots[i]` is where the program's map i lies: a slot of its key
// class, or a cell.
void place(const bytecode::Program& program, const std::vector<uint32_t>& slots, vm_bank& bank);

}  // namespace kernel_tests
