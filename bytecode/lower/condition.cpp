// Tests and jumps. A condition never becomes a 0 or 1 in a register unless somebody wants it there:
// `and`, `or` and `not` are jumps, and a comparison with a small number is one instruction.

#include <cmath>
#include <limits>
#include <utility>

#include "bytecode/lower/lower.hpp"

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
std::optional<bool> Lowering::branch(const ast::Expr& expr, bool when, Assembler::Label to) {
  SpanScope span(code_, expr.span);
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  size_t errors = errors_.size();
  std::optional<bool> known = branch_inner(expr, when, to);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return errors_.size() == errors ? known : std::nullopt;
}

std::optional<bool> Lowering::branch_inner(const ast::Expr& expr, bool when, Assembler::Label to) {
  const auto* inner = std::get_if<ast::Subexpression>(&expr.node);
  if (inner && inner->block.items.size() == 1) return branch(*inner->block.items[0], when, to);
  if (const auto* node = std::get_if<ast::Not>(&expr.node)) {
    std::optional<bool> known = branch(*node->operand, !when, to);
    if (known) known = !*known;
    return known;
  }
  const auto* node = std::get_if<ast::Binary>(&expr.node);
  if (node && (node->op == Op::logical_and || node->op == Op::logical_or)) {
    bool decides = node->op == Op::logical_or;  // the left side's value that settles the whole
    Assembler::Label settled = code_.new_label();
    std::optional<bool> left = branch(*node->left, decides, when == decides ? to : settled);
    // `$x != null and $x > 5`: where there is no $x, it is not looked at.
    std::optional<bool> right = decides;
    if (left != decides) right = branch(*node->right, when, to);
    code_.bind(settled);
    return left ? right : std::nullopt;
  }
  if (node && is_comparison(node->op)) return branch_on(comparison(*node, expr.span), when, to);
  if (missing_dollar(expr)) return std::nullopt;
  Operand operand = value(expr);
  operand.span = expr.span;
  return operand.never ? std::nullopt : branch_if(operand, when, to);
}

// Goes to `to` when the operand, a bool, is `when`.
std::optional<bool> Lowering::branch_if(const Operand& operand, bool when, Assembler::Label to) {
  if (operand.bad()) return std::nullopt;
  if (is_host_only(operand) && (operand.type == Type::boolean || operand.type == Type::any)) {
    host_in_condition(operand);
    return std::nullopt;
  }
  if (operand.type != Type::boolean) {
    std::string words(text(operand.span));
    fail(operand.span, "a condition must be a bool", "this is " + with_article(operand.type),
         is_number(operand.type)        ? "compare it: (" + words + " != 0)"
         : operand.type == Type::string ? "compare it: (" + words + " != \"\")"
                                        : "write a comparison, such as $x > 5");
    return std::nullopt;
  }
  Test test;
  if (operand.integer()) {
    test.known = *operand.integer() != 0;
  } else {
    Operand held = force(operand);
    if (held.bad()) return std::nullopt;
    test.kind = Test::Kind::truth;
    test.reg = held.reg;
  }
  return branch_on(test, when, to);
}

namespace {

bool names_a_site(const Operand& operand) {
  bool found = operand.is_named_by_host();
  for (const auto& [name, member] : operand.members) found |= names_a_site(member);
  if (operand.computed)
    for (const Operand& arg : operand.computed->args) found |= names_a_site(arg);
  return found;
}

}  // namespace

Operand Lowering::host_in_condition(const Operand& operand) {
  host_decides_ = true;
  Span span = operand.span;
  if (names_a_site(operand))
    return fail(span, "which target was hit is known to the host alone", "not in a condition",
                "give each target a closure of its own: bpf-trace {\"kprobe:vfs_read\": {|" +
                    context_name_ + "| ... }}");
  return fail(span, "the kernel decides before the host computes this", "computed on the host",
              "compare the raw values, or filter the rows in Nushell");
}

