// Why an address of a stack has no name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

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

// "no mapping".
constexpr std::string_view name_of(Unresolved why) {
  switch (why) {
    case Unresolved::no_process:
      return "process gone";
    case Unresolved::no_mapping:
      return "no mapping";
    case Unresolved::no_jit_map:
      return "no perf map";
    case Unresolved::file_gone:
      return "file gone";
    case Unresolved::file_refused:
      return "file not readable";
    case Unresolved::no_symbols:
      return "no symbols";
    case Unresolved::no_symbol:
      return "no symbol there";
    case Unresolved::kernel:
      return "no kernel symbol";
    case Unresolved::count:
      break;
  }
  return "";
}

using UnresolvedCounts = std::array<uint64_t, unresolved_kinds>;

}  // namespace host
