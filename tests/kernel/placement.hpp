// A Program as a bank of a probe's code map, the way the host places it.
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/wire.h"

namespace kernel_tests {

// Writes a program to a bank. `slots[i]` is where the program's map i lies: a slot of its key
// class, or a cell; timers have the numbers below.
void place(const bytecode::Program& program, const std::vector<uint32_t>& slots, vm_bank& bank);

// The number of a timer of the Effects, and back.
uint32_t timer_number(int64_t timer);
int64_t timer_of_number(uint32_t number);

void add_tally(vm_tally& to, const vm_tally& more);

}  // namespace kernel_tests
