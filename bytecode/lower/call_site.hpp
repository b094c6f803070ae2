// What a name stands for, and what a call gives: names, closures as values, a command's arguments.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/lower/types.hpp"
#include "bytecode/parser/ast.hpp"

namespace bytecode {

// A name and what it stands for.
struct NamedOperand {
  std::string name;
  Operand operand;
};

struct ClosureValue;

struct CustomCommand {
  std::string name;
  std::shared_ptr<const ClosureValue> closure;
};

// A closure as a value, or the body of a custom command: its text, and what it sees there.
struct ClosureValue {
  const ast::Closure* node = nullptr;
  std::vector<NamedOperand> variables;  // innermost last
  std::vector<CustomCommand> commands;
  const std::vector<Capture>* captures = nullptr;  // of the text that it stands in
};

// One call of a command whose name may have had several words.
struct CallSite {
  std::string name;
  Span name_span;
  std::span<const ast::Argument> args;
  Span span;  // name and arguments
};

// What a command takes.
struct Signature {
  struct Flag {
    std::string_view name;        // "--by"
    std::string_view short_name;  // "-b"; may be empty
    bool takes_value = false;
  };
  uint32_t least = 0, most = 0;  // positional arguments
  std::vector<Flag> flags;
  std::string hint;  // how it is written, for whoever gives too much or too little
};

// A call's arguments, sorted by its signature.
struct Arguments {
  std::vector<const ast::Expr*> values;                // positional
  std::map<std::string_view, const ast::Expr*> flags;  // by long name; null for one without value
  std::map<std::string_view, Span> flag_spans;
  bool has(std::string_view flag) const { return flags.contains(flag); }
};

// The ends of a range, ints.
struct Bounds {
  Operand from;
  std::optional<Operand> next, to;
  bool exclusive = false;
};

}  // namespace bytecode
