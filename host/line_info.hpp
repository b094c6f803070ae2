// Source lines and inlined calls of code addresses, from a file's debug information.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/debug_info.hpp"

namespace host {

// A function that an address belongs to: one that was inlined there, or, last, the one whose code
// it is.
struct LineFrame {
  std::string name;      // as frames show it; may be empty
  std::string file;      // its base name; empty: not known
  int line = 0;          // 0: not known
  uint64_t address = 0;  // where the function begins; only of the last one
};

class LineInfo {
 public:
  // An Error where there is no debug information. Nothing is read yet.
  static bytecode::Result<LineInfo> open(const ElfImage& image);

  // Innermost first; none where debug information does not cover the address. The first question
  // to a compile unit costs a walk over it.
  std::vector<LineFrame> at(uint64_t address);
  // What it holds in memory, about.
  size_t bytes() const { return bytes_; }

 private:
  struct Function {
    uint64_t low = 0, high = 0;
    Dwarf_Die die = {};
  };
  struct Unit {
    std::vector<Function> functions;  // by `low`; what is cold has an entry of its own
  };

  explicit LineInfo(DebugInfo info) : info_(std::move(info)) {}
  const Unit& unit(Dwarf_Die die);

  DebugInfo info_;
  std::unordered_map<void*, Unit> units_;
  size_t bytes_ = 0;
};

}  // namespace host
