// What the host computes, and the few such functions that the kernel has instructions for.

#include <algorithm>
#include <limits>
#include <utility>

#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

bool is_set(const Operand& flag) {
  const bool* value = flag.constant.get_if<bool>();
  return value && *value;
}

bool is_missing(const Operand& argument) { return argument.type == Type::null; }

// A null among these is an input like any other; elsewhere it is a failed read, and makes a null.
bool takes_null(Function function) {
  return function == Function::interpolate || function == Function::default_ ||
         function == Function::is_empty || function == Function::is_not_empty ||
         function == Function::describe || function == Function::equal ||
         function == Function::not_equal;
}

// A number whose sign may be known only when it runs.
bool is_divided_in_kernel(const Computed& node) {
  Type left = node.args[0].type;
  return (left == Type::duration || left == Type::filesize) && node.args[1].type == Type::integer;
}

// The range of `str substring` where its ends are known.
const Range* known_range(const Computed& node) { return node.args[1].constant.get_if<Range>(); }

bool counts_graphemes(const Computed& node, size_t flag) {
  return node.args.size() > flag && is_set(node.args[flag]);
}

// The types of the input, in words: "string or list". Empty where it may be anything.
std::string taken_by(Function function) {
  static constexpr std::string_view letters[] = {
#define FUNCTION(name, takes, gives) takes,
#include "bytecode/functions/functions.def"
#undef FUNCTION
  };
  static constexpr std::pair<char, Type> types[] = {
      {'n', Type::null},   {'i', Type::integer},  {'b', Type::boolean},  {'s', Type::string},
      {'t', Type::date},   {'d', Type::duration}, {'z', Type::filesize}, {'f', Type::floating},
      {'y', Type::binary}, {'r', Type::range},    {'l', Type::list},     {'R', Type::record},
  };
  std::vector<std::string_view> names;
  for (char letter : letters[static_cast<size_t>(function)])
    for (const auto& [known, type] : types)
      if (known == letter) names.push_back(type_name(type));
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text.append(i == 0 ? "" : i + 1 == names.size() ? " or " : ", ").append(names[i]);
  return text;
}

// Whether there are instructions for this function of these arguments.
bool has_instructions(const Computed& node) {
  switch (node.function) {
    case Function::str_length:
      return !counts_graphemes(node, 1) && !counts_graphemes(node, 3);
    case Function::str_contains:
    case Function::str_starts_with:
    case Function::str_ends_with:
    case Function::str_downcase:
    case Function::str_upcase:
      return true;
    case Function::str_index_of:
      return !counts_graphemes(node, 2) && is_missing(node.args[4]);
    case Function::str_substring: {
      const Range* range = known_range(node);
      return range && range->step == 1 && !counts_graphemes(node, 2);
    }
    case Function::str_trim:
      return is_missing(node.args[1]);
    case Function::divide:
      return is_divided_in_kernel(node);
    default:
      return false;
  }
}

}  // namespace

Operand Lowering::computed(Function function, std::vector<Operand> args, Span span) {
  Operand result;
  std::vector<Type> types;
  bool known = true;
  // Arithmetic is with an enumerator's number; everything else on the host sees its name.
  bool with_numbers = function <= Function::power ||
                      (function >= Function::less && function <= Function::greater_equal);
  for (Operand& arg : args) {
    if (with_numbers && arg.type == Type::integer) arg.shown.reset();
    if (arg.bad()) return arg;
    bool is_context = arg.home == Operand::Home::context;
    types.push_back(is_context ? Type::record : arg.type);
    known &= arg.is_constant();
    result.nullable |= arg.nullable && !takes_null(function);
  }
  std::optional<Type> type = result_type(function, types);
  if (!type) {
    std::string given;
    for (size_t i = 0; i < types.size(); ++i)
      if (types[i] != Type::null || i == 0)
        given += (given.empty() ? "" : ", ") + std::string(type_name(types[i]));
    std::string hint = taken_by(function);
    return fail(span, "`" + std::string(function_name(function)) + "` does not work on " + given,
                "not for these types",
                hint.empty() ? "convert it first: into int, into string" : "it takes " + hint);
  }
  if (known) {
    std::vector<Value> values;
    for (const Operand& arg : args) values.push_back(arg.constant);
    if (std::optional<Value> value = bytecode::apply(function, values))
      return constant_operand(std::move(*value), span);
    return fail(span, "`" + std::string(function_name(function)) + "` fails for these values",
                "an error in Nushell too", "change the values");
  }
  for (const Operand& arg : args) result.capacity = std::max(result.capacity, arg.capacity);
  result.type = *type;
  result.home = Operand::Home::computed;
  result.span = span;
  result.computed = std::make_shared<Computed>(Computed{function, std::move(args)});
  return result;
}

