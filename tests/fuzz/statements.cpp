#include "bytecode/show.hpp"
#include "tests/fuzz/event.hpp"
#include "tests/fuzz/maker.hpp"

namespace fuzz {
namespace {

constexpr int kDepth = 4;

}  // namespace

Generated generate(Random& random, const Features& features) {
  return Maker(random, features).closure();
}

Generated Maker::closure() {
  budget_ = random_.one_of({8, 8, 15, 15, 30, 30, 60, 100, 200});
  parameter_ = random_.one_of<std::string>({"ctx", "ctx", "e", "event"});
  text_dialect_ = has(Feature::dialect) && random_.chance(1, 6);
  Generated generated;
  generated.text_dialect = text_dialect_;
  if (has(Feature::captures) && random_.chance(1, 3)) generated.captures = captures();
  generated.tree = body("{|" + parameter_ + "| ", " }", 3, true);
  return generated;
}

std::vector<std::pair<std::string, std::string>> Maker::captures() {
  std::vector<std::pair<std::string, std::string>> captured;
  for (size_t n = 1 + random_.below(3); n > 0; --n) {
    Variable variable;
    variable.name = fresh_name();
    variable.constant = true;
    variable.group = ++groups_;
    std::string value;
    switch (random_.below(6)) {
      case 0:
        variable.type = Type::string;
        value = bytecode::quoted(random_text(random_, 12));
        break;
      case 1:
        variable.type = Type::boolean;
        value = random_.one_of({"true", "false"});
        break;
      case 2:
        variable.type = Type::duration;
        value = std::to_string(random_.below(100000)) + "ns";
        break;
      case 3:
        variable.type = Type::filesize;
        value = std::to_string(random_.below(100000)) + "b";
        break;
      case 4:
        if (has(Feature::lists)) {
          variable.type = Type::int_list;
          value = "[1, 5, " + std::to_string(random_.below(100)) + "]";
          break;
        }
        [[fallthrough]];
      default:
        value = std::to_string(edge_integer(random_));
    }
    captured.emplace_back(variable.name, std::move(value));
    scope_.push_back(std::move(variable));
  }
  return captured;
}

// Statements between two brackets, in a scope of their own.
Tree Maker::body(std::string before, std::string after, int depth, bool with_value) {
  const size_t outer = scope_.size();
  std::vector<Tree> statements;
  const size_t count = depth >= 3 ? 1 + random_.below(5) : random_.below(3);
  for (size_t i = 0; i < count; ++i) statements.push_back(statement(depth - 1));
  if (with_value || statements.empty())
    statements.push_back(random_.chance(1, 8) && depth >= 3 ? verb(depth) : last_value(depth));
  scope_.resize(outer);
  return sequence(Type::part, std::move(before), random_.chance(1, 6) ? "\n  " : "; ",
                  std::move(after), std::move(statements), 1);
}

Tree Maker::block(int depth, bool with_value) { return body("{ ", " }", depth, with_value); }

Tree Maker::last_value(int depth) {
  if (depth > 0 && random_.chance(1, 5)) return branch(depth - 1, true);
  if (depth > 0 && has(Feature::match) && random_.chance(1, 8)) return match(depth - 1, true);
  return wrap(Type::statement, "", output(kDepth), "");
}

Tree Maker::statement(int depth) {
  if (random_.chance(1, 4)) return control(depth);
  const size_t kind = random_.below(20);
  if (kind < 6) return let(depth);
  if (kind < 7) return let_record(depth);
  if (kind < 9) return mut(depth);
  if (kind < 12)
    if (const auto targets = assignable(); !targets.empty())
      return assign(*random_.pick(targets), depth);
  if (kind < 15 && depth > 0) return branch(depth - 1, false);
  if (kind < 16) return discarded(depth);
  return verb(depth);
}

Tree Maker::let(int) {
  const Type type = scalar();
  Variable variable;
  variable.name = fresh_name();
  variable.type = type;
  variable.host = (has(Feature::floats) || has(Feature::text)) && random_.chance(1, 4);
  Tree value = expression(type, variable.host ? Where::host : Where::anywhere, kDepth);
  // A name may be given again, also within what its new value is made of.
  if (const auto others = visible(scalar(), Where::anywhere);
      !others.empty() && random_.chance(1, 8)) {
    const std::string& other = random_.pick(others)->name;
    // In the guard of a `match` Nushell takes the name for the new variable, which is not there
    // yet.
    const bool guarded = value.text().find(" if ") != std::string::npos;
    if (other.find('.') == std::string::npos && !guarded) variable.name = other;
  }
  variable.group = ++groups_;
  Tree tree = wrap(Type::statement, "let " + variable.name + " = ", std::move(value), "");
  scope_.push_back(std::move(variable));
  return tree;
}

// A record of scalars, of which some lie in a record of their own.
Tree Maker::let_record(int) {
  Variable variable;
  const std::string name = fresh_name();
  std::vector<Variable> known;
  const int group = ++groups_;
  const auto entry = [&](const std::string& key, const std::string& path) {
    Variable member;
    member.name = name + path;
    member.type = scalar();
    member.constant = true;
    member.group = group;
    Tree value = expression(member.type, Where::anywhere, kDepth - 2);
    known.push_back(std::move(member));
    return wrap(Type::part, key + ": ", std::move(value), "");
  };
  std::vector<Tree> entries;
  entries.push_back(entry("a", ".a"));
  entries.push_back(entry("b", ".b"));
  std::vector<Tree> inner;
  inner.push_back(entry("a", ".c.a"));
  inner.push_back(entry("\"d e\"", ".c.\"d e\""));
  entries.push_back(
      wrap(Type::part, "c: ", sequence(Type::record, "{", ", ", "}", std::move(inner), 1), ""));
  scope_.insert(scope_.end(), known.begin(), known.end());
  return wrap(Type::statement, "let " + name + " = ",
              sequence(Type::record, "{", ", ", "}", std::move(entries), 1), "");
}

Tree Maker::mut(int) {
  Variable variable;
  variable.name = fresh_name();
  variable.type = scalar();
  variable.is_mut = true;
  Tree value = expression(variable.type, Where::anywhere, kDepth - 1);
  Tree tree = wrap(Type::statement, "mut " + variable.name + " = ", std::move(value), "");
  scope_.push_back(std::move(variable));
  return tree;
}

std::vector<const Variable*> Maker::assignable() const {
  std::vector<const Variable*> found;
  for (size_t i = no_mut_below_; i < scope_.size(); ++i)
    if (scope_[i].is_mut && !scope_[i].constant && !hidden(i)) found.push_back(&scope_[i]);
  return found;
}

Tree Maker::assign(Variable target, int) {
  std::string op = " = ";
  if (target.type == Type::integer)
    op = random_.one_of<std::string>({" = ", " += ", " += ", " -= ", " *= "});
  if (target.type == Type::duration || target.type == Type::filesize)
    op = random_.one_of<std::string>({" = ", " += ", " -= "});
  return wrap(Type::statement, "$" + target.name + op,
              expression(target.type, Where::anywhere, kDepth - 1), "");
}

Tree Maker::branch(int depth, bool with_value) {
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {"if ", " ", ""};
  tree.children.push_back(expression(Type::boolean, Where::anywhere, kDepth - 1));
  tree.children.push_back(block(depth, with_value));
  std::vector<Tree> rest;
  while (random_.chance(1, 5)) {
    Tree arm;
    arm.type = Type::part;
    arm.pieces = {" else if ", " ", ""};
    arm.children.push_back(expression(Type::boolean, Where::anywhere, kDepth - 1));
    arm.children.push_back(block(depth, with_value));
    rest.push_back(std::move(arm));
  }
  if (random_.chance(3, 5))
    rest.push_back(wrap(Type::part, " else ", block(depth, with_value), ""));
  tree.children.push_back(sequence(Type::part, "", "", "", std::move(rest)));
  tree.pieces.emplace_back();
  return tree;
}

Tree Maker::verb(int) {
  static constexpr const char* names[] = {"opens", "x", "\"two words\"", "a-b"};
  switch (random_.below(7)) {
    case 0:
      return wrap(Type::statement, "print ", wrap(Type::part, "(", output(kDepth - 1), ")"), "");
    case 1:
    case 2:
      return wrap(Type::statement, "emit ", record(Where::host, kDepth - 1), "");
    case 3: {
      // Not null, which is no value to a pipe.
      Tree value = random_.chance(1, 3) ? record(Where::host, kDepth - 1)
                                        : expression(scalar(), Where::anywhere, kDepth - 1);
      return wrap(Type::statement, "", std::move(value),
                  std::string(" | emit ") + random_.pick(names));
    }
    case 4:
      return wrap(Type::statement, "",
                  expression(random_.one_of({Type::integer, Type::string, Type::boolean}),
                             Where::anywhere, kDepth - 1),
                  " | count m" + std::to_string(++maps_));
    case 5:
      if (has(Feature::filters)) return filtered();
      [[fallthrough]];
    default: {
      std::vector<Tree> parts;
      const size_t count = 1 + random_.below(3);
      for (size_t i = 0; i < count; ++i)
        parts.push_back(
            wrap(Type::part, std::string(1, static_cast<char>('a' + i)) + ": ",
                 expression(random_.one_of({Type::integer, Type::boolean, Type::string}),
                            Where::anywhere, kDepth - 2),
                 ""));
      return wrap(Type::statement, "", sequence(Type::record, "{", ", ", "}", std::move(parts), 1),
                  " | count m" + std::to_string(++maps_));
    }
  }
}

// `RECORD | where a > N | emit x`: where the condition does not hold, the pipe ends.
Tree Maker::filtered() {
  Tree tree;
  tree.type = Type::statement;
  tree.pieces = {
      "{a: ", ", b: ", "} | " + two_spellings("where a", "do { let row = $in; if $row.a") + " > ",
      two_spellings("", " { $row") + " | emit kept" + two_spellings("", " } }")};
  tree.children.push_back(expression(Type::integer, Where::anywhere, kDepth - 2));
  tree.children.push_back(expression(scalar(), Where::anywhere, kDepth - 2));
  const size_t no_mut_below = std::exchange(no_mut_below_, scope_.size());
  tree.children.push_back(expression(Type::integer, Where::anywhere, kDepth - 2));
  no_mut_below_ = no_mut_below;
  return tree;
}

// Its value goes nowhere; that it may end the run stays.
Tree Maker::discarded(int) {
  return wrap(Type::statement, "", expression(scalar(), Where::anywhere, kDepth - 1), "");
}

}  // namespace fuzz
