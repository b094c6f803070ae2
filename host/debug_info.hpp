// An open file of debug information: libdw's handle, what it stands on, and the compile units by
// their addresses.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "host/elf_image.hpp"

namespace host {

// DW_AT_name, or "".
std::string_view plain_name(Dwarf_Die die);
// Of a unit whose body lies in a .dwo file, that body.
Dwarf_Die body_of(Dwarf_Die unit);

class DebugInfo {
 public:
  // That of the file itself, else of the file its build id or .gnu_debuglink names; an Error where
  // there is none. Nothing is read yet.
  static bytecode::Result<DebugInfo> open(const ElfImage& image);

  ::Dwarf* dwarf() const { return dwarf_.get(); }
  // The compile unit whose code this address of the file's own numbering is.
  std::optional<Dwarf_Die> unit_at(uint64_t address);

 private:
  struct End {
    void operator()(::Dwarf* dwarf) const { dwarf_end(dwarf); }
  };
  struct Range {
    uint64_t low = 0, high = 0;
    Dwarf_Die unit = {};
  };

  ElfImage image_;  // holds the mapping that everything points into
  std::unique_ptr<::Dwarf, End> dwarf_;
  std::optional<std::vector<Range>> ranges_;  // of units, where .debug_aranges does not know
};

}  // namespace host
