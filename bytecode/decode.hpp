// Raw bytes back to Nushell values: rows by their site, keys by their parts. Pure: used by the host
// on what the kernel sent, and by tests on what the reference interpreter made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// Turns a monotonic timestamp in nanoseconds into one since the epoch; added to every word that
// reads as a date.
struct Clock {
  int64_t offset_ns = 0;
};

// Names for numbers that the kernel sends and only the host can tell: which of a probe's targets
// was hit, a control group.
class Names {
 public:
  virtual ~Names() = default;
  virtual std::string func(uint32_t site) const = 0;   // "vfs_read"
  virtual std::string probe(uint32_t site) const = 0;  // "kprobe:vfs_read"
  virtual std::string cgroup(uint64_t id) const = 0;   // "/system.slice/x.service"; "" if unknown
  // The frames of a stack, leaf first: "vfs_read+0x12".
  virtual std::vector<std::string> stack(uint64_t number) const = 0;
};

// The value of a row, from its payload. Never reads past `payload`: a short or inconsistent one
// gives null fields.
Value decode_row(const RowSite& site, uint64_t nulls, std::span<const uint8_t> payload, Clock clock,
                 const Names* names = nullptr);

// Whether the value of a row needs stacks, and their numbers in one.
bool has_stacks(const Output& output);
std::vector<uint64_t> stacks_of(const RowSite& site, uint64_t nulls,
                                std::span<const uint8_t> payload);
// Likewise of a map's key.
bool has_stacks(const MapSpec& map);
std::vector<uint64_t> stacks_of(const MapSpec& map, std::span<const uint8_t> key);

// A word as a value; null where it would be text.
Value decode_word(uint64_t word, As as, Clock clock);

// The columns of a key: one unnamed for a scalar key, the named ones of a record key, none for an
// unkeyed map.
Record decode_key(const MapSpec& map, std::span<const uint8_t> key, Clock clock,
                  const Names* names = nullptr);

}  // namespace bytecode
