// Arithmetic of Nushell's commands on what registers hold: math, bits, random.

#include <algorithm>
#include <limits>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

using ast::Op;

constexpr int64_t highest = std::numeric_limits<int64_t>::max();

bool can_be_added(Type type) {
  return type == Type::integer || type == Type::duration || type == Type::filesize;
}

}  // namespace

bool Lowering::has_host_only(const std::vector<Operand>& items) const {
  return std::any_of(items.begin(), items.end(),
                     [&](const Operand& item) { return is_host_only(item); });
}

// A list to one value, by `step` on the kernel's registers; with floats in it by the host.
Operand Lowering::math_fold(
    const CallSite& site, const Operand* input, bytecode::Function on_host,
    const std::function<Operand(const Operand& item, const Operand& so_far)>& step) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $list | " + site.name});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  if (is_record(values))
    return unfit(site, values, "a list", "for its fields: values | " + site.name);
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  for (const Operand& item : *items)
    if (item.bad()) return item;
  if (has_host_only(*items)) return computed(on_host, {values}, site.span);
  if (items->empty())
    return fail(values.span, "`" + site.name + "` needs a value", "an empty list",
                "give it a list with something in it");
  if (items->size() == 1) return accumulated(*items, std::nullopt, site.span, step);
  for (const Operand& item : *items) {
    if (item.type == items->front().type && is_scalar(item.type)) continue;
    return fail(item.span, "`" + site.name + "` needs values of one type",
                "this is " + with_article(item.type),
                item.type == Type::record
                    ? "take one field of each: get NAME | " + site.name
                    : "the first one is " + with_article(items->front().type));
  }
  return accumulated(*items, std::nullopt, site.span, step);
}

Operand Lowering::math_sum(const CallSite& site, const Operand* input) {
  return math_fold(site, input, bytecode::Function::math_sum,
                   [&](const Operand& item, const Operand& so_far) {
                     if (!can_be_added(item.type)) return unfit(site, item, "numbers");
                     return compute(Op::add, item.type, so_far, item, site.span, code_.registers());
                   });
}

Operand Lowering::math_product(const CallSite& site, const Operand* input) {
  return math_fold(site, input, bytecode::Function::math_product,
                   [&](const Operand& item, const Operand& so_far) {
                     if (item.type != Type::integer) return unfit(site, item, "ints");
                     return compute(Op::multiply, item.type, so_far, item, site.span,
                                    code_.registers());
                   });
}

Operand Lowering::extreme(const CallSite& site, const Operand* input, Op better) {
  auto host = better == Op::less ? bytecode::Function::math_min : bytecode::Function::math_max;
  return math_fold(site, input, host, [&](const Operand& item, const Operand& so_far) {
    auto compared = [&] {
      uint32_t mark = code_.registers();
      return item.type == Type::string ? compare_strings(better, item, so_far, mark)
                                       : compare(better, item, so_far, mark);
    };
    if (item.is_constant() && so_far.is_constant()) return compared().known ? item : so_far;
    return joined(site.span, [&](Join& join) {
      Assembler::Label other = code_.new_label();
      uint32_t mark = code_.registers(), blocks = code_.blocks();
      branch_on(compared(), false, other);
      code_.release_registers(mark);
      code_.release_blocks(blocks);
      join.take(item);
      code_.bind(other);
      join.take(so_far);
    });
  });
}

Operand Lowering::math_min(const CallSite& site, const Operand* input) {
  return extreme(site, input, Op::less);
}

Operand Lowering::math_max(const CallSite& site, const Operand* input) {
  return extreme(site, input, Op::greater);
}

Operand Lowering::math_abs(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $x | math abs"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  auto absolute = [&](const Operand& number) -> Operand {
    if (number.bad()) return number;
    if (is_host_only(number)) return computed(bytecode::Function::math_abs, {number}, site.span);
    if (!can_be_added(number.type)) return unfit(site, number, "a number");
    Operand zero = constant_operand(number_value(number.type, 0), site.span);
    if (const int64_t* known = number.integer(); known && *known != -highest - 1)
      return constant_operand(number_value(number.type, std::abs(*known)), site.span);
    Operand held = force(number);
    return joined(site.span, [&](Join& join) {
      Assembler::Label negative = code_.new_label();
      code_.branch(VM_OP_jlti, held.reg, 0, negative);
      join.take(held);
      code_.bind(negative);
      join.take(compute(Op::subtract, held.type, zero, held, site.span, code_.registers()));
    });
  };
  if (values.type != Type::list && values.type != Type::range) return absolute(values);
  std::optional<Items> items = items_of(site, values);
  return items ? mapped(*items, true, site.span, absolute) : bad_operand(site.span);
}

