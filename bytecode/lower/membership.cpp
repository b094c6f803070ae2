// What a value is in, what a text holds, and what equals what. The outcome is a bool operand: known
// where it can be, else in a register.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/parser/literal_pattern.hpp"

namespace bytecode {

using ast::Op;

namespace {

// Of a constant float that is a whole number: that number.
Operand as_integer(const Operand& operand) {
  const double* number = operand.constant.get_if<double>();
  constexpr double widest = 9007199254740992;  // 2^53: every int up to it is a float
  if (!operand.is_constant() || !number || !(*number >= -widest && *number <= widest))
    return operand;
  auto whole = static_cast<int64_t>(*number);
  if (static_cast<double>(whole) != *number) return operand;
  return constant_operand(Value(whole), operand.span);
}

bool is_shaped(const Operand& operand) { return is_record(operand) || operand.type == Type::list; }

}  // namespace

// The condition has just been computed: its register is nobody else's.
Operand Lowering::negated_if(bool negated, Operand condition) {
  if (!negated || condition.bad()) return condition;
  if (const int64_t* known = condition.integer())
    return constant_operand(Value(*known == 0), condition.span);
  if (condition.home == Operand::Home::computed)
    return computed(bytecode::Function::logical_not, {condition}, condition.span);
  code_.emit(VM_OP_not, condition.reg, condition.reg);
  return condition;
}

std::optional<bool> Lowering::known_equal(const Operand& left, const Operand& right) {
  if (left.is_constant() && right.is_constant()) {
    const Value values[] = {left.constant, right.constant};
    std::optional<Value> outcome = apply(bytecode::Function::equal, values);
    const bool* equal = outcome ? outcome->get_if<bool>() : nullptr;
    return equal && *equal;
  }
  if (is_left_to_host(left) || is_left_to_host(right) || left.home == Operand::Home::choice ||
      right.home == Operand::Home::choice)
    return std::nullopt;
  for (const auto& [one, other] : {std::pair(&left, &right), std::pair(&right, &left)})
    if (one->type == Type::null && !other->nullable) return false;
  if (left.type == Type::null || right.type == Type::null) return std::nullopt;
  if (is_shaped(left) != is_shaped(right)) return false;
  if (!is_shaped(left))
    return comparable(left.type, right.type) ? std::nullopt : std::optional(false);
  if (is_record(left) != is_record(right)) return false;
  Members parts = members_of(left), others = members_of(right);
  auto may_miss = [](const auto& part) { return part.second.present.has_value(); };
  if (std::any_of(parts.begin(), parts.end(), may_miss) ||
      std::any_of(others.begin(), others.end(), may_miss))
    return std::nullopt;
  if (parts.size() != others.size()) return false;
  bool all_known = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto other = others.begin() + static_cast<ptrdiff_t>(i);
    if (is_record(left))
      other = std::find_if(others.begin(), others.end(),
                           [&](const auto& one) { return one.first == parts[i].first; });
    std::optional<bool> known =
        other == others.end() ? false : known_equal(parts[i].second, other->second);
    if (known && !*known) return false;
    all_known &= known.has_value();
  }
  return all_known ? std::optional(true) : std::nullopt;
}

Operand Lowering::equals(const Operand& given_left, const Operand& given_right, Span span) {
  Operand left = as_integer(given_left), right = as_integer(given_right);
  if (!name_enumerator(left, right)) return bad_operand(span);
  if (left.bad() || right.bad()) return bad_operand(span);
  if (std::optional<bool> known = known_equal(left, right))
    return constant_operand(Value(*known), span);
  if (left.home == Operand::Home::choice)
    return distributed(left, [&](const Operand& one) { return equals(one, right, span); });
  if (right.home == Operand::Home::choice)
    return distributed(right, [&](const Operand& one) { return equals(left, one, span); });
  if (is_left_to_host(left) || is_left_to_host(right))
    return computed(bytecode::Function::equal, {left, right}, span);
  uint32_t mark = code_.registers();
  if (left.type == Type::null) return value_of(compare_null(Op::equal, right), span, mark);
  if (right.type == Type::null) return value_of(compare_null(Op::equal, left), span, mark);
  if (is_shaped(left)) return equal_parts(left, right, span);
  Test test = left.type == Type::string ? compare_strings(Op::equal, left, right, mark)
                                        : compare(Op::equal, left, right, mark);
  return value_of(test, span, mark);
}

// Of two lists or records of one size, whose parts are not known to differ.
Operand Lowering::equal_parts(const Operand& left, const Operand& right, Span span) {
  Members parts = members_of(left), others = members_of(right);
  for (const Members* members : {&parts, &others})
    for (const auto& [name, one] : *members)
      if (one.present)
        return fail(span, "lists of unknown length cannot be compared in a probe",
                    "which items are there is known only when it runs",
                    "compare their lengths, or use any or all");
  return reached(span, false, [&](Assembler::Label differ) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const Operand* other = &others[i].second;
      if (is_record(left))
        for (const auto& [name, one] : others)
          if (name == parts[i].first) other = &one;
      uint32_t mark = code_.registers(), blocks = code_.blocks();
      branch_if(equals(parts[i].second, *other, span), false, differ);
      code_.release_registers(mark);
      code_.release_blocks(blocks);
    }
  });
}

