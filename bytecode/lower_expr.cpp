// Values: names, paths, records, operators on values.

#include <algorithm>
#include <limits>

#include "bytecode/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {

using ast::Op;

namespace {

std::string arithmetic_hint(Type left, Type right) {
  for (Type type : {left, right}) {
    if (type == Type::string) return "calculate with ints";
    if (type == Type::boolean) return "bools go with and, or, xor and not";
    if (type == Type::null) return "a verb yields null";
  }
  return "both sides need a type that fits: an int, or two of one kind";
}

}  // namespace

Operand Lowering::expression(const ast::Expr& expr) {
  struct Visitor {
    Lowering& self;
    const ast::Expr& expr;
    Operand operator()(const ast::Literal& n) const { return constant_operand(n.value, expr.span); }
    Operand operator()(const ast::Variable& n) const { return self.variable(n, expr.span); }
    Operand operator()(const ast::Path& n) const { return self.path(n, expr.span); }
    Operand operator()(const ast::Not&) const { return self.truth(expr); }
    Operand operator()(const ast::Binary& n) const {
      bool jumps = n.op == Op::logical_and || n.op == Op::logical_or;
      return jumps ? self.truth(expr) : self.binary(n, expr.span);
    }
    Operand operator()(const ast::Record& n) const { return self.record(n, expr.span); }
    Operand operator()(const ast::List& n) const { return self.list(n, expr.span); }
    Operand operator()(const ast::Refused& n) const {
      self.errors_.push_back(n.error);
      Operand bad;
      bad.type = Type::bad;
      return bad;
    }
    Operand operator()(const ast::Subexpression&) const { return self.value(expr); }
    Operand operator()(const ast::If&) const { return self.value(expr); }
    Operand operator()(const ast::Call&) const { return self.value(expr); }
    Operand operator()(const ast::Pipeline&) const { return self.value(expr); }
    Operand operator()(const ast::Let&) const { return self.value(expr); }
    Operand operator()(const ast::Assign&) const { return self.value(expr); }
  };
  return std::visit(Visitor{*this, expr}, expr.node);
}

Operand Lowering::variable(const ast::Variable& node, Span span) {
  const std::string& name = node.name;
  Operand found;
  if (Operand* local = find_variable(name)) {
    found = *local;
    found.span = span;
    return found;
  }
  if (name == "in" && in_) {
    found = *in_;
    found.span = span;
    return found;
  }
  const Builtin* builtin = find_builtin(name);
  bool means_builtin = options_.dialect == Dialect::text;
  for (const Capture& capture : options_.captures) {
    if (capture.name != name) continue;
    if (!capture.unsupported.empty())
      return fail(span, "`$" + name + "` is a " + capture.unsupported, "not supported in a probe",
                  "capture ints, strings, bools, dates, durations, sizes, lists or records");
    means_builtin = builtin && capture.value == sentinel(name);
    if (!means_builtin) return constant_operand(capture.value, span);
    break;
  }
  if (builtin && means_builtin) return context_member({name, span, false});
  std::string hint = did_you_mean(name, variable_names(), "$");
  if (builtin) hint = "write $" + context_name_ + "." + name + ", or `use bpf.nu *` first";
  if (hint.empty() && name == "ctx") hint = "name it as the parameter: {|ctx| ... }";
  size_t minus = name.find('-');
  if (minus != std::string::npos && find_variable(name.substr(0, minus)))
    hint = "write spaces around `-`: $" + name.substr(0, minus) + " - " + name.substr(minus + 1);
  if (hint.empty()) hint = "define it with let, or outside the closure";
  return fail(span, "unknown variable `$" + name + "`", "not defined here", std::move(hint));
}

Operand Lowering::path(const ast::Path& node, Span span) {
  Operand base = value(*node.base);
  Span so_far = node.base->span;
  for (const ast::Member& step : node.members) {
    if (base.bad()) return base;
    base = member(base, step, text(so_far));
    so_far.end = step.span.end;
  }
  base.span = span;
  return base;
}

Operand Lowering::member(const Operand& base, const ast::Member& step, std::string_view base_text) {
  if (base.type == Type::context) return context_member(step);
  if (base.type == Type::args) return argument(step);
  if (base.type == Type::list) {
    const List* constants = base.constant.get_if<List>();
    size_t size = constants ? constants->size() : base.members.size();
    size_t index =
        step.name.find_first_not_of("0123456789") == std::string::npos && step.name.size() < 6
            ? std::stoul(step.name)
            : size;
    if (index < size)
      return constants ? constant_operand((*constants)[index], step.span)
                       : base.members[index].second;
    if (step.optional) return null(step.span);
    return fail(step.span, "no such item in the list", "not one of its " + std::to_string(size),
                "items count from 0");
  }
  if (base.type != Type::record)
    return fail(step.span, "`" + std::string(base_text) + "` is " + with_article(base.type),
                "it has no fields", "remove the path");
  std::vector<std::string> names;
  for (auto& [name, value] : members_of(base)) {
    if (name == step.name) return value;
    names.push_back(name);
  }
  if (step.optional) return null(step.span);
  std::string hint = did_you_mean(step.name, names);
  return fail(step.span, "unknown field `" + step.name + "`",
              "not a field of `" + std::string(base_text) + "`",
              hint.empty() ? "there are:" + joined(names) : hint);
}

