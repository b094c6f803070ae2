// All entries of a hash map of the kernel's, while it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bytecode/result.hpp"

namespace host {

// What a hash map's entries are like.
struct EntryShape {
  uint32_t key_bytes = 8;
  uint32_t value_bytes = 8;  // a multiple of 8
  uint32_t parts = 1;        // values of one entry: of a per-CPU map one for each possible CPU
};

// Takes an entry: its key, its values one after another.
using EntrySink =
    std::function<void(std::span<const uint8_t> key, std::span<const uint64_t> words)>;

// Goes through a map's entries once, some at a time. An entry that is changed meanwhile is as it
// was at some moment; one that comes or goes meanwhile may be left out.
class EntryReader {
 public:
  // `max` is the map's own limit.
  EntryReader(const EntryShape& shape, uint64_t max);
  // Hands the next entries of the map `fd`, the same at each call, to `sink`: some thousand at
  // most, rarely more. False when there are no more.
  bytecode::Result<bool> next(int fd, const EntrySink& sink);

 private:
  EntryShape shape_;
  uint32_t room_;
  uint64_t place_ = 0;  // where the kernel goes on
  bool begun_ = false, ended_ = false;
  std::vector<uint8_t> keys_;
  std::vector<uint64_t> values_;
};

// All of them.
bytecode::Status read_entries(int fd, const EntryShape& shape, uint64_t max, const EntrySink& sink);

}  // namespace host
