// USDT probes: places that a program's author marked, described in the notes of its file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "host/pt_regs.hpp"

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
// In the order of the file; none at all is no Error.
bytecode::Result<std::vector<UsdtPlace>> usdt_places(const std::string& path);

// Those that "provider:name" means, or a name of any provider; either may be a glob.
std::vector<const UsdtPlace*> find_usdt(const std::vector<UsdtPlace>& places,
                                        std::string_view word);

// How far a variable lies from the probe; empty where nobody knows.
using SymbolDistance = std::function<std::optional<int64_t>(std::string_view symbol)>;

// "-4@%edi", "8@-16(%rbp)", "4@$7", "4@counter(%rip)", on Arm "-4@[sp, 12]" and "8@x0": pure.
std::vector<bytecode::Field> parse_usdt_arguments(std::string_view text, Arch arch = native_arch,
                                                  const SymbolDistance& distance = {});

}  // namespace host