std::vector<std::pair<std::string, Operand>> Lowering::members_of(const Operand& operand) {
  if (operand.home == Operand::Home::context) return all_arguments(operand.span);
  const Record* constants = operand.constant.get_if<Record>();
  if (!constants) return operand.members;
  std::vector<std::pair<std::string, Operand>> members;
  for (const auto& [name, value] : *constants)
    members.emplace_back(name, constant_operand(value, operand.span));
  return members;
}

Operand Lowering::record(const ast::Record& node, Span span) {
  Operand record;
  record.type = Type::record;
  record.home = Operand::Home::aggregate;
  record.span = span;
  ++operand_depth_;
  for (const ast::Entry& entry : node.entries) {
    record.members.emplace_back(entry.key, value(*entry.value));
    record.members.back().second.key_span = entry.key_span;
  }
  --operand_depth_;
  return record;
}

Operand Lowering::list(const ast::List& node, Span span) {
  Operand list;
  list.type = Type::list;
  list.home = Operand::Home::aggregate;
  list.span = span;
  ++operand_depth_;
  for (const ast::ExprPtr& item : node.items) list.members.emplace_back("", value(*item));
  --operand_depth_;
  return list;
}

// A bare word is a string to Nushell. Before an operator it is more likely a forgotten `$`.
bool Lowering::missing_dollar(const ast::Expr& expr, bool may_be_text) {
  const auto* literal = std::get_if<ast::Literal>(&expr.node);
  if (!literal || !literal->bare) return false;
  std::string word =
      literal->value.get_if<std::string>() ? *literal->value.get_if<std::string>() : "";
  std::string first = word.substr(0, word.find('.'));
  if (may_be_text && first == word) return false;
  std::string hint;
  auto captured = [&](const Capture& capture) { return capture.name == first; };
  bool known = find_variable(first) ||
               std::any_of(options_.captures.begin(), options_.captures.end(), captured);
  if (known || first == "in")
    hint = "write $" + word;
  else if (find_builtin(first) || schema_.find_arg(first))
    hint = "write $" + context_name_ + "." + word;
  else
    return false;
  fail(expr.span, "`" + word + "` is a string here", "missing `$`", hint);
  return true;
}

Operand Lowering::binary(const ast::Binary& node, Span span) {
  uint32_t mark = code_.registers();
  if (is_comparison(node.op)) {
    Test test = comparison(node, span);
    return settled(value_of(test, span, mark), mark);
  }
  ++operand_depth_;
  Operand bad;
  bad.type = Type::bad;
  bool missing = missing_dollar(*node.left);
  Operand left = missing ? bad : value(*node.left);
  missing = missing_dollar(*node.right);
  Operand right = missing ? bad : value(*node.right);
  --operand_depth_;
  return settled(arithmetic(node, left, right, span, mark), mark);
}

Operand Lowering::arithmetic(const ast::Binary& node, const Operand& left, const Operand& right,
                             Span span, uint32_t mark) {
  std::string sign(text(node.op_span));
  if (node.op == Op::unsupported)
    return fail(node.op_span, "`" + sign + "` is not supported in a probe", "not supported yet",
                "compare with ==, or filter the rows in Nushell");
  if (node.op == Op::divide)
    return fail(node.op_span, "`/` makes a float, which the kernel does not have",
                "not supported in a probe", "use // to divide and round down");
  if (left.bad() || right.bad()) return left.bad() ? left : right;
  bool joins = node.op == Op::add || node.op == Op::concatenate;
  if (joins && left.type == Type::string && right.type == Type::string) {
    if (left.text() && right.text())
      return constant_operand(Value(*left.text() + *right.text()), span);
    return fail(node.op_span, "strings cannot be joined in a probe", "not supported yet",
                "send both in a record and join them in Nushell");
  }
  if (node.op == Op::logical_xor) {
    for (const Operand* side : {&left, &right})
      if (side->type != Type::boolean)
        return fail(side->span, "`xor` needs a bool", "this is " + with_article(side->type),
                    "for the bits of ints, use bit-xor");
    return compute(node.op, Type::boolean, left, right, span, mark);
  }
  for (const Operand* side : {&left, &right})
    if (side->type == Type::constant)
      return fail(side->span, "the kernel has no floats", "only in an output",
                  "use an int; send the raw numbers and compute in Nushell");
  std::optional<Type> type = arithmetic_type(node.op, left.type, right.type);
  if (!type) {
    fail(node.op_span,
         "`" + sign + "` does not work on " + std::string(type_name(left.type)) + " and " +
             std::string(type_name(right.type)),
         "not for these types", arithmetic_hint(left.type, right.type));
    errors_.back().labels.push_back({left.span, "this is " + with_article(left.type)});
    errors_.back().labels.push_back({right.span, "this is " + with_article(right.type)});
    Operand bad;
    bad.type = Type::bad;
    return bad;
  }
  for (const Operand* side : {&left, &right})
    if (side->type == Type::date && side->is_constant()) return calendar_date(side->span);
  return compute(node.op, *type, left, right, span, mark);
}

