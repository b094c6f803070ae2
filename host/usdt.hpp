// USDT probes: places that a program's author marked, described in the notes of its file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"

namespace host {

// One place. A probe may have several, whose arguments lie in different registers.
struct UsdtPlace {
  std::string provider, name;
  uint64_t offset = 0;     // in the file
  uint64_t semaphore = 0;  // in the file; 0: none
  // arg0, arg1 ... with their sizes and signs, in a uprobe's context. One that cannot be read (in a
  // vector register) is of kind array, with its words in `type`.
  std::vector<bytecode::Field> args;
};
bytecode::Result<std::vector<UsdtPlace>> usdt_places(const std::string& path);

// "-4@%edi", "8@-16(%rbp)", "4@$7" ...: pure.
std::vector<bytecode::Field> parse_usdt_arguments(std::string_view text);

}  // namespace host