bool Lowering::is_host_only(const Operand& operand) const {
  switch (operand.home) {
    case Operand::Home::constant:
      return operand.type == Type::floating || operand.type == Type::date;
    case Operand::Home::reg:
    case Operand::Home::builtin:
      return operand.is_named_by_host();
    case Operand::Home::field:
    case Operand::Home::context:
    case Operand::Home::closure:
    case Operand::Home::aggregate:
      return false;
    case Operand::Home::computed: {
      const std::vector<Operand>& args = operand.computed->args;
      return !is_scalar(operand.type) || !has_instructions(*operand.computed) ||
             std::any_of(args.begin(), args.end(),
                         [&](const Operand& arg) { return is_host_only(arg); });
    }
    case Operand::Home::choice:
      return !is_scalar(operand.type) ||
             std::any_of(operand.members.begin(), operand.members.end(),
                         [&](const auto& member) { return is_host_only(member.second); });
  }
  return true;
}

// Where a register is needed: the instructions of the function, if it has any.
Operand Lowering::force_computed(Operand operand) {
  if (is_host_only(operand)) return host_in_condition(operand);
  const Computed& node = *operand.computed;
  SpanScope scope(code_, operand.span);
  Operand result;
  result.type = operand.type;
  result.home = Operand::Home::reg;
  result.span = operand.span;
  result.capacity = operand.capacity;
  if (node.function == Function::divide) return force_quotient(node, std::move(result));
  if (node.function == Function::str_substring) return force_substring(node, std::move(result));
  return force_text(node, std::move(result));
}

Operand Lowering::force_text(const Computed& node, Operand result) {
  Operand text = force(node.args[0]);
  if (text.bad()) return text;
  bool makes_text = result.type == Type::string;
  result.nullable = makes_text && text.nullable;
  uint8_t block = 0;
  auto copied = [&](vm_opcode op, const Operand& from, int32_t sides) {
    block = code_.take_blocks(from.capacity);
    uint8_t reg = code_.take_registers(1);
    code_.emit(op, reg, block, from.reg, static_cast<int32_t>(from.capacity) | sides << 16);
    Operand copy = from;
    copy.reg = reg;
    copy.is_mut = false;
    copy.storage.reset();
    return copy;
  };
  // What is asked of a text that could not be read is null as well; in a condition it is "".
  auto number_of = [&](const Operand& read) {
    result.nullable |= read.nullable;
    result.reg = code_.take_registers(1u + result.nullable);
    if (read.nullable) code_.emit(VM_OP_isnull, result.reg + 1u, read.reg);
  };
  switch (node.function) {
    case Function::str_length:
      number_of(text);
      code_.emit(VM_OP_str_len, result.reg, text.reg);
      return result;
    case Function::str_downcase:
      result.reg = copied(VM_OP_str_lower, text, 0).reg;
      return result;
    case Function::str_upcase:
      result.reg = copied(VM_OP_str_upper, text, 0).reg;
      return result;
    case Function::str_trim: {
      bool left = is_set(node.args[2]), right = is_set(node.args[3]);
      int32_t sides = left == right ? 3 : left ? 1 : 2;
      result.reg = copied(VM_OP_str_trim, text, sides).reg;
      return result;
    }
    default:
      break;
  }
  Operand part = force(node.args[1]);
  if (part.bad()) return part;
  if (node.function != Function::str_index_of && is_set(node.args[2])) {
    text = copied(VM_OP_str_lower, text, 0);
    part = copied(VM_OP_str_lower, part, 0);
  }
  number_of(text);
  if (part.nullable) {
    if (!text.nullable) {
      code_.take_registers(1);
      code_.emit(VM_OP_isnull, result.reg + 1u, part.reg);
      result.nullable = true;
    } else {
      uint8_t flag = code_.take_registers(1);
      code_.emit(VM_OP_isnull, flag, part.reg);
      code_.emit(VM_OP_bor, result.reg + 1u, result.reg + 1u, flag);
    }
  }
  if (node.function == Function::str_starts_with) {
    code_.emit(VM_OP_str_starts, result.reg, text.reg, part.reg);
  } else if (node.function == Function::str_ends_with) {
    code_.emit(VM_OP_str_ends, result.reg, text.reg, part.reg);
  } else {
    bool last = node.function == Function::str_index_of && is_set(node.args[5]);
    code_.emit(VM_OP_str_find, result.reg, text.reg, part.reg, last);
    if (node.function == Function::str_contains) {
      uint8_t lowest = code_.take_registers(1);
      code_.emit_imm(VM_OP_ldi, lowest, 0);
      code_.emit(VM_OP_le, result.reg, lowest, result.reg);
    }
  }
  return result;
}

