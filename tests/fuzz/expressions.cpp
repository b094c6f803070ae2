#include <algorithm>
#include <array>

#include "bytecode/show.hpp"
#include "tests/fuzz/event.hpp"
#include "tests/fuzz/maker.hpp"

namespace fuzz {
namespace {

Type type_of_hole(char letter) {
  switch (letter) {
    case 'b':
      return Type::boolean;
    case 's':
      return Type::string;
    case 'd':
      return Type::duration;
    case 'z':
      return Type::filesize;
    case 't':
      return Type::date;
    case 'f':
      return Type::floating;
    case 'l':
      return Type::int_list;
    case 'w':
      return Type::text_list;
    case 'o':
      return Type::output;
    case 'L':
      return Type::table;
    case 'R':
      return Type::record;
    default:
      return Type::integer;
  }
}

}  // namespace

bool Maker::spend() { return --budget_ > 0; }

Type Maker::scalar() {
  return random_.one_of({Type::integer, Type::integer, Type::integer, Type::boolean, Type::string,
                         Type::string, Type::duration, Type::filesize});
}

// A later variable of the same name hides the earlier one.
bool Maker::hidden(size_t index) const {
  const auto base = [](const Variable& each) { return each.name.substr(0, each.name.find('.')); };
  const std::string name = base(scope_[index]);
  for (size_t i = index + 1; i < scope_.size(); ++i)
    if (base(scope_[i]) == name && scope_[i].group != scope_[index].group) return true;
  return false;
}

std::vector<const Variable*> Maker::visible(Type type, Where where) const {
  std::vector<const Variable*> found;
  for (size_t i = 0; i < scope_.size(); ++i) {
    const Variable& each = scope_[i];
    if (alone_from_ && i < *alone_from_) continue;
    if (each.type != type || (each.host && where != Where::host)) continue;
    if (each.is_mut && i < no_mut_below_) continue;
    if (!hidden(i)) found.push_back(&each);
  }
  return found;
}

Tree Maker::expression(Type type, Where where, int depth) {
  if (type == Type::output) return output(depth);
  if (type == Type::record && (depth <= 0 || random_.chance(2, 3))) return record(where, depth);
  if (depth <= 0 || !spend() || random_.chance(1, 4)) return leaf_of(type, where);
  if ((type == Type::integer || type == Type::boolean) && random_.chance(1, 6))
    return chain(type, where, depth - 1);
  if (!functions_.empty() && random_.chance(1, 4)) {
    std::vector<const Function*> found;
    for (const Function& each : functions_)
      if (each.result == type) found.push_back(&each);
    if (!found.empty()) return call(*random_.pick(found), depth);
  }
  if (const Production* production = draw(type, where))
    return expand(*production, where, depth - 1);
  return type == Type::record ? record(where, depth) : leaf_of(type, where);
}

// A production of the type that fits, by weight; null where none does.
const Production* Maker::draw(Type type, Where where) {
  const auto fits = [&](const Production& each) {
    if (!knows_event() && each.text.find("%$") != std::string_view::npos) return false;
    if (each.feature == Feature::dialect && !text_dialect_) return false;
    return each.result == type && has(each.feature) &&
           (each.where == Where::anywhere || where == Where::host);
  };
  size_t total = 0;
  for (const Production& each : productions())
    if (fits(each)) total += each.weight;
  size_t left = total == 0 ? 0 : random_.below(total);
  for (const Production& each : productions()) {
    if (!fits(each)) continue;
    if (left < each.weight) return &each;
    left -= each.weight;
  }
  return nullptr;
}

Tree Maker::expand(const Production& production, Where where, int depth) {
  struct Scope {
    size_t size;
    size_t no_mut_below;
  };
  std::vector<Scope> open;
  std::optional<size_t> alone;  // what it was before this production's guard
  Tree tree;
  tree.type = production.result;
  tree.pieces.emplace_back();
  const std::string_view text = production.text;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      tree.pieces.back() += text[i];
      continue;
    }
    const char what = text[++i];
    if (what == '%') {
      tree.pieces.back() += '%';
    } else if (what == '[' || what == '|' || what == ']') {
      tree.pieces.back() += spelling_mark(what);
    } else if (what == '(') {
      alone = std::exchange(alone_from_, scope_.size() - 1);
    } else if (what == ')') {
      alone_from_ = alone;
    } else if (what == '$') {
      tree.pieces.back() += "$" + parameter_;
    } else if (what == '~') {
      scope_.resize(open.back().size);
      no_mut_below_ = open.back().no_mut_below;
      open.pop_back();
    } else if (what == '@' || what == '&') {
      open.push_back({scope_.size(), no_mut_below_});
      if (what == '@') no_mut_below_ = scope_.size();
      if (text[i + 1] == '_') {
        ++i;
        continue;
      }
      const bool known = text[i + 1] == '!';
      if (known) ++i;
      tree.pieces.back() += bind(type_of_hole(text[++i]), where == Where::host && !known);
    } else {
      Tree child;
      if (what == 'k' || what == 'K') {
        const size_t least = what == 'K' ? 1 : 0;
        child = leaf(Type::part, std::to_string(least + random_.below(6 - least)));
      } else if (what == 'D') {
        child = leaf(Type::part, random_.one_of({"1sec", "(-3hr)", "90min", "1ns", "30day"}));
      } else if (what == '.') {
        child = without_quotes(text[++i], where, depth);
      } else if (what == 'p') {
        child = leaf(Type::part, std::to_string(random_.below(15)));
      } else if (what == 'n') {
        child = small_integer();
      } else if (what == 'r') {
        child = leaf(Type::part, random_.one_of({"\"a\"", "\"^a\"", "\"^/etc/\"", "\"foo$\"",
                                                 "\"sh$\"", "\"é\"", "'bc'", "\"^bash$\""}));
      } else if (what == '#' && text[i + 1] == 'q') {
        ++i;
        child = leaf(Type::part, random_.one_of({"2", "3", "10", "1000", "1024", "(-4)"}));
      } else if (what == '#') {
        child = literal(type_of_hole(text[++i]));
      } else if (what == '!') {
        child = expression(type_of_hole(text[++i]), Where::anywhere, depth);
      } else if (what == 'v') {
        child = expression(scalar(), where, depth);
      } else {
        child = expression(type_of_hole(what), where, depth);
      }
      tree.children.push_back(std::move(child));
      tree.pieces.emplace_back();
    }
  }
  return tree;
}

