// What all attach commands share: flags, closure, and the ways a trace can run.
//
//   (none)                  attach, answer with the probe's record
//   --stream                the closure's values, until the reader or the probe ends
//   --for 5sec              attach, wait, detach, answer with the closure's maps (or its values)
//   --dry-run               compile only
#pragma once

#include <string>

#include "plugin/commands/commands.hpp"

namespace plugin {

// The words of the target: one argument, or for a uprobe two.
struct TargetWords {
  host::Kind kind;
  size_t count = 1;  // positional arguments before the closure
};

Signature attach_signature(Signature signature);
Task<Answer> attach(CallPtr call, Tracing& tracing, TargetWords words);

}  // namespace plugin