std::optional<bool> Lowering::branch_on(const Test& test, bool when, Assembler::Label to) {
  switch (test.kind) {
    case Test::Kind::known:
      if (test.known == when) code_.jump(VM_OP_jmp, 0, to);
      return test.known;
    case Test::Kind::with_number:
      code_.branch(branch_opcode(when ? test.op : negated(test.op)), test.reg, test.number, to);
      return std::nullopt;
    case Test::Kind::truth:
      code_.jump(when != test.negated ? VM_OP_jnz : VM_OP_jz, test.reg, to);
      return std::nullopt;
  }
  return std::nullopt;
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
  return comparison_of(node, std::move(left), std::move(right), span, mark);
}

Lowering::Test Lowering::comparison_of(const ast::Binary& node, Operand left, Operand right,
                                       Span span, uint32_t mark) {
  if (!name_enumerator(left, right)) return {};
  bool equality = node.op == Op::equal || node.op == Op::not_equal;
  if (equality && right.type == Type::null) return compare_null(node.op, std::move(left));
  if (equality && left.type == Type::null) return compare_null(node.op, std::move(right));
  SpanScope scope(code_, span);
  if (std::optional<Test> exact = compare_exactly(node.op, left, right)) return *exact;
  // Constants of types that no register holds.
  auto is_folded = [](Type type) { return type == Type::floating || type == Type::date; };
  if ((is_folded(left.type) || is_folded(right.type)) && left.is_constant() &&
      right.is_constant()) {
    Operand known = operation(node, left, right, span, mark);
    return {.known = known.integer() && *known.integer() != 0};
  }
  bool parts = !is_scalar(left.type) || !is_scalar(right.type);
  // A choice between types that only an output could hold can still be compared, one by one.
  auto is_mixed = [](const Operand& side) {
    return side.home == Operand::Home::choice && !is_scalar(side.type);
  };
  bool one_by_one = equality && (is_mixed(left) || is_mixed(right));
  if (!one_by_one) {
    for (const Operand* side : {&left, &right}) {
      if (side->type == Type::date && side->is_constant()) {
        calendar_date(side->span);
        return {};
      }
      if (is_host_only(*side)) {
        host_in_condition(*side);
        return {};
      }
    }
  }
  bool has_jump = is_number(left.type) || left.type == Type::string || left.type == Type::boolean;
  if (one_by_one || (equality && !has_jump && (parts || left.type == right.type))) {
    Operand same = equals(left, right, span);
    if (same.bad()) return {};
    if (same.integer()) return {.known = (*same.integer() != 0) == (node.op == Op::equal)};
    same = force(std::move(same));
    return {.kind = Test::Kind::truth, .reg = same.reg, .negated = node.op == Op::not_equal};
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
    bool is_group = left.shown == As::cgroup || right.shown == As::cgroup;
    if (is_group && (left.type == Type::string || right.type == Type::string))
      error.hint = "the path is known to outputs alone; to filter in the kernel: --cgroup PATH";
    error.labels.push_back({left.span, std::string(type_name(left.type))});
    error.labels.push_back({right.span, std::string(type_name(right.type))});
    return {};
  }
  if (left.type == Type::string)
    return compare_strings(node.op, std::move(left), std::move(right), mark);
  return compare(node.op, std::move(left), std::move(right), mark);
}