Tree Maker::without_quotes(char hole, Where where, int depth) {
  const auto quoted = [](const Tree& tree) {
    return tree.text().find_first_of("\"'`") != std::string::npos;
  };
  for (int tries = 0; tries < 6; ++tries) {
    const Type type = hole == 'v' ? scalar() : type_of_hole(hole);
    Tree tree = tries < 3 ? expression(type, where, depth) : leaf_of(type, where);
    if (!quoted(tree)) return tree;
  }
  return leaf(Type::part, hole == 's' && knows_event() ? "$" + parameter_ + ".comm" : "5");
}

// Declares a new variable; its name.
std::string Maker::bind(Type type, bool host) {
  Variable variable;
  variable.name = fresh_name();
  variable.type = type;
  variable.host = host;
  variable.constant = true;
  const std::string name = variable.name;
  if (type == Type::record) {
    variable.type = Type::integer;
    variable.name = name + ".a";
    scope_.push_back(variable);
    variable.type = Type::string;
    variable.name = name + ".b";
  }
  scope_.push_back(variable);
  return name;
}

Tree Maker::small_integer() {
  const std::string event = "$" + parameter_ + ".args.";
  const std::string name = random_.one_of<std::string>({"small", "small", "level", "mode"});
  if (!knows_event() || random_.chance(1, 4))
    return leaf(Type::part, std::to_string(random_.below(9)));
  return leaf(Type::part, event + name);
}