// `item in range`.
Operand Lowering::in_range(const Operand& given, const Operand& range, Span span) {
  Operand item = as_integer(given);
  if (const Range* known = range.constant.get_if<Range>(); known && item.integer()) {
    const Value values[] = {item.constant, Value(*known)};
    std::optional<Value> outcome = apply(bytecode::Function::in, values);
    const bool* inside = outcome ? outcome->get_if<bool>() : nullptr;
    return constant_operand(Value(inside && *inside), span);
  }
  if (item.type != Type::integer) {
    if (item.type == Type::floating || is_left_to_host(item))
      return computed(bytecode::Function::in, {item, range}, span);
    return fail(item.span, "a range holds ints", "this is " + with_article(item.type),
                "compare with <= and >=");
  }
  Bounds bounds = bounds_of(range);
  // A range goes up unless its ends say that it goes down.
  std::optional<int64_t> step;
  const int64_t* from = bounds.from.integer();
  const int64_t* next = bounds.next ? bounds.next->integer() : nullptr;
  if (bounds.next && from && next) step = *next - *from;
  if (bounds.next && !step)
    return fail(range.span, "the step of this range is known only when it runs",
                "not in a condition", "compare with <= and >=");
  const int64_t* to = bounds.to ? bounds.to->integer() : nullptr;
  bool down = step ? *step < 0 : from && to && *to < *from;
  bool either_way = bounds.to && !step && !(from && to);
  Operand held = force(item);
  Operand first = either_way ? force(bounds.from) : bounds.from;
  std::optional<Operand> last = bounds.to;
  if (either_way) last = force(*bounds.to);
  return reached(span, false, [&](Assembler::Label outside) {
    auto require = [&](Op op, const Operand& left, const Operand& right) {
      uint32_t mark = code_.registers();
      branch_on(compare(op, left, right, mark), false, outside);
      code_.release_registers(mark);
    };
    auto between = [&](bool downward) {
      require(downward ? Op::less_equal : Op::greater_equal, held, first);
      if (!last) return;
      if (downward)
        require(bounds.exclusive ? Op::greater : Op::greater_equal, held, *last);
      else
        require(bounds.exclusive ? Op::less : Op::less_equal, held, *last);
    };
    if (either_way) {
      Assembler::Label upward = code_.new_label(), inside = code_.new_label();
      uint32_t mark = code_.registers();
      branch_on(compare(Op::less_equal, first, *last, mark), true, upward);
      code_.release_registers(mark);
      between(true);
      code_.jump(VM_OP_jmp, 0, inside);
      code_.bind(upward);
      between(false);
      code_.bind(inside);
      return;
    }
    between(down);
    if (step && *step != 1 && *step != -1) {
      Operand distance =
          compute(Op::subtract, Type::integer, held, bounds.from, span, code_.registers());
      Operand rest = compute(Op::modulo, Type::integer, distance,
                             constant_operand(Value(*step), span), span, code_.registers());
      require(Op::equal, rest, constant_operand(Value(0), span));
    }
  });
}

Operand Lowering::in_items(const Operand& item, const Items& items, Span span) {
  Items unknown;
  for (const Operand& one : items) {
    std::optional<bool> known = known_equal(as_integer(item), as_integer(one));
    if (known && *known && !one.present) return constant_operand(Value(true), span);
    if (!known || *known) unknown.push_back(one);
  }
  if (unknown.empty()) return constant_operand(Value(false), span);
  if (is_left_to_host(item))
    return computed(bytecode::Function::in, {item, list_operand(items, span)}, span);
  Operand held = is_scalar(item.type) && !item.is_constant() ? force(item) : item;
  return reached(span, true, [&](Assembler::Label found) {
    for (const Operand& one : unknown) {
      uint32_t mark = code_.registers(), blocks = code_.blocks();
      Assembler::Label next = code_.new_label();
      if (one.present) code_.jump(VM_OP_jz, *one.present, next);
      branch_if(equals(held, one, span), true, found);
      code_.bind(next);
      code_.release_registers(mark);
      code_.release_blocks(blocks);
    }
  });
}

// `part in whole`, of strings.
Operand Lowering::in_text(const Operand& part, const Operand& whole, Span span) {
  if (part.text() && whole.text())
    return constant_operand(Value(whole.text()->find(*part.text()) != std::string::npos), span);
  if (is_left_to_host(part) || is_left_to_host(whole))
    return computed(bytecode::Function::in, {part, whole}, span);
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand text = force(whole), sought = force(part);
  if (text.bad() || sought.bad()) return bad_operand(span);
  Test test{.kind = Test::Kind::with_number,
            .op = Op::greater_equal,
            .reg = code_.take_registers(1),
            .number = 0};
  code_.emit(VM_OP_str_find, test.reg, text.reg, sought.reg);
  code_.release_blocks(blocks);
  return value_of(test, span, mark);
}

