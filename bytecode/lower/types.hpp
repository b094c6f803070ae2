// The types of a closure's values, and what the compiler knows of each value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/parser/ast.hpp"
#include "bytecode/program.hpp"
#include "bytecode/schema.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

enum class Type : uint8_t {
  bad,  // an error has been reported; nothing more is said about this value
  null,
  integer,
  boolean,
  string,
  date,
  duration,
  filesize,
  floating,
  binary,
  range,
  record,
  list,
  closure,
  any,      // depends on the run: known to the host alone
  context,  // $ctx
  args,     // $ctx.args
  regs,     // $ctx.regs
};

std::string_view type_name(Type type);  // as Nushell says it: "int"
std::string with_article(Type type);    // "an int", "null"
Type type_of(const Value& value);
bool is_number(Type type);  // held in a register as an integer with a unit or without
bool is_scalar(Type type);  // a number, a bool or a string: what a register can hold
As as_of(Type type);        // of a type that a register holds
Type kept_type(As as);      // of a number or a text that a map keeps

// `$ctx.pid` and its like; one row of builtins.def.
struct Builtin {
  std::string_view name;
  Type type;
  vm_opcode opcode;
  std::string_view sentinel;
  std::string_view doc;
};
const std::vector<Builtin>& builtins();
const Builtin* find_builtin(std::string_view name);

struct Operand;

// A value that only the host can make, from values that the kernel sends.
struct Computed {
  Function function = {};
  std::vector<Operand> args;
};

struct ClosureValue;  // lower.hpp

// A C type: one of the schema's TypeSource, or of ours (cast.hpp), behind so many `*` more. A
// TypeSource has no name for a pointer that only a cast speaks of.
struct CRef {
  TypeId id = 0;
  uint8_t pointers = 0;
  explicit operator bool() const { return id != 0 || pointers != 0; }
  friend bool operator==(const CRef&, const CRef&) = default;
};

// A value as far as the compiler knows it, and where it is when the closure runs.
struct Operand {
  enum class Home : uint8_t {
    constant,   // `constant`; costs nothing until it is used
    reg,        // register `reg`; where nullable and no string, `reg + 1` is 1 for null
    builtin,    // not fetched yet
    field,      // not fetched yet; of a record or a list, what lies there: a C structure, an array
    aggregate,  // a record, a list or a range of `members`, a thing of compile time
    context,    // $ctx, $ctx.args: a record of what the schema says
    computed,   // `computed`: by the host in an output, by an instruction where there is one
    choice,     // one of `members`: the one that register `reg` numbers
    closure,    // `closure`
  };
  Operand() = default;  // declared, for clang 14: it asks for it while `members` is incomplete
  Type type = Type::null;
  Home home = Home::constant;
  Value constant;
  uint8_t reg = 0;
  bool nullable = false;
  bool is_mut = false;             // the register changes
  bool exclusive = false;          // of a range: without its end
  bool never = false;              // control does not come out here: `break`, `return`
  uint32_t capacity = 0;           // of a string: the longest text in bytes
  std::optional<uint8_t> storage;  // of a mut string: the heap block that is its own
  const Builtin* builtin = nullptr;
  const Field* field = nullptr;
  CRef ctype;                   // what C calls it: how it can be followed
  std::optional<As> shown;      // what an output makes of the number, where the type does not tell
  std::optional<uint8_t> base;  // of a field: the register that its path starts from, in place of a
                                // word of the context; where there is a builtin, it is that one
  std::shared_ptr<const Computed> computed;
  std::shared_ptr<const ClosureValue> closure;
  // Of a list's member: the register that is 1 where the member is there. A `where` whose outcome
  // is known only when it runs leaves such members.
  std::optional<uint8_t> present;
  // Named in a record; of a range named "from", "next" and "to", where they are.
  std::vector<std::pair<std::string, Operand>> members;
  Span span;
  Span key_span;  // of a record's member: its name

  bool bad() const { return type == Type::bad; }
  bool is_constant() const { return home == Home::constant; }
  const int64_t* integer() const;   // of a number's or a bool's constant
  const std::string* text() const;  // of a string's constant
  // A C structure or array in memory: read when its parts are.
  bool is_place() const {
    return home == Home::field && (type == Type::record || type == Type::list);
  }
  // A name that only the host knows, of a number that the kernel has.
  bool is_named_by_host() const {
    return shown == As::func || shown == As::probe || shown == As::stack;
  }
  // In a register it is a string handle, which tells itself that it is null.
  bool is_text() const {
    return (type == Type::string || type == Type::binary) && !is_named_by_host();
  }
  // Has a null flag in the register behind its own.
  bool is_flagged() const { return nullable && !is_text(); }
};

Operand constant_operand(Value value, Span span);
// A number as a value of this type: the reverse of Operand::integer.
Value number_value(Type type, int64_t number);

bool is_comparison(ast::Op op);
std::string_view spelling(ast::Op op);

// The type of `left op right` for arithmetic on registers; nothing where Nushell has no such
// operation or the kernel cannot do it.
std::optional<Type> arithmetic_type(ast::Op op, Type left, Type right);
// Whether Nushell compares these, or we do by number (README.md, extensions).
bool comparable(Type left, Type right);
vm_opcode arithmetic_opcode(ast::Op op);

// The result on known numbers, exactly as the instruction computes it; nothing where it would
// fault, which stays for the run.
std::optional<int64_t> fold(ast::Op op, int64_t left, int64_t right);

}  // namespace bytecode
