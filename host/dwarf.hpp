// What a program's or library's debug information says of its functions and types, through
// elfutils: that of the file itself, or of the file its build id or .gnu_debuglink names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/btf.hpp"

namespace host {

class Dwarf : public bytecode::TypeSource {
 public:
  // An Error where there is no debug information; that is common and no failure of the probe.
  static bytecode::Result<std::shared_ptr<const Dwarf>> open(const std::string& path);
  // The function that begins at this address of the file's own numbering.
  std::optional<Prototype> function_at(uint64_t address) const;
};

}  // namespace host
