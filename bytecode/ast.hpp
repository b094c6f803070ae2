// What the parser understood of a closure: a tree of expressions with their places in the source.
//
// Nushell has no statements: `let` and `if` are expressions whose value may be null, and so they
// are here. Names are not resolved and nothing is typed; lower.hpp does both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "result.hpp"
#include "value.hpp"

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

struct Not {
  ExprPtr operand;
};

enum class Op : uint8_t {
  add,
  subtract,
  multiply,
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
  divide,
  unsupported,  // Nushell knows it, kernels do not yet: =~ in starts-with ...
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
};

struct Record {
  std::vector<Entry> entries;
};

struct List {
  std::vector<ExprPtr> items;
};

struct Subexpression {
  Block block;
};

struct Arm {
  ExprPtr condition;
  Block block;
};

// `if` with its `else if`s; `where COND { ... }` is an `if` with one arm.
struct If {
  std::vector<Arm> arms;
  std::optional<Block> otherwise;
};

struct Flag {
  std::string name;  // with its dashes
  Span span;
};

// A command by its name. `emit("x")` is a call with one argument, as `emit "x"` is.
struct Call {
  std::string name;
  Span name_span;
  std::vector<ExprPtr> args;
  std::vector<Flag> flags;
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
  std::optional<Op> op;  // of `+=` and its like
  Span op_span;
  ExprPtr value;
};

// A well-formed piece of Nushell that no kernel runs yet; the reason is in the error.
struct Refused {
  Error error;
};

struct Expr {
  using Node = std::variant<Literal, Variable, Path, Not, Binary, Record, List, Subexpression, If,
                            Call, Pipeline, Let, Assign, Refused>;
  Span span;
  uint32_t depth = 1;  // of the tree below, bounded by the parser so that walking it is safe
  Node node;
};

struct Closure {
  std::optional<std::string> parameter;
  Block body;
};

}  // namespace bytecode::ast