Tree Maker::call(Function function, int depth) {
  Tree tree;
  tree.type = function.result;
  tree.pieces = {"(" + function.name};
  for (const Type type : function.parameters) {
    tree.pieces.back() += " ";
    tree.children.push_back(expression(type, Where::anywhere, depth - 1));
    tree.pieces.emplace_back();
  }
  if (function.optional && random_.chance(1, 2)) {
    tree.pieces.back() += " ";
    tree.children.push_back(expression(Type::integer, Where::anywhere, depth - 1));
    tree.pieces.emplace_back();
  }
  if (function.flag && random_.chance(1, 2)) tree.pieces.back() += " --flag";
  tree.pieces.back() += ")";
  return tree;
}

Tree Maker::leaf_of(Type type, Where where) {
  const std::vector<const Variable*> variables = visible(type, where);
  if (!variables.empty() && random_.chance(2, 5))
    return leaf(type, "$" + random_.pick(variables)->name);
  if (random_.chance(3, 5))
    if (std::optional<Tree> value = event_value(type)) return std::move(*value);
  return literal(type);
}

std::optional<Tree> Maker::event_value(Type type) {
  if (!knows_event()) return {};
  std::vector<std::string> paths;
  for (const EventField& field : event_fields()) {
    if (field.value != type) continue;
    const std::string name(field.name);
    paths.push_back(".args." + name);
    // Small numbers are what most arithmetic survives.
    if (name == "small" || name == "mode" || name == "level") paths.push_back(".args." + name);
    if (random_.chance(1, 3)) paths.push_back("." + name);
  }
  if (type == Type::integer) paths.insert(paths.end(), {".pid", ".tid", ".uid", ".gid", ".cpu"});
  if (type == Type::string) paths.emplace_back(".comm");
  if (paths.empty()) return {};
  if (text_dialect_ && random_.chance(1, 6)) {
    const std::string name = type == Type::string ? "comm" : random_.one_of({"pid", "tid", "uid"});
    return leaf(type, two_spellings("$" + name, "$" + parameter_ + "." + name));
  }
  return leaf(type, "$" + parameter_ + random_.pick(paths));
}

std::string Maker::text_literal() {
  switch (random_.below(8)) {
    case 0:
      return "\"\"";
    case 1:
      return random_.one_of({"'a'", "'/etc/'", "'\"'", "r#'a\\b'#"});
    case 2:
      return bytecode::quoted(random_text(random_, 20));
    case 3:
      return "\"/tmp\"";
    default:
      return random_.one_of(
          {"\"a\"", "\"abc\"", "\"foo\"", "\"bash\"", "\"/\"", "\"é\"", "\"42\""});
  }
}

