// The clock that rows, stacks and processes are stamped with.
#pragma once

#include <cstdint>

namespace host {

// Nanoseconds of CLOCK_MONOTONIC.
uint64_t monotonic_ns();

}  // namespace host
