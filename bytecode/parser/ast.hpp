// What the parser understood of a closure: a tree of expressions with their places in the source.
//
// Nushell has no statements: `let`, `if` and `for` are expressions whose value may be null, and so
// they are here. Names are not resolved, commands are not known and nothing is typed: lower.hpp
// does all three.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bytecode/result.hpp"
#include "bytecode/value.hpp"

namespace bytecode::ast {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// What stands between braces or parentheses, separated by newlines and semicolons.
struct Block {
  std::vector<ExprPtr> items;
  Span span;
};

struct Literal {
  Value value;
  bool bare = false;  // a word without quotes
};

struct Variable {
  std::string name;  // without the $
};

// One step of a cell path: `.filename`, `."some name"`, `.0`, `.comm?`.
struct Member {
  std::string name;
  Span span;
  bool optional = false;
};

struct Path {
  ExprPtr base;
  std::vector<Member> members;
};

// In the condition of a `where`, a bare word where a value is expected: a field of the row, or in
// `where COND { ... }` of the event. `event.size` has two members.
struct Column {
  std::vector<Member> members;
};

// `$"..."`: literal strings and expressions by turns.
struct Interpolation {
  std::vector<ExprPtr> parts;
};

// `1..5`, `1..<5`, `0..2..10`, `1..`. Without a `from` it begins at 0.
struct Range {
  ExprPtr from, next, to;  // any may be missing
  bool inclusive = true;
};

struct Not {
  ExprPtr operand;
};

enum class Op : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  concatenate,
  matches,      // =~ and like
  not_matches,  // !~ and not-like
  in,
  not_in,
  has,
  not_has,
  starts_with,
  not_starts_with,
  ends_with,
  not_ends_with,
};

struct Binary {
  Op op = Op::add;
  Span op_span;
  ExprPtr left, right;
};

struct Entry {
  std::string key;
  Span key_span;
  ExprPtr value;
  bool spread = false;  // `...$record`; without a key
};

struct Record {
  std::vector<Entry> entries;
};

// `...$list` inside a list or among the arguments of a call.
struct Spread {
  ExprPtr value;
};

// `[[a b]; [1 2]]` is a list of records to the parser already.
struct List {
  std::vector<ExprPtr> items;
};

struct Subexpression {
  Block block;
};

struct Parameter {
  std::string name;  // without dashes or dots
  Span span;
  std::string type;             // as written; empty where there is none
  bool optional = false;        // `x?`, or with a default
  bool rest = false;            // `...xs`
  bool flag = false;            // `--name`; with a type it takes a value
  ExprPtr initial;              // `x = 5`; null where there is none
  std::string short_name = {};  // of `--name(-n)`; of `-n` alone both names are `n`
};

// `{|x| ...}` as a value, or `{ ... }` where a value is expected.
struct Closure {
  std::vector<Parameter> parameters;
  Block body;
};

struct Arm {
  ExprPtr condition;
  Block block;
};

struct If {
  std::vector<Arm> arms;
  std::optional<Block> otherwise;
};

// What a `match` arm asks for. Lists and records hold patterns of their parts.
struct Pattern {
  enum class Kind : uint8_t {
    anything,  // _
    binding,   // $name
    value,     // a literal or a range
    list,      // [a, b], [a, ..$rest], [a, ..]
    record,    // {a: 1, $b}
  };
  Kind kind = Kind::anything;
  Span span;
  std::string name;                 // binding
  ExprPtr value;                    // value
  std::vector<Pattern> parts;       // list, record
  std::vector<std::string> keys;    // record: of each part
  std::optional<std::string> rest;  // list: the name behind `..`; empty for a plain `..`
};

struct MatchArm {
  std::vector<Pattern> patterns;  // separated by |
  ExprPtr guard;                  // after `if`; may be null
  ExprPtr body;                   // a block in braces is a Subexpression
};

struct Match {
  ExprPtr subject;
  std::vector<MatchArm> arms;
};

struct For {
  std::string name;
  Span name_span;
  ExprPtr values;
  Block block;
};

struct While {
  ExprPtr condition;  // null for `loop`
  Block block;
};

struct Break {};
struct Continue {};

struct Return {
  ExprPtr value;  // may be null
};

// Known in the whole block that it stands in, also before it.
struct Def {
  std::string name;  // may have several words
  Span name_span;
  Closure closure;
};

// `where COND`: `condition` is a row condition, where bare words are columns, or a value that is a
// closure. `where COND { ... }` has a block, and is an `if` on the event.
struct Where {
  ExprPtr condition;
  std::optional<Block> block;
};

// One thing after a command's name. A flag's value may be glued to it (`--name=x`) or be the next
// argument: only who knows the command can tell.
struct Argument {
  std::optional<std::string> flag;  // with its dashes
  Span flag_span;
  ExprPtr value;  // null for a flag without `=`
};

// A command by its first word; further words of its name are bare arguments. `emit("x")` is a call
// with one argument, as `emit "x"` is.
struct Call {
  std::string name;
  Span name_span;
  std::vector<Argument> args;
};

struct Pipeline {
  std::vector<ExprPtr> elements;  // two or more
};

struct Let {
  std::string name;
  Span name_span;
  bool is_mut = false;
  ExprPtr value;
};

struct Assign {
  std::string name;
  Span name_span;
  std::vector<Member> path;  // `$r.a.b = ...`
  std::optional<Op> op;      // of `+=` and its like
  Span op_span;
  ExprPtr value;
};

// A well-formed piece of Nushell that no probe can run; the reason is in the error.
struct Refused {
  Error error;
};

struct Expr {
  using Node =
      std::variant<Literal, Variable, Path, Column, Interpolation, Range, Not, Binary, Record,
                   Spread, List, Subexpression, Closure, If, Match, For, While, Break, Continue,
                   Return, Def, Where, Call, Pipeline, Let, Assign, Refused>;
  Span span;
  uint32_t depth = 1;  // of the tree below, bounded by the parser so that walking it is safe
  Node node;
};

}  // namespace bytecode::ast