Operand Lowering::compute(Op op, Type type, const Operand& left, const Operand& right, Span span,
                          uint32_t mark) {
  if (left.integer() && right.integer())
    if (std::optional<int64_t> known = fold(op, *left.integer(), *right.integer()))
      return constant_operand(number_value(type, *known), span);

  // x + 5, 5 + x, x - 5: the number goes into the instruction.
  const Operand* summand = right.integer() ? &left : &right;
  const int64_t* number = right.integer() ? right.integer() : left.integer();
  bool adds = op == Op::add || (op == Op::subtract && right.integer());
  constexpr int64_t widest = std::numeric_limits<int32_t>::max();
  bool immediate = adds && number && *number <= widest && *number >= -widest;

  Operand a = immediate ? force(*summand) : force(left);
  Operand b = immediate ? constant_operand(Value(*number), span) : force(right);
  Operand result;
  result.type = type;
  result.home = Operand::Home::reg;
  result.nullable = a.nullable || b.nullable;
  result.span = span;
  // The result takes the place of its operands. Values are computed before flags are moved, and no
  // operand above `mark` has its flag at `mark`, so nothing is overwritten before it is read.
  code_.release_registers(mark);
  result.reg = code_.take_registers(1u + result.nullable);
  if (immediate)
    code_.emit(VM_OP_addi, result.reg, a.reg, 0,
               static_cast<int32_t>(op == Op::add ? *number : -*number));
  else
    code_.emit(arithmetic_opcode(op), result.reg, a.reg, b.reg);
  if (a.nullable && b.nullable)
    code_.emit(VM_OP_bor, result.reg + 1u, a.reg + 1u, b.reg + 1u);
  else if (result.nullable && (a.nullable ? a.reg : b.reg) != result.reg)
    code_.emit(VM_OP_mov, result.reg + 1u, (a.nullable ? a.reg : b.reg) + 1u);
  return result;
}

Operand Lowering::calendar_date(Span span) {
  return fail(
      span, "a date of the calendar is not known in the kernel", "only in an output",
      "its clock counts from the start: take the difference of two $" + context_name_ + ".time");
}

// Brings a scalar into a register. Constants and what is unread become code here.
Operand Lowering::force(Operand operand) {
  switch (operand.home) {
    case Operand::Home::reg:
    case Operand::Home::aggregate:
    case Operand::Home::context:
      return operand;
    case Operand::Home::builtin:
    case Operand::Home::field:
      return fetch(operand);
    case Operand::Home::constant:
      break;
  }
  if (const int64_t* number = operand.integer()) {
    int64_t word = *number;
    operand.reg = code_.take_registers(1);
    code_.load(operand.reg, word);
  } else if (const std::string* text = operand.text()) {
    if (text->size() >= VM_STR_MAX)
      return fail(operand.span, "a string of " + std::to_string(text->size()) + " bytes",
                  "too long", "the limit is " + std::to_string(VM_STR_MAX - 1) + " bytes");
    operand.reg = code_.take_registers(1);
    uint8_t block = code_.take_blocks(static_cast<uint32_t>(text->size()));
    code_.emit(VM_OP_str_lit, operand.reg, block, 0, code_.literal(*text));
  } else {
    return operand.type == Type::date ? calendar_date(operand.span) : operand;
  }
  operand.home = Operand::Home::reg;
  operand.constant = Value(Null{});
  return operand;
}

// Releases the registers above `mark` but for a scalar's own, which move down to it.
Operand Lowering::settled(Operand operand, uint32_t mark) {
  if (operand.home == Operand::Home::aggregate) return operand;
  if (operand.home != Operand::Home::reg || operand.reg < mark) {
    code_.release_registers(mark);
    return operand;
  }
  bool flagged = operand.nullable && operand.type != Type::string;
  if (operand.reg != mark) {
    code_.emit(VM_OP_mov, mark, operand.reg);
    if (flagged) code_.emit(VM_OP_mov, mark + 1, operand.reg + 1u);
    operand.reg = static_cast<uint8_t>(mark);
  }
  code_.release_registers(mark + 1 + flagged);
  return operand;
}

}  // namespace bytecode
