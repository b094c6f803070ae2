// Where our answer and Nushell's may part: the table of README.md, each row with its test.
#pragma once

#include <string>
#include <string_view>

#include "bytecode/program.hpp"
#include "tests/fuzz/outcome.hpp"

namespace fuzz {

struct Parting {
  std::string closure;
  std::string event;  // Nushell's record
  const bytecode::Program& program;
  const Outcome& ours;
  const Outcome& theirs;
  std::string version;  // of Nushell
};

// The name of the documented difference that explains the two outcomes; empty where none does.
std::string_view documented(const Parting& parting);

}  // namespace fuzz
