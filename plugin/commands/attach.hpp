// What all attach commands share: flags, closure, and the ways a trace can run.
//
//   (none)                  attach, answer with the probe's record
//   --stream --for --run    attach, and what course.hpp says
//   --dry-run               compile only
#pragma once

#include "plugin/commands/commands.hpp"

namespace plugin {

Signature attach_signature(Signature signature);
Task<Answer> attach(CallPtr call, Tracing& tracing, host::Kind kind);

}  // namespace plugin
