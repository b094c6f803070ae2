// A program means the same to an engine as to the reference interpreter.
#pragma once

#include <cstdint>

#include "tests/cases/engine.hpp"

namespace kernel_tests {

// Runs a program on both, and fails the running GoogleTest test where rows, counts or faults
// differ; what the reference did.
bytecode::Effects expect_same(cases::Engine& engine, const bytecode::Program& program,
                              bytecode::Event event);

// Runs `programs` random programs, each on an event of its own, on both, up to the first one whose
// rows, counts or faults differ.
void expect_agreement(cases::Engine& engine, uint64_t seed, int programs);

}  // namespace kernel_tests
