// Values: names, paths, records, lists, ranges, and how a value gets into a register.

#include <algorithm>
#include <limits>

#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {

using ast::Op;

Operand Lowering::expression(const ast::Expr& expr) {
  return std::visit([&](const auto& node) { return expression_of(node, expr); }, expr.node);
}

template <typename Node>
Operand Lowering::expression_of(const Node& node, const ast::Expr& expr) {
  Span span = expr.span;
  if constexpr (std::is_same_v<Node, ast::Literal>)
    return constant_operand(node.value, span);
  else if constexpr (std::is_same_v<Node, ast::Variable>)
    return variable(node, span);
  else if constexpr (std::is_same_v<Node, ast::Path>)
    return path(node, span);
  else if constexpr (std::is_same_v<Node, ast::Column>)
    return column(node, span);
  else if constexpr (std::is_same_v<Node, ast::Interpolation>)
    return interpolation(node, span);
  else if constexpr (std::is_same_v<Node, ast::Range>)
    return range(node, span);
  else if constexpr (std::is_same_v<Node, ast::Not>)
    return truth(expr);
  else if constexpr (std::is_same_v<Node, ast::Binary>)
    return node.op == Op::logical_and || node.op == Op::logical_or ? truth(expr)
                                                                   : binary(node, span);
  else if constexpr (std::is_same_v<Node, ast::Record>)
    return record(node, span);
  else if constexpr (std::is_same_v<Node, ast::List>)
    return list(node, span);
  else if constexpr (std::is_same_v<Node, ast::Closure>)
    return closure_value(node, span);
  else if constexpr (std::is_same_v<Node, ast::Spread>)
    return fail(span, "nothing to spread this into", "not in a list or a call", "write [...$list]");
  else if constexpr (std::is_same_v<Node, ast::Refused>) {
    errors_.push_back(node.error);
    return bad_operand(span);
  } else
    return value(expr);  // a statement: lower() has it
}