// Nushell shifts an int that is not negative without a sign, and says so where the result does not
// fit one.
Operand Lowering::shifted_left(const Operand& number, const Operand& by, Span span) {
  Operand value = force(number);
  Operand result = compute(Op::shift_left, Type::integer, value, by, span, code_.registers());
  Assembler::Label good = code_.new_label();
  code_.branch(VM_OP_jlti, value.reg, 0, good);
  code_.branch(VM_OP_jgei, result.reg, 0, good);
  code_.emit_imm(VM_OP_trap, 0, VM_FAULT_overflow);
  code_.bind(good);
  return result;
}

Operand Lowering::bits(const CallSite& site, const Operand* input, Op op) {
  std::optional<Arguments> given =
      arguments(site, {1, 1, {{"--signed", "-s", false}}, "write $x | " + site.name + " 0xff"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  Operand other = value(*given->values[0]);
  if (other.bad()) return other;
  if (other.type != Type::integer)
    return fail(given->values[0]->span, "`" + site.name + "` takes an int",
                "this is " + with_article(other.type), "write $x | " + site.name + " 0xff");
  auto combined = [&](const Operand& number) -> Operand {
    if (number.bad()) return number;
    if (number.type != Type::integer) return unfit(site, number, "an int");
    const int64_t* known = number.integer();
    const int64_t* by = other.integer();
    bool is_left = op == Op::shift_left;
    if (is_left && known && by) {
      std::optional<int64_t> result = fold(op, *known, *by);
      if (result && (*known < 0 || *result >= 0))
        return constant_operand(Value(*result), site.span);
    }
    if (is_left && !given->has("--signed")) return shifted_left(number, other, site.span);
    return compute(op, Type::integer, number, other, site.span, code_.registers());
  };
  if (values.type != Type::list) return combined(values);
  std::optional<Items> items = items_of(site, values);
  return items ? mapped(*items, true, site.span, combined) : bad_operand(site.span);
}

Operand Lowering::bits_and(const CallSite& site, const Operand* input) {
  return bits(site, input, Op::bit_and);
}

Operand Lowering::bits_or(const CallSite& site, const Operand* input) {
  return bits(site, input, Op::bit_or);
}

Operand Lowering::bits_xor(const CallSite& site, const Operand* input) {
  return bits(site, input, Op::bit_xor);
}

Operand Lowering::bits_shl(const CallSite& site, const Operand* input) {
  return bits(site, input, Op::shift_left);
}

Operand Lowering::bits_shr(const CallSite& site, const Operand* input) {
  return bits(site, input, Op::shift_right);
}

Operand Lowering::random_int(const CallSite& site, const Operand*) {
  std::optional<Arguments> given =
      arguments(site, {0, 1, {}, "write random int or random int 1..6"});
  if (!given) return bad_operand(site.span);
  Operand from = constant_operand(Value(int64_t{0}), site.span);
  Operand to = constant_operand(Value(highest), site.span);
  uint32_t mark = code_.registers();
  if (!given->values.empty()) {
    Span span = given->values[0]->span;
    Operand range = value(*given->values[0]);
    if (range.bad()) return range;
    if (range.type != Type::range)
      return fail(span, "`random int` takes a range", "this is " + with_article(range.type),
                  "write random int 1..6");
    Bounds bounds = bounds_of(range);
    from = bounds.from;
    if (bounds.to) to = *bounds.to;
    bool is_known = from.integer() && to.integer();
    if (is_known && bounds.exclusive)
      to = constant_operand(Value(*to.integer() - 1), span);
    else if (bounds.exclusive)
      to = compute(Op::subtract, Type::integer, to, constant_operand(Value(1), span), span,
                   code_.registers());
    if (is_known && *from.integer() > *to.integer())
      return fail(span, "no int lies in this range", "it goes down", "write the lower end first");
  }
  Operand low = force(std::move(from)), high = force(std::move(to));
  Operand result;
  result.type = Type::integer;
  result.home = Operand::Home::reg;
  result.span = site.span;
  code_.release_registers(mark);
  result.reg = code_.take_registers(1);
  code_.emit(VM_OP_rand, result.reg, low.reg, high.reg);
  return result;
}

}  // namespace bytecode
