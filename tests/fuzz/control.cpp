// Statements that go round, leave, or choose: for, while, loop, break, continue, return, match,
// def.
#include "tests/fuzz/maker.hpp"

namespace fuzz {
namespace {

constexpr int kDepth = 3;
constexpr int kNested = 2;  // loops in loops

}  // namespace

// One of these, or a verb where the features have none.
Tree Maker::control(int depth) {
  switch (random_.below(8)) {
    case 0:
    case 1:
      if (has(Feature::loops) && loops_ < kNested && depth >= 0) return for_loop(depth);
      break;
    case 2:
      if (has(Feature::loops) && loops_ < kNested && depth >= 0) return while_loop(depth);
      break;
    case 3:
      if (has(Feature::loops) && loops_ < kNested && depth >= 0) return endless_loop(depth);
      break;
    case 4:
      if (has(Feature::loops)) return leave();
      break;
    case 5:
      if (has(Feature::match)) return match(depth, false);
      break;
    case 6:
      if (has(Feature::functions) && depth >= 2) return define(depth);
      break;
    default:
      if (has(Feature::lists)) return each_verb(depth);
      break;
  }
  return verb(depth);
}

// A range of a few steps.
Tree Maker::range() {
  const auto small = [&] { return "(" + small_integer().text() + " mod 6)"; };
  const std::string from = std::to_string(random_.below(5));
  const std::string to = std::to_string(random_.below(9));
  switch (random_.below(8)) {
    case 0:
      return leaf(Type::part, from + "..<" + to);
    case 1:
      return leaf(Type::part, "0..2.." + to);
    case 2:
      return leaf(Type::part, "0.." + small());
    case 3:
      return leaf(Type::part, small() + ".." + small());
    case 4:
      return leaf(Type::part, small() + "..<" + to);
    case 5:
      return leaf(Type::part, "9..6..0");
    default:
      return leaf(Type::part, from + ".." + to);
  }
}

Tree Maker::for_loop(int depth) {
  const size_t outer = scope_.size();
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {"", " ", ""};
  const size_t kind = random_.below(4);
  Type item = Type::integer;
  Tree values;
  if (kind < 2 || !has(Feature::lists)) {
    values = range();
  } else if (kind == 2) {
    values = expression(Type::int_list, Where::anywhere, kDepth - 1);
  } else {
    item = Type::string;
    values = expression(Type::text_list, Where::anywhere, kDepth - 1);
  }
  tree.pieces[0] = "for " + bind(item, false) + " in ";
  ++loops_;
  tree.children.push_back(std::move(values));
  tree.children.push_back(block(depth, false));
  --loops_;
  scope_.resize(outer);
  return tree;
}

// With a counter of its own, so that it ends.
Tree Maker::while_loop(int depth) {
  const size_t outer = scope_.size();
  const std::string counter = fresh_name();
  Variable variable;
  variable.name = counter;
  variable.is_mut = variable.constant = true;
  Tree tree;
  tree.type = Type::statement;
  scope_.push_back(variable);
  ++loops_;
  tree.pieces = {
      "mut " + counter + " = 0; while $" + counter + " < " + std::to_string(1 + random_.below(5)),
      " ", ""};
  std::vector<Tree> more;
  if (random_.chance(1, 3))
    more.push_back(wrap(Type::part, " and ", expression(Type::boolean, Where::anywhere, 2), ""));
  tree.children.push_back(sequence(Type::part, "", "", "", std::move(more)));
  tree.children.push_back(body("{ $" + counter + " += 1; ", " }", depth, false));
  --loops_;
  // The counter lives on after the loop.
  scope_.resize(outer);
  scope_.push_back(variable);
  return tree;
}

Tree Maker::endless_loop(int depth) {
  const size_t outer = scope_.size();
  const std::string counter = fresh_name();
  Variable variable;
  variable.name = counter;
  variable.is_mut = variable.constant = true;
  scope_.push_back(variable);
  ++loops_;
  Tree tree = body("mut " + counter + " = 0; loop { $" + counter + " += 1; if $" + counter + " > " +
                       std::to_string(random_.below(5)) + " { break }; ",
                   " }", depth, false);
  tree.type = Type::statement;
  --loops_;
  scope_.resize(outer);
  scope_.push_back(variable);
  return tree;
}

// `if COND { break }` and its like.
Tree Maker::leave() {
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {"if ", " { ", " }"};
  tree.children.push_back(expression(Type::boolean, Where::anywhere, kDepth));
  if (loops_ > 0 && random_.chance(3, 4)) {
    tree.children.push_back(leaf(Type::part, random_.one_of({"break", "continue"})));
  } else if (parameter_.empty() || random_.chance(1, 4)) {
    tree.children.push_back(leaf(Type::part, parameter_.empty() ? "null" : "return"));
  } else {
    tree.children.push_back(
        wrap(Type::part, "return ", wrap(Type::part, "(", output(kDepth - 1), ")"), ""));
  }
  return tree;
}

// With values in its arms or with statements; without a `_` it may be null.
Tree Maker::match(int depth, bool with_value) {
  const Type type = random_.one_of({Type::integer, Type::integer, Type::string, Type::boolean});
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {"match ", " { ", " }"};
  tree.children.push_back(expression(type, Where::anywhere, kDepth));
  const auto pattern = [&]() -> std::string {
    if (type == Type::boolean) return random_.one_of({"true", "false"});
    if (type == Type::string)
      return random_.one_of({"\"\"", "\"a\"", "\"bash\"", "'é'", "\"foo\""});
    const std::string from = std::to_string(random_.below(14));
    switch (random_.below(5)) {
      case 0:
        return from + ".." + std::to_string(random_.below(300));
      case 1:
        return "-" + std::to_string(1 + random_.below(9));
      case 2:
        return from + " | " + std::to_string(random_.below(300));
      default:
        return from;
    }
  };
  const auto arm = [&](std::string before) {
    Tree body_of_arm = random_.chance(1, 2)
                           ? block(depth - 1, with_value)
                           : wrap(Type::part, "", expression(scalar(), Where::anywhere, 2), "");
    return wrap(Type::part, std::move(before) + " => ", std::move(body_of_arm), "");
  };
  std::vector<Tree> arms;
  for (size_t n = 1 + random_.below(3); n > 0; --n) arms.push_back(arm(pattern()));
  if (random_.chance(1, 4)) {
    const size_t outer = scope_.size();
    Tree guarded;
    guarded.type = Type::part;
    guarded.pieces = {"$" + bind(type, false) + " if ", " => ", ""};
    const auto before = std::exchange(alone_from_, scope_.size() - 1);
    guarded.children.push_back(expression(Type::boolean, Where::anywhere, 2));
    alone_from_ = before;
    guarded.children.push_back(block(depth - 1, with_value));
    scope_.resize(outer);
    arms.push_back(std::move(guarded));
  }
  if (random_.chance(2, 3)) arms.push_back(arm("_"));
  tree.children.push_back(sequence(Type::part, "", ", ", "", std::move(arms), 1));
  return tree;
}

// A command of the closure's own. It knows its parameters and nothing else of what is around it.
Tree Maker::define(int depth) {
  Function function;
  function.name = "f" + std::to_string(++names_);
  function.result = random_.one_of({Type::integer, Type::integer, Type::boolean, Type::string});
  const std::vector<Variable> around = std::exchange(scope_, {});
  const std::string parameter = std::exchange(parameter_, "");
  const size_t no_mut_below = std::exchange(no_mut_below_, 0);
  const int loops = std::exchange(loops_, 0);
  const std::vector<Function> functions = functions_;
  std::string head = "def " + function.name + " [";
  for (size_t n = 1 + random_.below(2); n > 0; --n) {
    const Type type = random_.one_of({Type::integer, Type::integer, Type::string});
    function.parameters.push_back(type);
    head += bind(type, false) + (type == Type::integer ? ": int, " : ": string, ");
  }
  if (random_.chance(1, 3)) {
    function.optional = true;
    head += bind(Type::integer, false) + ": int = 3, ";
  }
  if (random_.chance(1, 3)) {
    function.flag = true;
    Variable flag;
    flag.name = "flag";
    flag.type = Type::boolean;
    flag.constant = true;
    scope_.push_back(flag);
    head += "--flag, ";
  }
  head += "]";
  if (random_.chance(1, 4))
    head += function.result == Type::integer   ? ": nothing -> int"
            : function.result == Type::boolean ? ": nothing -> bool"
                                               : ": nothing -> string";
  std::vector<Tree> statements;
  for (size_t n = random_.below(3); n > 0; --n) statements.push_back(statement(depth - 2));
  statements.push_back(
      wrap(Type::statement, "", expression(function.result, Where::anywhere, kDepth), ""));
  Tree tree = sequence(Type::statement, head + " { ", "; ", " }", std::move(statements), 1);
  scope_ = around;
  parameter_ = parameter;
  no_mut_below_ = no_mut_below;
  loops_ = loops;
  functions_ = functions;
  functions_.push_back(std::move(function));
  return tree;
}

// `LIST | each {|x| ...}` for what it does, not for its value.
Tree Maker::each_verb(int depth) {
  const size_t outer = scope_.size();
  const size_t no_mut_below = no_mut_below_;
  const int loops = std::exchange(loops_, 0);
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {"", "", " | ignore"};
  tree.children.push_back(random_.chance(1, 2)
                              ? expression(Type::int_list, Where::anywhere, kDepth - 1)
                              : leaf(Type::part, random_.one_of({"(1..3)", "(0..<4)", "(5..3)"})));
  no_mut_below_ = scope_.size();
  tree.children.push_back(
      body(" | each {|" + bind(Type::integer, false) + "| ", " }", depth, false));
  no_mut_below_ = no_mut_below;
  loops_ = loops;
  scope_.resize(outer);
  return tree;
}

}  // namespace fuzz