namespace {

// Of a constant multiple of a number: the largest integer that is not above it, and whether the two
// are equal. Exact: a double is a 53-bit integer times a power of two.
struct Threshold {
  __int128 floor = 0;
  bool whole = true;
};

std::optional<Threshold> threshold(const Value& number, int64_t factor) {
  if (const int64_t* whole = number.get_if<int64_t>())
    return Threshold{static_cast<__int128>(*whole) * factor, true};
  const double* real = number.get_if<double>();
  if (!real || !std::isfinite(*real)) return std::nullopt;
  int exponent = 0;
  auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(*real, &exponent), 53));
  exponent -= 53;
  __int128 product = static_cast<__int128>(mantissa) * factor;
  // Past these bounds the product is outside of all 64-bit integers, or between -1 and 1.
  if (exponent >= 0)
    return Threshold{exponent > 10 || product == 0 ? product * 1024 : product << exponent, true};
  if (exponent <= -126) return Threshold{product < 0 ? -1 : 0, product == 0};
  __int128 floor = product >> -exponent;
  return Threshold{floor, floor << -exponent == product};
}

}  // namespace

// `$a / 3 > 1.5` and `$a > 1.5`, of an int and a positive constant: compared as the exact quotient,
// in integers.
std::optional<Lowering::Test> Lowering::compare_exactly(Op op, const Operand& left,
                                                        const Operand& right) {
  if (left.is_constant() == right.is_constant()) return std::nullopt;
  if (left.is_constant()) return compare_exactly(mirrored(op), right, left);
  const Operand* dividend = &left;
  int64_t divisor = 1;
  if (left.computed && left.computed->function == Function::divide) {
    const std::vector<Operand>& args = left.computed->args;
    if (!args[1].integer() || args[1].type != Type::integer) return std::nullopt;
    divisor = *args[1].integer();
    dividend = &args[0];
    if (divisor < 1) return std::nullopt;
  } else if (right.type != Type::floating) {
    return std::nullopt;
  }
  if (dividend->type != Type::integer || is_host_only(*dividend)) return std::nullopt;
  if (right.type != Type::integer && right.type != Type::floating) return std::nullopt;
  std::optional<Threshold> limit = threshold(right.constant, divisor);
  if (!limit) return std::nullopt;

  Operand held = force(*dividend);
  if (held.bad()) return Test{};
  if (op == Op::less) op = limit->whole ? Op::less : Op::less_equal;
  if (op == Op::greater_equal) op = limit->whole ? Op::greater_equal : Op::greater;
  bool equality = op == Op::equal || op == Op::not_equal;
  if (equality && !limit->whole) return Test{.known = op == Op::not_equal};
  constexpr auto least = std::numeric_limits<int64_t>::min();
  constexpr auto most = std::numeric_limits<int64_t>::max();
  if (limit->floor < least || limit->floor > most) {
    bool below = limit->floor > most;  // every int is
    bool asks_below = op == Op::less || op == Op::less_equal;
    return Test{.known = equality ? op == Op::not_equal : asks_below == below};
  }
  Operand bound = constant_operand(Value(static_cast<int64_t>(limit->floor)), right.span);
  return compare(op, std::move(held), std::move(bound), code_.registers());
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
  if (!operand.nullable) return {.known = negated};
  Test test{.kind = Test::Kind::truth, .negated = negated};
  if (operand.is_text()) {
    test.reg = code_.take_registers(1);
    code_.emit(VM_OP_isnull, test.reg, operand.reg);
  } else {
    test.reg = static_cast<uint8_t>(operand.reg + 1);
  }
  return test;
}

Operand Lowering::truth(const ast::Expr& expr) {
  Checkpoint before = checkpoint();
  bool outer = std::exchange(host_decides_, false);
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
  bool by_host = std::exchange(host_decides_, outer);
  if (!by_host) return result;
  roll_back(before);
  return truth_by_host(expr);
}

// Where only an output needs it, the host decides too: both sides are then computed.
Operand Lowering::truth_by_host(const ast::Expr& expr) {
  if (const auto* node = std::get_if<ast::Not>(&expr.node))
    return computed(Function::logical_not, {value(*node->operand)}, expr.span);
  const auto& node = std::get<ast::Binary>(expr.node);
  Operand left = value(*node.left), right = value(*node.right);
  Function function = node.op == Op::logical_and ? Function::logical_and : Function::logical_or;
  return computed(function, {left, right}, expr.span);
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