Operand Lowering::variable(const ast::Variable& node, Span span) {
  const std::string& name = node.name;
  Operand found;
  if (Operand* local = find_variable(name)) {
    if (local->bad() && local->is_mut) return captured_mut(name, span);
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
  for (const Capture& capture : *captures_) {
    if (capture.name != name) continue;
    means_builtin = builtin && capture.value == sentinel(name);
    if (!means_builtin) return captured(capture, span);
    break;
  }
  if ((builtin || is_context_name(name)) && means_builtin)
    return context_member({name, span, false});
  std::string hint = did_you_mean(name, variable_names(), "$");
  if (builtin) hint = "write $" + context_name_ + "." + name + ", or `use bpf.nu *` first";
  if (!builtin && schema_.find_arg(name)) hint = "write $" + context_name_ + "." + name;
  if (name == "env" || name == "nu")
    return fail(span, "a probe has no `$" + name + "`", "of the shell",
                "take what you need from it outside: let home = $env.HOME");
  if (hint.empty() && name == "ctx") hint = "name it as the parameter: {|ctx| ... }";
  size_t minus = name.find('-');
  if (minus != std::string::npos && find_variable(name.substr(0, minus)))
    hint = "write spaces around `-`: $" + name.substr(0, minus) + " - " + name.substr(minus + 1);
  if (hint.empty()) hint = "define it with let, or outside the closure";
  return fail(span, "unknown variable `$" + name + "`", "not defined here", std::move(hint));
}

Operand Lowering::captured(const Capture& capture, Span span) {
  if (!capture.unsupported.empty())
    return fail(span, "`$" + capture.name + "` is a " + capture.unsupported,
                "not supported in a probe",
                "capture numbers, strings, bools, dates, durations, sizes, ranges, closures, or "
                "lists and records of values");
  if (!capture.text) return constant_operand(capture.value, span);
  auto closure = std::make_shared<ClosureValue>();
  closure->node = closures_.at(*capture.text);
  closure->captures = &options_.texts[*capture.text].captures;
  closure->commands = commands_;
  return closure_operand(std::move(closure), span);
}

Operand Lowering::path(const ast::Path& node, Span span) {
  Operand base = value(*node.base);
  base = follow(std::move(base), node.members, node.base->span);
  base.span = span;
  return base;
}

// In the condition of `where`: a field of what comes through the pipe, or of the event.
Operand Lowering::column(const ast::Column& node, Span span) {
  std::span<const ast::Member> members = node.members;
  std::string first = members.front().name;
  if (row_) {
    if (row_->bad()) return *row_;
    bool has_fields = row_->type == Type::record || row_->home == Operand::Home::context ||
                      is_pointer(*row_) || row_->type == Type::any ||
                      row_->home == Operand::Home::choice;
    if (!has_fields)
      return fail(span, "`" + first + "` would be a field, and this has none",
                  "what comes through the pipe is " + with_article(row_->type),
                  "write where $it > 5, or where {|x| $x > 5}");
    Operand found = follow(*row_, members, row_->span);
    found.span = span;
    return found;
  }
  const Operand* event = find_variable(first);
  bool is_event = event && event->home == Operand::Home::context;
  bool unnamed = !event && (first == "event" || first == "ctx");
  if (!is_event && !unnamed) {
    if (members.size() == 1) return constant_operand(Value(first), span);
    return fail(span, "`" + std::string(text(span)) + "` is a string here", "missing `$`",
                "write $" + std::string(text(span)));
  }
  Operand context;
  context.type = Type::context;
  context.home = Operand::Home::context;
  Operand found = follow(context, members.subspan(1), members.front().span);
  found.span = span;
  return found;
}

Operand Lowering::follow(Operand base, std::span<const ast::Member> members, Span base_span) {
  Span so_far = base_span;
  for (const ast::Member& step : members) {
    if (base.bad()) return base;
    base = member(base, step, text(so_far));
    so_far = {std::min(so_far.start, step.span.start), step.span.end};
  }
  return base;
}

Operand Lowering::member(const Operand& base, const ast::Member& step, std::string_view base_text) {
  if (base.type == Type::context) return context_member(step);
  if (base.type == Type::args) return argument(step);
  if (base.type == Type::regs) return machine_register(step);
  if (base.home == Operand::Home::choice) {
    size_t errors = errors_.size();
    Operand result =
        distributed(base, [&](const Operand& one) { return member(one, step, base_text); });
    if (errors_.size() > errors)
      errors_[errors].hint = "not every branch has it: write $x." + step.name + "?";
    return result;
  }
  if (base.is_place() || is_pointer(base)) return c_member(base, step, base_text);
  if (base.type == Type::list) return item_of(base, step, base_text);
  if (base.type == Type::null && step.optional) return null(step.span);
  if (is_host_only(base) && (base.type == Type::any || base.type == Type::record)) {
    Value name(step.name);
    return computed(Function::get, {base, constant_operand(std::move(name), step.span)}, step.span);
  }
  if (base.type != Type::record)
    return fail(step.span, "`" + std::string(base_text) + "` is " + with_article(base.type),
                "it has no fields",
                base.type == Type::integer && schema_.types
                    ? "where it is an address, say of what: ($x | as 'struct file *')." + step.name
                    : "remove the path");
  std::vector<std::string> names;
  for (auto& [name, value] : members_of(base)) {
    if (name == step.name) return value;
    names.push_back(name);
  }
  if (step.optional) return null(step.span);
  std::string hint = did_you_mean(step.name, names);
  return fail(step.span, "unknown field `" + step.name + "`",
              "not a field of `" + std::string(base_text) + "`",
              hint.empty() ? "there are:" + bytecode::joined(names) : hint);
}

// `$list.0`; of a list of records `$list.name`, the field of each.
Operand Lowering::item_of(const Operand& list, const ast::Member& step,
                          std::string_view base_text) {
  bool is_index = step.name.find_first_not_of("0123456789") == std::string::npos;
  if (list.home == Operand::Home::computed) {
    Value which =
        is_index && step.name.size() < 10 ? Value(int64_t{std::stol(step.name)}) : Value(step.name);
    return computed(Function::get, {list, constant_operand(std::move(which), step.span)},
                    step.span);
  }
  std::vector<std::pair<std::string, Operand>> items = members_of(list);
  bool fixed = std::none_of(items.begin(), items.end(),
                            [](const auto& item) { return item.second.present.has_value(); });
  if (!is_index) {
    Operand column = list;
    column.home = Operand::Home::aggregate;
    column.constant = Value(Null{});
    column.members.clear();
    for (auto& [name, item] : items) {
      bool has_fields = !is_scalar(item.type) && item.type != Type::floating;
      if (!has_fields && !item.bad())
        return fail(step.span, "the items of `" + std::string(base_text) + "` have no fields",
                    "an item is " + with_article(item.type), "items go by their number: .0");
      Operand field = member(item, step, base_text);
      if (field.bad()) return field;
      field.present = item.present;
      column.members.emplace_back("", std::move(field));
    }
    return column;
  }
  if (!fixed)
    return fail(step.span, "which items the list has is known only when it runs",
                "an item by its number", "use get " + step.name + ", first or last");
  size_t index = step.name.size() < 6 ? std::stoul(step.name) : items.size();
  if (index < items.size()) return items[index].second;
  if (step.optional) return null(step.span);
  return fail(step.span, "no such item in the list",
              "not one of its " + std::to_string(items.size()), "items count from 0");
}

std::vector<std::pair<std::string, Operand>> Lowering::members_of(const Operand& operand) {
  if (operand.home == Operand::Home::context)
    return operand.type == Type::regs ? all_registers(operand.span) : all_arguments(operand.span);
  if (operand.is_place()) return parts_of_place(operand);
  std::vector<std::pair<std::string, Operand>> members;
  if (const Record* constants = operand.constant.get_if<Record>()) {
    for (const auto& [name, value] : *constants)
      members.emplace_back(name, constant_operand(value, operand.span));
  } else if (const List* list = operand.constant.get_if<List>()) {
    for (const Value& value : *list)
      members.emplace_back("", constant_operand(value, operand.span));
  } else {
    members = operand.members;
  }
  return members;
}

Operand Lowering::record(const ast::Record& node, Span span) {
  Operand record;
  record.type = Type::record;
  record.home = Operand::Home::aggregate;
  record.span = span;
  auto add = [&](const std::string& name, Operand value, Span place) {
    auto same = [&](const auto& member) { return member.first == name; };
    if (std::any_of(record.members.begin(), record.members.end(), same)) {
      fail(place, "field `" + name + "` is there twice", "it comes a second time",
           "where the later is to win, write $record | merge {" + name + ": ...}");
      record.type = Type::bad;
    }
    record.members.emplace_back(name, std::move(value));
  };
  ++operand_depth_;
  for (const ast::Entry& entry : node.entries) {
    Operand value = this->value(*entry.value);
    if (value.bad()) record.type = Type::bad;
    if (!entry.spread) {
      value.key_span = entry.key_span;
      add(entry.key, std::move(value), entry.key_span);
      continue;
    }
    bool is_record = value.type == Type::record || value.home == Operand::Home::context;
    if (!is_record && !value.bad()) {
      fail(value.span, "only a record spreads into a record", "this is " + with_article(value.type),
           "write {...$record, name: value}");
      record.type = Type::bad;
    }
    if (is_record)
      for (auto& [name, member] : members_of(value)) add(name, std::move(member), value.span);
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
  for (const ast::ExprPtr& item : node.items) add_item(list, *item);
  --operand_depth_;
  return list;
}

void Lowering::add_item(Operand& list, const ast::Expr& item) {
  const auto* spread = std::get_if<ast::Spread>(&item.node);
  Operand value = this->value(spread ? *spread->value : item);
  if (value.bad()) list.type = Type::bad;
  if (!spread) {
    list.members.emplace_back("", std::move(value));
  } else if (value.type == Type::list && value.home != Operand::Home::computed) {
    for (auto& member : members_of(value)) list.members.push_back(std::move(member));
  } else if (!value.bad()) {
    fail(value.span, "only a list of the kernel's spreads here",
         "this is " + with_article(value.type), "write ...$list");
    list.type = Type::bad;
  }
}

Operand Lowering::range(const ast::Range& node, Span span) {
  Operand range;
  range.type = Type::range;
  range.home = Operand::Home::aggregate;
  range.exclusive = !node.inclusive;
  range.span = span;
  bool known = true;
  auto end = [&](const char* name, const ast::ExprPtr& expr) {
    if (!expr && std::string_view(name) != "from") return;
    Operand value = expr ? this->value(*expr) : constant_operand(Value(0), span);
    if (value.type != Type::integer && !value.bad())
      value = fail(expr->span, "a range in a probe has ints at its ends",
                   "this is " + with_article(value.type), "use ints");
    if (value.bad()) range.type = Type::bad;
    known &= value.is_constant();
    range.members.emplace_back(name, std::move(value));
  };
  ++operand_depth_;
  end("from", node.from);
  end("next", node.next);
  end("to", node.to);
  --operand_depth_;
  if (range.bad() || !known) return range;
  bytecode::Range constant;
  Bounds bounds = bounds_of(range);
  constant.start = *bounds.from.integer();
  constant.inclusive = node.inclusive;
  if (bounds.to) constant.end = *bounds.to->integer();
  constant.step = constant.end && *constant.end < constant.start ? -1 : 1;
  if (bounds.next &&
      (__builtin_sub_overflow(*bounds.next->integer(), constant.start, &constant.step) ||
       constant.step == 0 ||
       (constant.end && *constant.end != constant.start &&
        (constant.step < 0) != (*constant.end < constant.start))))
    return fail(span, "this range never gets to its end",
                constant.step == 0 ? "its step is 0" : "its step leads away from it",
                "the step is the second number minus the first: 0..2..10");
  return constant_operand(Value(constant), span);
}

// What the text is made of goes to the host, which writes it.
Operand Lowering::interpolation(const ast::Interpolation& node, Span span) {
  std::vector<Operand> parts;
  ++operand_depth_;
  for (const ast::ExprPtr& part : node.parts) parts.push_back(value(*part));
  --operand_depth_;
  return computed(Function::interpolate, std::move(parts), span);
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
  auto is_first = [&](const Capture& capture) { return capture.name == first; };
  bool known = find_variable(first) || std::any_of(captures_->begin(), captures_->end(), is_first);
  if (known || first == "in")
    hint = "write $" + word;
  else if (find_builtin(first) || schema_.find_arg(first))
    hint = "write $" + context_name_ + "." + word;
  else
    return false;
  fail(expr.span, "`" + word + "` is a string here", "missing `$`", hint);
  return true;
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
    case Operand::Home::closure:
      return operand;
    case Operand::Home::computed:
      return force_computed(std::move(operand));
    case Operand::Home::choice:
      return joined(
          operand.span,
          [&](Join& join) {
            each_alternative(operand, join, [](const Operand& one) { return one; });
          },
          true);
    case Operand::Home::builtin:
      return fetch(operand);
    case Operand::Home::field:
      return operand.is_place() ? operand : fetch(operand);
    case Operand::Home::constant:
      break;
  }
  if (const int64_t* number = operand.integer()) {
    int64_t word = *number;
    operand.reg = code_.take_registers(1);
    code_.load(operand.reg, word);
  } else if (const std::string* text = operand.text()) {
    if (text->size() >= VM_STR_MAX)
      return fail(
          operand.span, "a string of " + std::to_string(text->size()) + " bytes", "too long",
          "the limit is " + std::to_string(VM_STR_MAX - 1) + " bytes; in an output there is none");
    operand.reg = code_.take_registers(1);
    uint8_t block = code_.take_blocks(static_cast<uint32_t>(text->size()));
    code_.emit(VM_OP_str_lit, operand.reg, block, 0, code_.literal(*text));
  } else if (const Binary* binary = operand.constant.get_if<Binary>();
             binary && binary->bytes.size() < VM_STR_MAX) {
    operand.capacity = static_cast<uint32_t>(binary->bytes.size());
    operand.reg = code_.take_registers(1);
    uint8_t block = code_.take_blocks(operand.capacity);
    std::string_view bytes(reinterpret_cast<const char*>(binary->bytes.data()), operand.capacity);
    code_.emit(VM_OP_str_lit, operand.reg, block, 0, code_.literal(bytes));
  } else {
    return operand.type == Type::date ? calendar_date(operand.span) : operand;
  }
  operand.home = Operand::Home::reg;
  operand.constant = Value(Null{});
  return operand;
}

// Releases the registers above `mark` but for a scalar's own, which move down to it.
Operand Lowering::settled(Operand operand, uint32_t mark) {
  mark = std::max(mark, code_.held().registers);
  bool scalar = is_scalar(operand.type) && operand.home != Operand::Home::computed &&
                operand.home != Operand::Home::choice;
  if (!scalar && !operand.is_constant()) return operand;  // its parts lie above `mark`
  if (operand.base && *operand.base >= mark) operand = force(std::move(operand));
  if (operand.home != Operand::Home::reg || operand.reg < mark) {
    code_.release_registers(mark);
    return operand;
  }
  bool flagged = operand.is_flagged();
  if (operand.reg != mark) {
    code_.emit(VM_OP_mov, mark, operand.reg);
    if (flagged) code_.emit(VM_OP_mov, mark + 1, operand.reg + 1u);
    operand.reg = static_cast<uint8_t>(mark);
  }
  code_.release_registers(mark + 1 + flagged);
  return operand;
}

}  // namespace bytecode
