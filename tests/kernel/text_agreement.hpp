// The instructions for text mean the same to an engine as to the reference interpreter, on texts
// that lie in this process's memory.
#pragma once

#include <cstdint>

#include "tests/cases/engine.hpp"

namespace kernel_tests {

// Runs all of them on `pairs` random pairs of a text and something to find in it.
void expect_text_agreement(cases::Engine& engine, uint64_t seed, int pairs);

// Texts of VM_STR_MAX - 1 bytes, the most that a string has, and of one more.
void expect_longest_texts(cases::Engine& engine);

// Texts whose parts have the hash of what is sought and are something else (search.bpf.h), and
// texts of one letter, where a search by comparison alone is slow.
void expect_exact_search(cases::Engine& engine);

}  // namespace kernel_tests