Operand Lowering::in_names(const Operand& item, const Operand& record, Span span) {
  Items names;
  for (const auto& [name, member] : members_of(record))
    names.push_back(constant_operand(Value(name), span));
  if (item.type == Type::string || is_left_to_host(item)) return in_items(item, names, span);
  return fail(item.span, "the names of a record's fields are strings",
              "this is " + with_article(item.type), "write its name in quotes");
}

Operand Lowering::membership(const ast::Binary& node, const Operand& item, const Operand& set,
                             Span span) {
  if (item.bad() || set.bad()) return bad_operand(span);
  bool negated = node.op == Op::not_in || node.op == Op::not_has;
  if (set.home == Operand::Home::choice)
    return distributed(set, [&](const Operand& one) { return membership(node, item, one, span); });
  if (item.home == Operand::Home::choice)
    return distributed(item, [&](const Operand& one) { return membership(node, one, set, span); });
  if (is_left_to_host(set))
    return negated_if(negated, computed(bytecode::Function::in, {item, set}, span));
  if (set.type == Type::range) return negated_if(negated, in_range(item, set, span));
  if (is_record(set)) return negated_if(negated, in_names(item, set, span));
  if (set.type == Type::list) {
    Items items;
    for (auto& [name, one] : members_of(set)) {
      Operand asked = item;
      if (!name_enumerator(asked, one)) return bad_operand(span);
      items.push_back(std::move(one));
    }
    return negated_if(negated, in_items(item, items, span));
  }
  if (set.type == Type::string && item.type == Type::string)
    return negated_if(negated, in_text(item, set, span));
  bool is_text = set.type == Type::string;
  const Operand& culprit = is_text ? item : set;
  return fail(
      culprit.span, "`" + std::string(text(node.op_span)) + "` does not work here",
      "this is " + with_article(culprit.type),
      is_text ? "a string holds strings" : "it needs a list, a range, a string or a record");
}

Operand Lowering::text_test(const ast::Binary& node, const Operand& left, const Operand& right,
                            Span span) {
  if (left.bad() || right.bad()) return bad_operand(span);
  for (const Operand* side : {&left, &right})
    if (side->home == Operand::Home::choice)
      return distributed(*side, [&](const Operand& one) {
        return side == &left ? text_test(node, one, right, span) : text_test(node, left, one, span);
      });
  for (const Operand* side : {&left, &right})
    if (side->type != Type::string && side->type != Type::any)
      return fail(side->span, "`" + std::string(text(node.op_span)) + "` compares strings",
                  "this is " + with_article(side->type), "use ==, or `into string` in an output");
  bool is_pattern = node.op == Op::matches || node.op == Op::not_matches;
  bool negated =
      node.op == Op::not_matches || node.op == Op::not_starts_with || node.op == Op::not_ends_with;
  bool at_start = node.op == Op::starts_with || node.op == Op::not_starts_with;
  auto function = is_pattern ? bytecode::Function::matches
                  : at_start ? bytecode::Function::starts_with
                             : bytecode::Function::ends_with;
  bool all_known = left.text() && right.text();
  if (all_known || is_left_to_host(left) || is_left_to_host(right))
    return negated_if(negated, computed(function, {left, right}, span));

  LiteralPattern sought{"", at_start, !at_start && !is_pattern};
  Operand pattern = right;
  if (is_pattern) {
    if (!right.text())
      return fail(right.span, "a pattern must be known before the closure runs", "not a constant",
                  "for a plain text use `in`: $x in $text");
    std::optional<LiteralPattern> literal = literal_pattern(*right.text());
    if (!literal)
      return fail(right.span, "the kernel has no regular expressions",
                  "only a plain text, with ^ before it or $ behind it",
                  "filter the rows in Nushell: bpf-... | where NAME =~ ...");
    sought = std::move(*literal);
    pattern = constant_operand(Value(sought.text), right.span);
  }
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  if (sought.at_start && sought.at_end)
    return negated_if(negated,
                      value_of(compare_strings(Op::equal, left, pattern, mark), span, mark));
  if (!sought.at_start && !sought.at_end) return negated_if(negated, in_text(pattern, left, span));
  Operand whole = force(left), part = force(pattern);
  if (whole.bad() || part.bad()) return bad_operand(span);
  Test test{.kind = Test::Kind::truth, .reg = code_.take_registers(1)};
  code_.emit(sought.at_start ? VM_OP_str_starts : VM_OP_str_ends, test.reg, whole.reg, part.reg);
  test.negated = negated;
  code_.release_blocks(blocks);
  return value_of(test, span, mark);
}

}  // namespace bytecode