// Ends below zero count from the text's end.
Operand Lowering::force_substring(const Computed& node, Operand result) {
  Operand text = force(node.args[0]);
  if (text.bad()) return text;
  const Range& range = *known_range(node);
  uint8_t source = code_.take_registers(3);
  code_.emit(VM_OP_mov, source, text.reg);
  auto end = [&](uint32_t reg, int64_t number) {
    constexpr int64_t limit = 2 * VM_STR_MAX;
    number = std::clamp(number, -limit, limit);
    if (number >= 0) {
      code_.emit_imm(VM_OP_ldi, reg, static_cast<int32_t>(number));
    } else {
      code_.emit(VM_OP_str_len, reg, source);
      code_.emit(VM_OP_addi, reg, reg, 0, static_cast<int32_t>(number));
    }
  };
  end(source + 1u, range.start);
  int64_t last = range.end.value_or(-1);
  bool inclusive = range.inclusive || !range.end;
  end(source + 2u, last);
  if (inclusive) code_.emit(VM_OP_addi, source + 2u, source + 2u, 0, 1);
  result.nullable = text.nullable;
  result.capacity = text.capacity;
  result.reg = code_.take_registers(1);
  code_.emit(VM_OP_str_sub, result.reg, code_.take_blocks(text.capacity), source,
             static_cast<int32_t>(text.capacity));
  return result;
}

// A duration or a filesize by an int, toward zero.
Operand Lowering::force_quotient(const Computed& node, Operand result) {
  Operand dividend = force(node.args[0]), divisor = force(node.args[1]);
  if (dividend.bad() || divisor.bad()) return dividend.bad() ? dividend : divisor;
  uint8_t rest = code_.take_registers(2);
  Assembler::Label exact = code_.new_label();
  uint8_t quotient = code_.take_registers(2);
  code_.emit(VM_OP_div, quotient, dividend.reg, divisor.reg);
  code_.emit(VM_OP_mod, rest, dividend.reg, divisor.reg);
  code_.jump(VM_OP_jz, rest, exact);
  // Rounded down, a quotient below zero is one too low.
  code_.emit(VM_OP_bxor, rest, dividend.reg, divisor.reg);
  code_.branch(VM_OP_jgei, rest, 0, exact);
  code_.emit(VM_OP_addi, quotient, quotient, 0, 1);
  code_.bind(exact);
  result.reg = quotient;
  result.nullable = dividend.nullable || divisor.nullable;
  if (dividend.nullable && divisor.nullable)
    code_.emit(VM_OP_bor, quotient + 1u, dividend.reg + 1u, divisor.reg + 1u);
  else if (result.nullable)
    code_.emit(VM_OP_mov, quotient + 1u, (dividend.nullable ? dividend.reg : divisor.reg) + 1u);
  return result;
}

}  // namespace bytecode
