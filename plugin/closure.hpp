// A closure argument to what the compiler takes: text, the place of that text, captured variables.
//
// The argument's own span is the closure only where it was written in place; for `$f` it is `$f`.
// The text always comes from the closure's block (`view source`), and its place is looked for:
//   written in place            the argument's span
//   a variable, def or module   the block's span, from its IR
//   a string                    the argument's span, escapes taken into account
//
// It takes along the closures among its captured variables, with their own, and the custom commands
// that any of these texts calls.
#pragma once

#include <vector>

#include "bytecode/compile.hpp"
#include "plugin/call.hpp"
#include "plugin/error.hpp"

namespace plugin {

struct ClosureArgument {
  SourceText source;
  bytecode::Dialect dialect = bytecode::Dialect::closure;
  std::vector<bytecode::Capture> captures;
  std::vector<bytecode::Text> texts;  // source.along as the compiler takes them
};

Task<Outcome<ClosureArgument>> read_closure(std::shared_ptr<Call> call, Node argument);

// The place in `literal`, a string as written in source at `start`, of each byte of its value, and
// of its end; empty where `literal` is no string with that value.
std::vector<uint64_t> string_places(std::string_view literal, uint64_t start,
                                    std::string_view value);

}  // namespace plugin
