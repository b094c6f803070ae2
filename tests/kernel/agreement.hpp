// Random programs mean the same to an engine as to the reference interpreter.
#pragma once

#include <cstdint>

#include "tests/cases/engine.hpp"

namespace kernel_tests {

// Runs `programs` random programs, each on an event of its own, on both, and fails the running
// GoogleTest test at the first one whose rows, counts or faults differ.
void expect_agreement(cases::Engine& engine, uint64_t seed, int programs);

}  // namespace kernel_tests
