// Nushell closure text to Program: the one way in.
//
//   compile("{|ctx| if $ctx.pid > 1000 { $ctx.comm | count opens } }", schema, {})
//
// Everything is checked here: syntax, names, types, limits. What compile accepts passes validate
// and loads into any kernel; what it refuses it refuses with labels on the exact words and a hint,
// every independent error in one pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// An outer variable that the closure uses, by value; a constant of the program.
struct Capture {
  std::string name;  // without the $
  Value value;
  // Not empty: a kind of value that a program cannot hold ("cell path"); `value` is null.
  std::string unsupported = {};
  // A closure: the index of its text in CompileOptions::texts; `value` is null.
  std::optional<uint32_t> text = {};
};

// Source from outside the closure: a custom command (`def name [...] { ... }`) or a captured
// closure (`{|x| ...}`), with the variables that it captured where it was written.
struct Text {
  std::string source;
  std::vector<Capture> captures;
};

enum class Dialect : uint8_t {
  closure,  // text that Nushell's parser has accepted
  text,  // a string that Nushell never parsed: also && || ^ % count() bare $pid, and `where COND {
         // ... }`
};

struct CompileOptions {
  Dialect dialect = Dialect::closure;
  std::vector<Capture> captures;
  std::vector<Text> texts;
  uint32_t string_bytes =
      256;  // capacity of a string read from memory, with its NUL; 8 to VM_STR_MAX
  uint32_t fuel = VM_FUEL;
  uint32_t map_entries = 0;  // MapSpec::entries of the maps that it makes
  bool lru = false;          // MapSpec::lru of those of its own that have keys
  // The maps that there are already: what map-get finds in one that the closure does not write, and
  // how wide their keys are.
  std::vector<MapSpec> maps = {};
};

// `source` is the closure with its braces, `{|ctx| ...}`; in the text dialect the braces may be
// missing.
//
// The spans of the program and of errors point into Program::source: the closure, then each of
// `options.texts` after a newline.
Result<Program> compile(std::string_view source, const Schema& schema,
                        const CompileOptions& options);

// The names in command position that the language does not have, each once: where Nushell knows a
// custom command of that name, its text belongs into the options. A name of several words comes
// with its shorter beginnings ("net", "net send"). Empty where the text does not parse.
std::vector<std::string> commands_called(std::string_view source, Dialect dialect);

// The verbs, and the commands of Nushell that the kernel runs; functions.hpp has those of the host.
std::vector<std::string_view> command_names();

// The timer that `start-timer` and `stop-timer` without a name mean, of a function ($ctx.func). The
// two tracepoints of a system call have the call's.
std::string timer_of(std::string_view func);

// The value of the sentinel that the module exports for a builtin ("pid", "uid", "comm" ...), or
// null where there is none. A captured variable of that name and value means the builtin; any other
// value is the user's own.
Value sentinel(std::string_view builtin);

}  // namespace bytecode
