// Operators on values.

#include <algorithm>
#include <limits>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

using ast::Op;

namespace {

std::string arithmetic_hint(Op op, Type left, Type right) {
  for (Type type : {left, right}) {
    if (type == Type::list) return "lists are joined with ++";
    if (type == Type::record) return "records go together with merge";
    if (type == Type::string) return "calculate with ints; text is joined with ++";
    if (type == Type::boolean) return "bools go with and, or, xor and not";
    if (type == Type::null) return "a verb yields null";
  }
  if (op == Op::concatenate) return "it joins two strings or two lists";
  if (op == Op::multiply) return "one of them must be an int";
  return "both sides need a type that fits: an int, or two of one kind";
}

// The host's function for an operator on values that the kernel has not.
std::optional<Function> function_of(Op op) {
  switch (op) {
    case Op::add:
      return Function::add;
    case Op::subtract:
      return Function::subtract;
    case Op::multiply:
      return Function::multiply;
    case Op::divide:
      return Function::divide;
    case Op::floor_divide:
      return Function::floor_divide;
    case Op::modulo:
      return Function::modulo;
    case Op::power:
      return Function::power;
    case Op::concatenate:
      return Function::concatenate;
    case Op::equal:
      return Function::equal;
    case Op::not_equal:
      return Function::not_equal;
    case Op::less:
      return Function::less;
    case Op::less_equal:
      return Function::less_equal;
    case Op::greater:
      return Function::greater;
    case Op::greater_equal:
      return Function::greater_equal;
    case Op::logical_xor:
      return Function::logical_xor;
    default:
      return std::nullopt;
  }
}

bool is_membership(Op op) {
  return op == Op::in || op == Op::not_in || op == Op::has || op == Op::not_has;
}

bool is_text_test(Op op) {
  return op == Op::matches || op == Op::not_matches || op == Op::starts_with ||
         op == Op::not_starts_with || op == Op::ends_with || op == Op::not_ends_with;
}

bool is_aggregate(const Operand& operand) {
  return operand.type == Type::list || operand.type == Type::record ||
         operand.home == Operand::Home::context;
}

}  // namespace

Operand Lowering::binary(const ast::Binary& node, Span span) {
  uint32_t mark = code_.registers();
  ++operand_depth_;
  bool missing = missing_dollar(*node.left);
  Operand left = missing ? bad_operand(span) : value(*node.left);
  bool may_be_text = is_comparison(node.op) || is_membership(node.op) || is_text_test(node.op);
  missing = missing_dollar(*node.right, may_be_text && left.type == Type::string);
  Operand right = missing ? bad_operand(span) : value(*node.right);
  --operand_depth_;
  if (left.never || right.never) return left.never ? left : right;
  return settled(operation(node, left, right, span, mark), mark);
}

Operand Lowering::operation(const ast::Binary& node, const Operand& left, const Operand& right,
                            Span span, uint32_t mark) {
  if (left.bad() || right.bad()) return left.bad() ? left : right;
  if (is_membership(node.op)) {
    bool set_first = node.op == Op::has || node.op == Op::not_has;
    return membership(node, set_first ? right : left, set_first ? left : right, span);
  }
  if (is_text_test(node.op)) return text_test(node, left, right, span);
  bool by_host = is_host_only(left) || is_host_only(right);
  if (is_comparison(node.op)) {
    bool equality = node.op == Op::equal || node.op == Op::not_equal;
    bool with_null = left.type == Type::null || right.type == Type::null;
    if (by_host && !(equality && with_null)) {
      if (std::optional<Test> exact = compare_exactly(node.op, left, right))
        return value_of(*exact, span, mark);
      return computed(*function_of(node.op), {left, right}, span);
    }
    Test test = comparison_of(node, left, right, span, mark);
    return value_of(test, span, mark);
  }
  if (node.op == Op::divide) return divide(node, left, right, span);
  bool texts = left.type == Type::string && right.type == Type::string;
  bool joins = node.op == Op::add || node.op == Op::concatenate;
  if (joins && left.type == Type::list && right.type == Type::list && !by_host &&
      node.op == Op::concatenate) {
    Operand list = left;
    list.home = Operand::Home::aggregate;
    list.constant = Value(Null{});
    list.members = members_of(left);
    for (auto& member : members_of(right)) list.members.push_back(std::move(member));
    list.span = span;
    return list;
  }
  if (by_host || (joins && texts)) {
    if (std::optional<Function> function = function_of(node.op))
      return computed(*function, {left, right}, span);
    for (const Operand* side : {&left, &right})
      if (is_host_only(*side))
        return fail(side->span, "the bits of this are not known in the kernel",
                    "the host computes it", "use ints");
  }
  return arithmetic(node, left, right, span, mark);
}

// `/` makes a float, which is the host's to compute. What would fail in Nushell fails here, in the
// kernel: a divisor of zero ends the run.
Operand Lowering::divide(const ast::Binary& node, const Operand& left, const Operand& right,
                         Span span) {
  Operand divisor = right;
  bool in_kernel = is_number(right.type) && !is_host_only(right);
  if (in_kernel && !right.is_constant()) {
    divisor = kept(force(right));
    if (divisor.bad()) return divisor;
    Assembler::Label good = code_.new_label();
    code_.jump(VM_OP_jnz, divisor.reg, good);
    code_.emit_imm(VM_OP_trap, 0, VM_FAULT_divide_by_zero);
    code_.bind(good);
  }
  if (right.integer() && *right.integer() == 0)
    return fail(node.op_span, "division by zero", "always fails", "divide by something else");
  for (const Operand* side : {&left, &right})
    if (side->type == Type::null) return mismatch(node, left, right);
  return computed(Function::divide, {left, divisor}, span);
}

Operand Lowering::mismatch(const ast::Binary& node, const Operand& left, const Operand& right) {
  fail(node.op_span,
       "`" + std::string(text(node.op_span)) + "` does not work on " +
           std::string(type_name(left.type)) + " and " + std::string(type_name(right.type)),
       "not for these types", arithmetic_hint(node.op, left.type, right.type));
  errors_.back().labels.push_back({left.span, "this is " + with_article(left.type)});
  errors_.back().labels.push_back({right.span, "this is " + with_article(right.type)});
  return bad_operand(node.op_span);
}

Operand Lowering::arithmetic(const ast::Binary& node, const Operand& left, const Operand& right,
                             Span span, uint32_t mark) {
  if (node.op == Op::logical_xor) {
    for (const Operand* side : {&left, &right})
      if (side->type != Type::boolean)
        return fail(side->span, "`xor` needs a bool", "this is " + with_article(side->type),
                    "for the bits of ints, use bit-xor");
    return compute(node.op, Type::boolean, left, right, span, mark);
  }
  if (is_aggregate(left) || is_aggregate(right)) return mismatch(node, left, right);
  std::optional<Type> type = arithmetic_type(node.op, left.type, right.type);
  if (!type) return mismatch(node, left, right);
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

}  // namespace bytecode
