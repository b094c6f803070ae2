// The making of one closure: what names are known where, and how large it may still grow.
// Expressions come from the table of productions (expressions.cpp), statements are made here
// (statements.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/generator.hpp"

namespace fuzz {

struct Variable {
  std::string name;  // with what may follow it: "v3", "v3.a.b"
  Type type = Type::integer;
  bool is_mut = false;
  bool host = false;      // only the host knows its value
  bool constant = false;  // may not be assigned to: a loop's counter, a member of a record
  int group = 0;          // members of one record have one
};

// What a `def` in the closure has defined.
struct Function {
  std::string name;
  std::vector<Type> parameters;
  Type result = Type::integer;
  bool optional = false;  // one more int may follow
  bool flag = false;      // has --flag
};

class Maker {
 public:
  Maker(Random& random, const Features& features) : random_(random), features_(features) {}

  Generated closure();

 private:
  // Expressions
  Tree expression(Type type, Where where, int depth);
  const Production* draw(Type type, Where where);
  Tree expand(const Production& production, Where where, int depth);
  Tree leaf_of(Type type, Where where);
  Tree literal(Type type);
  Tree small_integer();
  Tree without_quotes(char hole, Where where, int depth);
  Tree call(Function function, int depth);  // with what the kernel knows
  std::string bind(Type type, bool host);
  bool hidden(size_t index) const;
  Tree chain(Type type, Where where, int depth);
  Tree chain_atom(Type type, Where where);
  Tree record(Where where, int depth);
  Tree output(int depth);
  std::optional<Tree> event_value(Type type);
  std::string text_literal();
  Type scalar();

  // Statements
  Tree block(int depth, bool with_value);
  Tree body(std::string before, std::string after, int depth, bool with_value);
  Tree statement(int depth);
  Tree last_value(int depth);
  std::vector<std::pair<std::string, std::string>> captures();
  Tree let(int depth);
  Tree let_record(int depth);
  Tree mut(int depth);
  Tree assign(Variable target, int depth);
  Tree branch(int depth, bool with_value);
  Tree verb(int depth);
  // Statements that go round or elsewhere (control.cpp)
  Tree control(int depth);
  Tree for_loop(int depth);
  Tree while_loop(int depth);
  Tree endless_loop(int depth);
  Tree leave();
  Tree match(int depth, bool with_value);
  Tree define(int depth);
  Tree each_verb(int depth);
  Tree range();
  Tree filtered();
  Tree discarded(int depth);

  std::string fresh_name() { return "v" + std::to_string(++names_); }
  // Variables of a type that may stand here.
  std::vector<const Variable*> visible(Type type, Where where) const;
  std::vector<const Variable*> assignable() const;
  bool knows_event() const { return !parameter_.empty() && !alone_from_; }
  bool has(Feature feature) const { return features_.has(feature); }
  bool spend();

  Random& random_;
  Features features_;
  std::string parameter_ = "ctx";  // empty in a `def`
  bool text_dialect_ = false;
  std::vector<Variable> scope_;
  std::vector<Function> functions_;
  size_t no_mut_below_ = 0;  // in a closure: variables of `scope_` before this one, if mutable
  std::optional<size_t> alone_from_;  // in a guard: variables of `scope_` before this one
  int names_ = 0;
  int maps_ = 0;
  int groups_ = 0;
  int loops_ = 0;    // around the place; a closure in a loop is in none
  int budget_ = 60;  // expressions that the closure may still get
};

}  // namespace fuzz
