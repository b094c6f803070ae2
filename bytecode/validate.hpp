// The gate before the kernel: every Program passes here before it is loaded, in every build type,
// whoever made it.
#pragma once

#include "bytecode/program.hpp"
#include "bytecode/result.hpp"

namespace bytecode {

// Checks operands against their formats, jump targets, sizes, that every path ends in exit, that no
// register is read before it is written on some path, that the fields appended between row.begin
// and row.send are those of the row's site, and that a key is as long as its map's class says. The
// error names the instruction.
Status validate(const Program& program);

}  // namespace bytecode
