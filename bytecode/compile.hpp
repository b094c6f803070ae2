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

#include "program.hpp"
#include "result.hpp"
#include "schema.hpp"
#include "value.hpp"

namespace bytecode {

// An outer variable that the closure uses, by value; a constant of the program.
struct Capture {
  std::string name;  // without the $
  Value value;
  // Not empty: a kind of value that a program cannot hold ("range", "closure"); `value` is null.
  std::string unsupported = {};
};

enum class Dialect : uint8_t {
  closure,  // text that Nushell's parser has accepted
  text,  // a string that Nushell never parsed: also && || ^ % count() bare $pid, and `where COND {
         // ... }`
};

struct CompileOptions {
  Dialect dialect = Dialect::closure;
  std::vector<Capture> captures;
  uint32_t string_bytes =
      256;  // capacity of a string read from memory, with its NUL; 8 to VM_STR_MAX
  uint32_t fuel = VM_FUEL;
};

// `source` is the closure with its braces, `{|ctx| ...}`; in the text dialect the braces may be
// missing.
Result<Program> compile(std::string_view source, const Schema& schema,
                        const CompileOptions& options);

// The value of the sentinel that the module exports for a builtin ("pid", "uid", "comm" ...), or
// null where there is none. A captured variable of that name and value means the builtin; any other
// value is the user's own.
Value sentinel(std::string_view builtin);

}  // namespace bytecode
