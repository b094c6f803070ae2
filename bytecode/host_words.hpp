// What the host makes of a row's raw fields, as one would write it in Nushell.
//
//   {comm: $ctx.comm, kib: ($ctx.args.count / 1024), name: ($ctx.args.name | str trim --left)}
#pragma once

#include <span>
#include <string>

#include "bytecode/program.hpp"

namespace bytecode {

// `sent` names the raw fields.
std::string host_words(const Output& output, std::span<const std::string> sent);

}  // namespace bytecode