Tree Maker::literal(Type type) {
  const auto unsigned_text = [&] {
    const std::string n = std::to_string(random_.below(300));
    return n;
  };
  switch (type) {
    case Type::integer: {
      const int64_t n = random_.chance(2, 3) ? static_cast<int64_t>(random_.below(14)) - 3
                                             : edge_integer(random_);
      if (n < 0) return leaf(type, "(" + std::to_string(n) + ")");
      if (n < 256 && random_.chance(1, 12)) {
        char text[24];
        std::snprintf(text, sizeof text, "0x%02llx", static_cast<unsigned long long>(n));
        return leaf(type, text);
      }
      return leaf(type, std::to_string(n));
    }
    case Type::boolean:
      return leaf(type, random_.chance(1, 2) ? "true" : "false");
    case Type::string:
      return leaf(type, text_literal());
    case Type::duration:
      return leaf(type, random_.one_of<std::string>({"0sec", "1ns", "5us", unsigned_text() + "ms",
                                                     "(-3sec)", "2min", "1hr", "1day", "1wk",
                                                     unsigned_text() + "ns", "106751day"}));
    case Type::filesize:
      return leaf(type, random_.one_of<std::string>({"0b", "1b", "1kb", "1kib",
                                                     unsigned_text() + "b", "(-5kb)", "2mb", "3gib",
                                                     unsigned_text() + "kib", "8eb"}));
    case Type::date:
      return leaf(type, random_.one_of<std::string>(
                            {"2024-01-02", "1970-01-01", "(2001-09-09T01:46:40Z)",
                             "(1969-12-31T23:59:59.999999999Z)", "(2024-02-29T12:34:56Z)"}));
    case Type::floating:
      return leaf(type, random_.one_of<std::string>({"0.0", "1.5", "0.1", "2.0", "(-2.5)", "1e3",
                                                     "1e15", "3.14159", "1e-7", "100.25"}));
    case Type::int_list: {
      std::vector<Tree> items;
      for (size_t n = 1 + random_.below(4); n > 0; --n) items.push_back(literal(Type::integer));
      return sequence(type, "[", ", ", "]", std::move(items), 1);
    }
    case Type::text_list: {
      std::vector<Tree> items;
      for (size_t n = 1 + random_.below(3); n > 0; --n) items.push_back(literal(Type::string));
      return sequence(type, "[", ", ", "]", std::move(items), 1);
    }
    case Type::table: {
      Tree row;
      row.type = Type::part;
      row.pieces = {"{a: ", ", b: ", "}"};
      row.children = {literal(Type::integer), literal(Type::string)};
      return sequence(type, "[", ", ", "]", {std::move(row)}, 1);
    }
    case Type::record:
    case Type::output:
    case Type::statement:
    case Type::part:
      break;
  }
  return leaf(type, "null");
}

Tree Maker::record(Where where, int depth) {
  static constexpr std::array<std::string_view, 8> names = {"a", "b",   "c d", "e",
                                                            "n", "key", "é",   "x-y"};
  std::vector<Tree> entries;
  const size_t count = 1 + random_.below(4);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = names[(i * 2 + random_.below(2)) % names.size()];
    const bool bare = name != "c d";
    std::string before = bare ? std::string(name) : bytecode::quoted(name);
    before += random_.chance(1, 5) ? ":" : ": ";
    Tree entry;
    entry.type = Type::part;
    entry.pieces = {before, ""};
    entry.children.push_back(where == Where::host ? output(depth - 1)
                                                  : expression(scalar(), where, depth - 1));
    entries.push_back(std::move(entry));
  }
  return sequence(Type::record, "{", ", ", "}", std::move(entries), 1);
}

// A value that only the host looks at.
Tree Maker::output(int depth) {
  Tree tree;
  tree.type = Type::output;
  tree.pieces = {"", ""};
  const Where where = has(Feature::floats) || has(Feature::text) ? Where::host : Where::anywhere;
  if (depth > 0 && random_.chance(1, 6)) {
    tree.children.push_back(expression(Type::record, where, depth - 1));
    return tree;
  }
  if (depth > 0 && random_.chance(1, 10)) {
    std::vector<Tree> items;
    for (size_t n = random_.below(4); n > 0; --n) items.push_back(output(depth - 1));
    tree.children.push_back(sequence(Type::part, "[", ", ", "]", std::move(items)));
    return tree;
  }
  if (depth > 0 && random_.chance(1, 8))
    if (const Production* production = draw(Type::output, where))
      return expand(*production, where, depth - 1);
  if (random_.chance(1, 30)) return leaf(Type::output, "null");
  if (random_.chance(1, 20)) return leaf(Type::output, random_.one_of({"1.5", "0.1", "(-2.0)"}));
  Type type = scalar();
  if (has(Feature::floats) && random_.chance(1, 5)) type = Type::floating;
  if (has(Feature::dates) && random_.chance(1, 10)) type = Type::date;
  if (has(Feature::lists) && random_.chance(1, 6))
    type = random_.one_of({Type::int_list, Type::text_list, Type::table});
  tree.children.push_back(expression(type, where, depth));
  return tree;
}

}  // namespace fuzz
