// Random programs that the validator accepts: every opcode, values at the edges of its meaning.
#pragma once

#include <cstdint>
#include <random>

#include "bytecode/interp.hpp"
#include "bytecode/program.hpp"
#include "tests/cases/event.hpp"

namespace kernel_tests {

using Random = std::mt19937_64;

// A program that reads events of random_event's form. It never asks for the time, which differs
// between engines.
bytecode::Program random_program(Random& random);

// An event whose context starts with addresses (kAddresses of them), then a __data_loc word, and
// has text and noise behind that.
bytecode::Event random_event(Random& random, cases::Memory& memory);

}  // namespace kernel_tests
