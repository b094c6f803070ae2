// A closure compiled for all the targets of a probe: once for each way that their contexts are laid
// out, and what came out alike is one program.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bytecode/compile.hpp"
#include "host/session.hpp"
#include "plugin/closure.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

// One for each target, in their order; targets whose hits run the same code share it.
using Programs = std::vector<std::shared_ptr<const bytecode::Program>>;

// `maps` are those that there are. Where the closure does not fit some of the targets, the Error
// names those.
bytecode::Result<Programs> compile_closure(const ClosureArgument& closure,
                                           const std::vector<host::Target>& targets,
                                           const CompileFlags& flags,
                                           std::vector<bytecode::MapSpec> maps);

// Each program once, with the targets that run it.
struct Share {
  std::shared_ptr<const bytecode::Program> program;
  std::vector<size_t> targets;  // indices
};
std::vector<Share> shares(const Programs& programs);

}  // namespace plugin
