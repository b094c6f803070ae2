// Conversions. Between numbers they change how a register is read and cost nothing; into and out of
// text the host computes them (functions.hpp).

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

// The same register, field or constant, read as another type of number.
Operand read_as(Operand operand, Type type) {
  if (const int64_t* number = operand.integer())
    return constant_operand(number_value(type, *number), operand.span);
  operand.type = type;
  operand.ctype = {};
  operand.shown.reset();
  return operand;
}

bool is_held(const Operand& operand) {
  return is_scalar(operand.type) && !operand.is_named_by_host() &&
         operand.home != Operand::Home::computed;
}

// The nanoseconds of what `into duration --unit` takes.
std::optional<int64_t> nanoseconds_of(std::string_view unit) {
  struct Unit {
    std::string_view name;
    int64_t nanoseconds;
  };
  static constexpr Unit units[] = {
      {"ns", 1},
      {"us", 1'000},
      {"ms", 1'000'000},
      {"sec", 1'000'000'000},
      {"min", 60'000'000'000},
      {"hr", 3'600'000'000'000},
      {"day", 86'400'000'000'000},
      {"wk", 604'800'000'000'000},
  };
  for (const Unit& row : units)
    if (row.name == unit) return row.nanoseconds;
  return std::nullopt;
}

}  // namespace

Operand Lowering::converted(const CallSite& site, const Operand* input,
                            const std::function<std::optional<Operand>(const Operand&)>& f) {
  const FunctionCommand* on_host = find_function_command(site.name);
  if (!site.args.empty() && on_host) return function_command(site, *on_host, input);
  if (!site.args.empty() && !arguments(site, {})) return bad_operand(site.span);
  Operand values = input_of(site, input);
  if (values.bad()) return values;
  auto one = [&](const Operand& given) -> Operand {
    if (given.bad()) return given;
    // A number that the kernel finds in a text is one like others.
    bool is_found = given.computed && given.type != Type::string && !is_host_only(given);
    const Operand operand = is_found ? force(given) : given;
    if (operand.bad()) return operand;
    if (is_held(operand))
      if (std::optional<Operand> result = f(operand)) {
        result->span = site.span;
        return *result;
      }
    return on_host ? computed(on_host->function, host_arguments(*on_host, operand), site.span)
                   : unfit(site, operand, "a number");
  };
  if (values.type != Type::list || values.home == Operand::Home::computed) return one(values);
  std::optional<Items> items = items_of(site, values);
  return items ? mapped(*items, true, site.span, one) : bad_operand(site.span);
}

Operand Lowering::into_int(const CallSite& site, const Operand* input) {
  return converted(site, input, [](const Operand& value) -> std::optional<Operand> {
    if (value.type == Type::string) return std::nullopt;
    return read_as(value, Type::integer);
  });
}

Operand Lowering::into_bool(const CallSite& site, const Operand* input) {
  return converted(site, input, [&](const Operand& value) -> std::optional<Operand> {
    if (value.type == Type::boolean) return value;
    if (value.type != Type::integer) return std::nullopt;
    uint32_t mark = code_.registers();
    Operand zero = constant_operand(Value(0), value.span);
    return value_of(compare(ast::Op::not_equal, value, zero, mark), site.span, mark);
  });
}

Operand Lowering::into_duration(const CallSite& site, const Operand* input) {
  bool is_number = input && is_held(*input) && input->type != Type::string;
  if (!site.args.empty() && is_number) {
    std::optional<Arguments> given =
        arguments(site, {0, 0, {{"--unit", "-u", true}}, "write $x | into duration --unit sec"});
    if (!given || !given->has("--unit")) return bad_operand(site.span);
    Operand unit = value(*given->flags["--unit"]);
    if (unit.bad()) return unit;
    std::optional<int64_t> factor = unit.text() ? nanoseconds_of(*unit.text()) : std::nullopt;
    if (!factor || input->type != Type::integer)
      return fail(given->flags["--unit"]->span, "this is not a unit of time for an int",
                  "not known here", "there are: ns us ms sec min hr day wk");
    return compute(ast::Op::multiply, Type::duration, *input,
                   constant_operand(Value(*factor), unit.span), site.span, code_.registers());
  }
  if (input && input->type == Type::list) return unfit(site, *input, "an int or a string");
  return converted(site, input, [](const Operand& value) -> std::optional<Operand> {
    if (value.type != Type::integer && value.type != Type::duration) return std::nullopt;
    return read_as(value, Type::duration);
  });
}

Operand Lowering::into_filesize(const CallSite& site, const Operand* input) {
  return converted(site, input, [](const Operand& value) -> std::optional<Operand> {
    if (value.type != Type::integer && value.type != Type::filesize) return std::nullopt;
    return read_as(value, Type::filesize);
  });
}

Operand Lowering::into_string(const CallSite& site, const Operand* input) {
  return converted(site, input, [](const Operand& value) -> std::optional<Operand> {
    return value.type == Type::string ? std::optional(value) : std::nullopt;
  });
}

// In bytes, as Nushell counts unless it is asked for graphemes.
Operand Lowering::str_length(const CallSite& site, const Operand* input) {
  return converted(site, input, [&](const Operand& value) -> std::optional<Operand> {
    if (value.type != Type::string) return std::nullopt;
    if (const std::string* text = value.text())
      return constant_operand(Value(static_cast<int64_t>(text->size())), site.span);
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    Operand held = force(value);
    Operand result;
    result.type = Type::integer;
    result.home = Operand::Home::reg;
    result.nullable = held.nullable;
    code_.release_registers(std::max(mark, held.reg < mark ? mark : held.reg + 1u));
    result.reg = code_.take_registers(1u + result.nullable);
    code_.emit(VM_OP_str_len, result.reg, held.reg);
    if (result.nullable) code_.emit(VM_OP_isnull, result.reg + 1u, held.reg);
    code_.release_blocks(blocks);
    return settled(std::move(result), mark);
  });
}

}  // namespace bytecode
