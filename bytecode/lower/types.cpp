#include "bytecode/lower/types.hpp"

#include <charconv>
#include <limits>

#include "bytecode/compile.hpp"

namespace bytecode {

using ast::Op;

std::string_view type_name(Type type) {
  switch (type) {
    case Type::bad:
      return "error";
    case Type::null:
      return "nothing";
    case Type::integer:
      return "int";
    case Type::boolean:
      return "bool";
    case Type::string:
      return "string";
    case Type::date:
      return "datetime";
    case Type::duration:
      return "duration";
    case Type::filesize:
      return "filesize";
    case Type::floating:
      return "float";
    case Type::binary:
      return "binary";
    case Type::range:
      return "range";
    case Type::record:
    case Type::context:
    case Type::args:
    case Type::regs:
      return "record";
    case Type::list:
      return "list";
    case Type::closure:
      return "closure";
    case Type::any:
      return "any";
  }
  return "";
}

std::string with_article(Type type) {
  if (type == Type::null) return "null";
  if (type == Type::any) return "a value whose type is known only when it runs";
  return (type == Type::integer ? "an " : "a ") + std::string(type_name(type));
}

Type type_of(const Value& value) {
  struct Visitor {
    Type operator()(Null) const { return Type::null; }
    Type operator()(bool) const { return Type::boolean; }
    Type operator()(int64_t) const { return Type::integer; }
    Type operator()(double) const { return Type::floating; }
    Type operator()(const std::string&) const { return Type::string; }
    Type operator()(Duration) const { return Type::duration; }
    Type operator()(Filesize) const { return Type::filesize; }
    Type operator()(Date) const { return Type::date; }
    Type operator()(const Binary&) const { return Type::binary; }
    Type operator()(const Range&) const { return Type::range; }
    Type operator()(const List&) const { return Type::list; }
    Type operator()(const Record&) const { return Type::record; }
  };
  return std::visit(Visitor{}, value.variant());
}

bool is_number(Type type) {
  return type == Type::integer || type == Type::date || type == Type::duration ||
         type == Type::filesize;
}

bool is_scalar(Type type) {
  return is_number(type) || type == Type::boolean || type == Type::string;
}

Type kept_type(As as) {
  switch (as) {
    case As::boolean:
      return Type::boolean;
    case As::duration:
      return Type::duration;
    case As::filesize:
      return Type::filesize;
    case As::date:
      return Type::date;
    case As::string:
      return Type::string;
    default:
      return Type::integer;
  }
}

As as_of(Type type) {
  switch (type) {
    case Type::boolean:
      return As::boolean;
    case Type::string:
      return As::string;
    case Type::date:
      return As::date;
    case Type::duration:
      return As::duration;
    case Type::filesize:
      return As::filesize;
    case Type::binary:
      return As::binary;
    case Type::bad:
    case Type::null:
    case Type::integer:
    case Type::floating:
    case Type::range:
    case Type::record:
    case Type::list:
    case Type::closure:
    case Type::any:
    case Type::context:
    case Type::args:
    case Type::regs:
      break;
  }
  return As::integer;
}

const std::vector<Builtin>& builtins() {
  static const std::vector<Builtin> rows = {
#define BUILTIN(name, type, opcode, sentinel, doc) \
  {#name, Type::type, VM_OP_##opcode, sentinel, doc},
#include "bytecode/builtins.def"
#undef BUILTIN
  };
  return rows;
}

const Builtin* find_builtin(std::string_view name) {
  for (const Builtin& row : builtins())
    if (row.name == name) return &row;
  return nullptr;
}

Value sentinel(std::string_view builtin) {
  const Builtin* row = find_builtin(builtin);
  if (!row) return Value(Null{});
  if (row->type == Type::string) return Value(std::string(row->sentinel));
  int64_t number = 0;
  std::from_chars(row->sentinel.data(), row->sentinel.data() + row->sentinel.size(), number);
  return Value(number);
}

namespace {

// The number behind a constant, in a place that lives as long as the constant.
struct NumberOf {
  const int64_t* operator()(const int64_t& v) const { return &v; }
  const int64_t* operator()(const Duration& v) const { return &v.nanoseconds; }
  const int64_t* operator()(const Filesize& v) const { return &v.bytes; }
  const int64_t* operator()(const bool& v) const {
    static const int64_t words[] = {0, 1};
    return &words[v];
  }
  template <typename T>
  const int64_t* operator()(const T&) const {
    return nullptr;
  }
};

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

int64_t floor_modulo(int64_t a, int64_t b) {
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::optional<int64_t> power(int64_t base, int64_t exponent) {
  if (exponent < 0) return std::nullopt;
  if (exponent == 0 || base == 1) return 1;
  if (base == 0) return 0;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  int64_t result = 1;
  for (; exponent > 0; --exponent)  // |base| >= 2: overflows within 64 turns
    if (__builtin_mul_overflow(result, base, &result)) return std::nullopt;
  return result;
}

}  // namespace

const int64_t* Operand::integer() const {
  return is_constant() ? std::visit(NumberOf{}, constant.variant()) : nullptr;
}

const std::string* Operand::text() const {
  return is_constant() ? constant.get_if<std::string>() : nullptr;
}

Operand constant_operand(Value value, Span span) {
  Operand operand;
  operand.type = type_of(value);
  if (const std::string* text = value.get_if<std::string>())
    operand.capacity = static_cast<uint32_t>(text->size());
  operand.constant = std::move(value);
  operand.span = span;
  return operand;
}

Value number_value(Type type, int64_t number) {
  if (type == Type::boolean) return Value(number != 0);
  if (type == Type::duration) return Value(Duration{number});
  if (type == Type::filesize) return Value(Filesize{number});
  if (type == Type::date) return Value(Date{number});
  return Value(number);
}

bool is_comparison(Op op) {
  return op == Op::equal || op == Op::not_equal || op == Op::less || op == Op::less_equal ||
         op == Op::greater || op == Op::greater_equal;
}

std::string_view spelling(Op op) {
  switch (op) {
    case Op::add:
      return "+";
    case Op::subtract:
      return "-";
    case Op::multiply:
      return "*";
    case Op::floor_divide:
      return "//";
    case Op::modulo:
      return "mod";
    case Op::power:
      return "**";
    case Op::bit_and:
      return "bit-and";
    case Op::bit_or:
      return "bit-or";
    case Op::bit_xor:
      return "bit-xor";
    case Op::shift_left:
      return "bit-shl";
    case Op::shift_right:
      return "bit-shr";
    case Op::equal:
      return "==";
    case Op::not_equal:
      return "!=";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::logical_and:
      return "and";
    case Op::logical_or:
      return "or";
    case Op::logical_xor:
      return "xor";
    case Op::concatenate:
      return "++";
    case Op::divide:
      return "/";
    case Op::matches:
      return "=~";
    case Op::not_matches:
      return "!~";
    case Op::in:
      return "in";
    case Op::not_in:
      return "not-in";
    case Op::has:
      return "has";
    case Op::not_has:
      return "not-has";
    case Op::starts_with:
      return "starts-with";
    case Op::not_starts_with:
      return "not-starts-with";
    case Op::ends_with:
      return "ends-with";
    case Op::not_ends_with:
      return "not-ends-with";
  }
  return "";
}

std::optional<Type> arithmetic_type(Op op, Type left, Type right) {
  bool ints = left == Type::integer && right == Type::integer;
  bool sized = left == Type::duration || left == Type::filesize;
  if (ints) return op == Op::concatenate ? std::nullopt : std::optional(Type::integer);
  switch (op) {
    case Op::add:
      if (sized && left == right) return left;
      if (left == Type::date && right == Type::duration) return Type::date;
      return std::nullopt;
    case Op::subtract:
      if (sized && left == right) return left;
      if (left == Type::date && right == Type::duration) return Type::date;
      if (left == Type::date && right == Type::date) return Type::duration;
      return std::nullopt;
    case Op::multiply:
      if (sized && right == Type::integer) return left;
      if (left == Type::integer && (right == Type::duration || right == Type::filesize))
        return right;
      return std::nullopt;
    case Op::floor_divide:
      if (sized && right == Type::integer) return left;
      if (sized && left == right) return Type::integer;
      return std::nullopt;
    case Op::modulo:
      if (sized && (right == Type::integer || left == right)) return left;
      return std::nullopt;
    case Op::power:
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor:
    case Op::shift_left:
    case Op::shift_right:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::concatenate:
    case Op::divide:
    case Op::matches:
    case Op::not_matches:
    case Op::in:
    case Op::not_in:
    case Op::has:
    case Op::not_has:
    case Op::starts_with:
    case Op::not_starts_with:
    case Op::ends_with:
    case Op::not_ends_with:
      break;
  }
  return std::nullopt;
}

bool comparable(Type left, Type right) {
  if (left == right) return is_number(left) || left == Type::boolean || left == Type::string;
  auto measured = [](Type type) { return type == Type::duration || type == Type::filesize; };
  return (left == Type::integer && measured(right)) || (measured(left) && right == Type::integer);
}

vm_opcode arithmetic_opcode(Op op) {
  switch (op) {
    case Op::add:
      return VM_OP_add;
    case Op::subtract:
      return VM_OP_sub;
    case Op::multiply:
      return VM_OP_mul;
    case Op::floor_divide:
      return VM_OP_div;
    case Op::modulo:
      return VM_OP_mod;
    case Op::power:
      return VM_OP_pow;
    case Op::bit_and:
      return VM_OP_band;
    case Op::bit_or:
      return VM_OP_bor;
    case Op::bit_xor:
    case Op::logical_xor:
      return VM_OP_bxor;
    case Op::shift_left:
      return VM_OP_shl;
    case Op::shift_right:
      return VM_OP_shr;
    case Op::equal:
      return VM_OP_eq;
    case Op::not_equal:
      return VM_OP_ne;
    case Op::less:
    case Op::greater:
      return VM_OP_lt;
    case Op::less_equal:
    case Op::greater_equal:
      return VM_OP_le;
    case Op::logical_and:
    case Op::logical_or:
    case Op::concatenate:
    case Op::divide:
    case Op::matches:
    case Op::not_matches:
    case Op::in:
    case Op::not_in:
    case Op::has:
    case Op::not_has:
    case Op::starts_with:
    case Op::not_starts_with:
    case Op::ends_with:
    case Op::not_ends_with:
      break;
  }
  return VM_OP_exit;
}

std::optional<int64_t> fold(Op op, int64_t a, int64_t b) {
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  int64_t result = 0;
  bool divides = b != 0 && !(a == lowest && b == -1);
  bool shifts = b >= 0 && b < 64;
  auto if_fits = [&](bool overflow) { return overflow ? std::nullopt : std::optional(result); };
  auto if_ok = [&](bool ok, auto make) {
    return ok ? std::optional<int64_t>(make()) : std::nullopt;
  };
  switch (op) {
    case Op::add:
      return if_fits(__builtin_add_overflow(a, b, &result));
    case Op::subtract:
      return if_fits(__builtin_sub_overflow(a, b, &result));
    case Op::multiply:
      return if_fits(__builtin_mul_overflow(a, b, &result));
    case Op::floor_divide:
      return if_ok(divides, [&] { return floor_divide(a, b); });
    case Op::modulo:
      return if_ok(divides, [&] { return floor_modulo(a, b); });
    case Op::power:
      return power(a, b);
    case Op::bit_and:
      return a & b;
    case Op::bit_or:
      return a | b;
    case Op::bit_xor:
    case Op::logical_xor:
      return a ^ b;
    case Op::shift_left:
      return if_ok(shifts, [&] { return static_cast<int64_t>(static_cast<uint64_t>(a) << b); });
    case Op::shift_right:
      return if_ok(shifts, [&] { return a >> b; });
    case Op::equal:
      return a == b;
    case Op::not_equal:
      return a != b;
    case Op::less:
      return a < b;
    case Op::less_equal:
      return a <= b;
    case Op::greater:
      return a > b;
    case Op::greater_equal:
      return a >= b;
    case Op::logical_and:
      return a && b;
    case Op::logical_or:
      return a || b;
    case Op::concatenate:
    case Op::divide:
    case Op::matches:
    case Op::not_matches:
    case Op::in:
    case Op::not_in:
    case Op::has:
    case Op::not_has:
    case Op::starts_with:
    case Op::not_starts_with:
    case Op::ends_with:
    case Op::not_ends_with:
      break;
  }
  return std::nullopt;
}

}  // namespace bytecode
