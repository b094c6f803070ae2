// All entries of a hash map of the kernel's, while it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bytecode/result.hpp"

namespace host {

// What a hash map's entries are like.
struct EntryShape {
  uint32_t key_bytes = 8;
  uint32_t value_bytes = 8;  // a multiple of 8
  uint32_t parts = 1;        // values of one entry: of a per-CPU map one for each possible CPU
};

// Hands each entry to `sink`: its key, its values one after another. An entry that is changed
// meanwhile is as it was at some moment; one that comes or goes meanwhile may be left out. `max` is
// the map's own limit.
using EntrySink =
    std::function<void(std::span<const uint8_t> key, std::span<const uint64_t> words)>;
bytecode::Status read_entries(int fd, const EntryShape& shape, uint64_t max, const EntrySink& sink);

}  // namespace host
