// Tests and jumps. A condition never becomes a 0 or 1 in a register unless somebody wants it there:
// `and`, `or` and `not` are jumps, and a comparison with a small number is one instruction.

#include <limits>

#include "bytecode/lower.hpp"

namespace bytecode {

using ast::Op;

namespace {

Op negated(Op op) {
  switch (op) {
    case Op::equal:
      return Op::not_equal;
    case Op::not_equal:
      return Op::equal;
    case Op::less:
      return Op::greater_equal;
    case Op::less_equal:
      return Op::greater;
    case Op::greater:
      return Op::less_equal;
    default:
      return Op::less;
  }
}

// `a op b` is `b mirrored(op) a`.
Op mirrored(Op op) {
  switch (op) {
    case Op::less:
      return Op::greater;
    case Op::less_equal:
      return Op::greater_equal;
    case Op::greater:
      return Op::less;
    case Op::greater_equal:
      return Op::less_equal;
    default:
      return op;
  }
}

vm_opcode branch_opcode(Op op) {
  switch (op) {
    case Op::equal:
      return VM_OP_jeqi;
    case Op::not_equal:
      return VM_OP_jnei;
    case Op::less:
      return VM_OP_jlti;
    case Op::less_equal:
      return VM_OP_jlei;
    case Op::greater:
      return VM_OP_jgti;
    default:
      return VM_OP_jgei;
  }
}

bool fits_immediate(int64_t number) { return number == static_cast<int32_t>(number); }

}  // namespace

// Goes to `to` when the condition is `when`, else on to the next instruction.
void Lowering::branch(const ast::Expr& expr, bool when, Assembler::Label to) {
  SpanScope span(code_, expr.span);
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  const auto* inner = std::get_if<ast::Subexpression>(&expr.node);
  if (inner && inner->block.items.size() == 1) return branch(*inner->block.items[0], when, to);
  if (const auto* node = std::get_if<ast::Not>(&expr.node))
    return branch(*node->operand, !when, to);
  const auto* node = std::get_if<ast::Binary>(&expr.node);
  if (node && (node->op == Op::logical_and || node->op == Op::logical_or)) {
    bool decides = node->op == Op::logical_or;  // the left side's value that settles the whole
    if (when == decides) {
      branch(*node->left, when, to);
      branch(*node->right, when, to);
    } else {
      Assembler::Label settled = code_.new_label();
      branch(*node->left, decides, settled);
      branch(*node->right, when, to);
      code_.bind(settled);
    }
    return;
  }
  if (node && is_comparison(node->op)) {
    branch_on(comparison(*node, expr.span), when, to);
  } else if (!missing_dollar(expr)) {
    Operand operand = value(expr);
    if (operand.type == Type::boolean) {
      Test test;
      if (operand.integer()) {
        test.known = *operand.integer() != 0;
      } else {
        test.kind = Test::Kind::truth;
        test.reg = force(operand).reg;
      }
      branch_on(test, when, to);
    } else if (!operand.bad()) {
      bool number = is_number(operand.type);
      fail(expr.span, "a condition must be a bool", "this is " + with_article(operand.type),
           number ? "compare it: (" + std::string(text(expr.span)) + " != 0)"
           : operand.type == Type::string
               ? "compare it: (" + std::string(text(expr.span)) + " != \"\")"
               : "write a comparison, such as $x > 5");
    }
  }
  code_.release_registers(mark);
  code_.release_blocks(blocks);
}

void Lowering::branch_on(const Test& test, bool when, Assembler::Label to) {
  switch (test.kind) {
    case Test::Kind::known:
      if (test.known == when) code_.jump(VM_OP_jmp, 0, to);
      return;
    case Test::Kind::with_number:
      code_.branch(branch_opcode(when ? test.op : negated(test.op)), test.reg, test.number, to);
      return;
    case Test::Kind::truth:
      code_.jump(when != test.negated ? VM_OP_jnz : VM_OP_jz, test.reg, to);
      return;
  }
}

Lowering::Test Lowering::comparison(const ast::Binary& node, Span span) {
  uint32_t mark = code_.registers();
  ++operand_depth_;
  bool missing = missing_dollar(*node.left);
  Operand left, right;
  if (!missing) left = value(*node.left);
  missing |= missing_dollar(*node.right, left.type == Type::string);
  if (!missing) right = value(*node.right);
  --operand_depth_;
  if (missing || left.bad() || right.bad()) return {};

  bool equality = node.op == Op::equal || node.op == Op::not_equal;
  if (equality && right.type == Type::null) return compare_null(node.op, std::move(left));
  if (equality && left.type == Type::null) return compare_null(node.op, std::move(right));
  for (const Operand* side : {&left, &right}) {
    if (side->type == Type::date && side->is_constant()) {
      calendar_date(side->span);
      return {};
    }
    if (side->type == Type::constant) {
      fail(side->span, "the kernel has no floats", "only in an output", "compare with an int");
      return {};
    }
  }
  if (!comparable(left.type, right.type)) {
    fail(node.op_span,
         "cannot compare " + std::string(type_name(left.type)) + " with " +
             std::string(type_name(right.type)),
         "different types", "compare values of one type");
    Error& error = errors_.back();
    if (left.type == right.type) {
      error.labels[0].text = "not supported in a probe";
      error.hint = "compare their fields";
    }
    error.labels.push_back({node.left->span, std::string(type_name(left.type))});
    error.labels.push_back({node.right->span, std::string(type_name(right.type))});
    return {};
  }
  SpanScope scope(code_, span);
  if (left.type == Type::string)
    return compare_strings(node.op, std::move(left), std::move(right), mark);
  return compare(node.op, std::move(left), std::move(right), mark);
}

Lowering::Test Lowering::compare(Op op, Operand left, Operand right, uint32_t mark) {
  if (left.integer() && right.integer())
    return {.known = *fold(op, *left.integer(), *right.integer()) != 0};
  if (left.integer()) {
    std::swap(left, right);
    op = mirrored(op);
  }
  if (const int64_t* number = right.integer(); number && fits_immediate(*number))
    return {.kind = Test::Kind::with_number,
            .op = op,
            .reg = force(std::move(left)).reg,
            .number = static_cast<int32_t>(*number)};
  Operand a = force(std::move(left)), b = force(std::move(right));
  if (op == Op::greater || op == Op::greater_equal) std::swap(a, b);
  code_.release_registers(mark);  // the outcome takes the place of what is compared
  Test test{.kind = Test::Kind::truth, .reg = code_.take_registers(1)};
  code_.emit(arithmetic_opcode(op), test.reg, a.reg, b.reg);
  return test;
}

Lowering::Test Lowering::compare_strings(Op op, Operand left, Operand right, uint32_t mark) {
  if (left.text() && right.text()) {
    int order = left.text()->compare(*right.text());
    return {.known = *fold(op, order, 0) != 0};
  }
  bool equality = op == Op::equal || op == Op::not_equal;
  if (equality && (left.text() || right.text())) {
    if (left.text()) std::swap(left, right);
    std::string literal = *right.text();
    if (literal.size() >= VM_STR_MAX) {
      force(std::move(right));  // says that it is too long
      return {};
    }
    Operand string = force(std::move(left));
    code_.release_registers(mark);
    Test test{
        .kind = Test::Kind::truth, .reg = code_.take_registers(1), .negated = op == Op::not_equal};
    code_.emit(VM_OP_str_eqk, test.reg, string.reg, 0, code_.literal(literal));
    return test;
  }
  Operand a = force(std::move(left)), b = force(std::move(right));
  Test test{.kind = Test::Kind::with_number, .op = op, .reg = code_.take_registers(1), .number = 0};
  code_.emit(VM_OP_str_cmp, test.reg, a.reg, b.reg);
  return test;
}

// `$x == null`: whether a read failed. What cannot be null is known not to be.
Lowering::Test Lowering::compare_null(Op op, Operand operand) {
  bool negated = op == Op::not_equal;
  if (operand.type == Type::null) return {.known = !negated};
  if (!operand.nullable) return {.known = negated};
  operand = force(std::move(operand));
  Test test{.kind = Test::Kind::truth, .negated = negated};
  if (operand.type == Type::string) {
    test.reg = code_.take_registers(1);
    code_.emit(VM_OP_isnull, test.reg, operand.reg);
  } else {
    test.reg = static_cast<uint8_t>(operand.reg + 1);
  }
  return test;
}

Operand Lowering::truth(const ast::Expr& expr) {
  Operand result;
  result.type = Type::boolean;
  result.home = Operand::Home::reg;
  result.reg = code_.take_registers(1);
  result.span = expr.span;
  size_t errors = errors_.size();
  Assembler::Label otherwise = code_.new_label(), end = code_.new_label();
  branch(expr, false, otherwise);
  code_.emit_imm(VM_OP_ldi, result.reg, 1);
  code_.jump(VM_OP_jmp, 0, end);
  code_.bind(otherwise);
  code_.emit_imm(VM_OP_ldi, result.reg, 0);
  code_.bind(end);
  if (errors_.size() != errors) result.type = Type::bad;
  return result;
}

// The outcome of a comparison as a bool in the register at `mark`.
Operand Lowering::value_of(const Test& test, Span span, uint32_t mark) {
  if (test.kind == Test::Kind::known) return constant_operand(Value(test.known), span);
  code_.release_registers(mark);
  Operand result;
  result.type = Type::boolean;
  result.home = Operand::Home::reg;
  result.span = span;
  result.reg = code_.take_registers(1);
  if (test.kind == Test::Kind::truth) {
    if (test.negated)
      code_.emit(VM_OP_not, result.reg, test.reg);
    else if (result.reg != test.reg)
      code_.emit(VM_OP_mov, result.reg, test.reg);
    return result;
  }
  uint8_t number = result.reg == test.reg ? code_.take_registers(1) : result.reg;
  code_.load(number, test.number);
  bool swap = test.op == Op::greater || test.op == Op::greater_equal;
  code_.emit(arithmetic_opcode(test.op), result.reg, swap ? number : test.reg,
             swap ? test.reg : number);
  return result;
}

}  // namespace bytecode
