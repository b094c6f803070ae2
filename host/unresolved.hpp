// Why an address of a stack has no name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace host {

enum class Unresolved : uint8_t {
  no_process,    // it had ended before it was looked at
  no_mapping,    // nothing is mapped there: often a stack that was followed wrongly
  no_jit_map,    // code that the process made itself, without a perf map, or not in it
  file_gone,     // no such file any more, or none that is the one that was mapped
  file_refused,  // it may not be read, or is no program of this kind of machine
  no_symbols,    // the file is stripped
  no_symbol,     // none of its symbols covers the address
  kernel,        // an address that the kernel lists no function at, or hides
  count,
};

constexpr size_t unresolved_kinds = static_cast<size_t>(Unresolved::count);

using UnresolvedCounts = std::array<uint64_t, unresolved_kinds>;

// "in this session no name was found for 12 addresses: 9 in stripped files ..., 3 of ...", the most
// first; empty where all are 0.
std::string unresolved_note(const UnresolvedCounts& counts);

}  // namespace host
