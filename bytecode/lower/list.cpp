// Closures over lists. A list is its items, so a closure is lowered once for each of them; an item
// that may be missing when the closure runs (Operand::present) is jumped over.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

constexpr size_t longest_unrolled = 64;

// The numbers of a range; nothing where they are too many.
std::optional<List> numbers_of(const Range& range) {
  if (!range.end) return std::nullopt;
  List numbers;
  int64_t at = range.start;
  auto within = [&] {
    if (at == *range.end) return range.inclusive;
    return (at < *range.end) == (range.step > 0);
  };
  while (within()) {
    if (numbers.size() == longest_unrolled) return std::nullopt;
    numbers.emplace_back(at);
    if (__builtin_add_overflow(at, range.step, &at)) break;
  }
  return numbers;
}

// Reading it again could give another value.
bool may_change(const Operand& operand) {
  if (operand.home == Operand::Home::builtin) return true;
  return operand.home == Operand::Home::field && !operand.is_place() &&
         (operand.type == Type::string || operand.nullable);
}

Operand at_place(Operand operand, std::optional<uint8_t> present) {
  operand.present = present;
  return operand;
}

}  // namespace

// What is asked about, and then kept, is read once.
Operand Lowering::read_once(Operand operand) {
  std::optional<uint8_t> present = operand.present;
  if (may_change(operand)) operand = kept(std::move(operand));
  for (auto& [name, member] : operand.members) member = read_once(std::move(member));
  operand.present = present;
  return operand;
}

std::optional<Lowering::Items> Lowering::items_of(const CallSite& site, const Operand& input) {
  Items items;
  if (input.home == Operand::Home::choice && !input.bad()) {
    fail(input.span, "`" + site.name + "` cannot take one of several lists here",
         "which one is known only when it runs", "write it in each branch");
    return std::nullopt;
  }
  if (input.type == Type::list && input.home != Operand::Home::computed) {
    for (auto& [name, member] : members_of(input)) items.push_back(std::move(member));
    return items;
  }
  if (input.bad()) return std::nullopt;
  if (input.type != Type::range) {
    unfit(site, input, "a list");
    return std::nullopt;
  }
  const Range* range = input.constant.get_if<Range>();
  std::optional<List> numbers = range ? numbers_of(*range) : std::nullopt;
  if (numbers) {
    for (Value& number : *numbers) items.push_back(constant_operand(std::move(number), input.span));
    return items;
  }
  fail(input.span, "`" + site.name + "` cannot go through this range in a probe",
       range ? "more than " + std::to_string(longest_unrolled) + " numbers"
             : "its ends are known only when it runs",
       "use a loop: for x in 0..$n { ... }");
  return std::nullopt;
}

Operand Lowering::is_not_null(const Operand& operand) {
  if (operand.home == Operand::Home::choice)
    return distributed(operand, [&](const Operand& one) { return is_not_null(one); });
  if (operand.home == Operand::Home::computed) return constant_operand(Value(true), operand.span);
  Test test = compare_null(ast::Op::not_equal, operand);
  return value_of(test, operand.span, code_.registers());
}

// The value with its null made into its absence; nothing where it is always null.
std::optional<Operand> Lowering::unless_null(Operand value) {
  if (value.type == Type::null) return std::nullopt;
  if (value.bad() || !value.nullable) return value;
  if (value.home != Operand::Home::choice) value = force(std::move(value));
  Operand there = is_not_null(value);
  if (there.bad()) return there;
  if (const int64_t* known = there.integer())
    return *known ? std::optional(std::move(value)) : std::nullopt;
  there = force(std::move(there));
  if (value.present) code_.emit(VM_OP_band, there.reg, there.reg, *value.present);
  value = other_than_null(std::move(value));
  value.present = there.reg;
  return value;
}

// f of an item that is there, as an item that is there with it.
Operand Lowering::mapped_item(const Operand& item, Span span,
                              const std::function<Operand(const Operand&)>& f) {
  Operand plain = at_place(item, std::nullopt);
  if (!item.present) return at_place(f(plain), std::nullopt);
  // What emits no code may be asked of an item that is not there.
  Checkpoint before = checkpoint();
  uint32_t size = code_.size();
  Operand result = f(plain);
  if (code_.size() == size) return at_place(std::move(result), item.present);
  roll_back(before);
  bool may_be_null = false;
  result = joined(span, [&](Join& join) {
    Assembler::Label absent = code_.new_label();
    code_.jump(VM_OP_jz, *item.present, absent);
    Operand value = f(plain);
    may_be_null = value.nullable || value.type == Type::null;
    join.take(std::move(value));
    code_.bind(absent);
    join.take(null(span));
  });
  if (!may_be_null) result = other_than_null(std::move(result));
  return at_place(std::move(result), item.present);
}

Operand Lowering::mapped(const Items& items, bool keeps_null, Span span,
                         const std::function<Operand(const Operand&)>& f) {
  Items results;
  for (const Operand& item : items) {
    Operand result = mapped_item(item, span, f);
    // What is wrong with one item is wrong with all: it is said once.
    if (result.bad() || result.never) return result;
    if (keeps_null) {
      results.push_back(std::move(result));
      continue;
    }
    std::optional<Operand> there = unless_null(std::move(result));
    if (there) results.push_back(std::move(*there));
  }
  return list_operand(std::move(results), span);
}

Operand Lowering::reached(Span span, bool when,
                          const std::function<void(Assembler::Label)>& jumps) {
  Operand result;
  result.type = Type::boolean;
  result.home = Operand::Home::reg;
  result.span = span;
  result.reg = code_.take_registers(1);
  uint32_t blocks = code_.blocks();
  Assembler::Label there = code_.new_label(), end = code_.new_label();
  size_t errors = errors_.size();
  jumps(there);
  code_.emit_imm(VM_OP_ldi, result.reg, !when);
  code_.jump(VM_OP_jmp, 0, end);
  code_.bind(there);
  code_.emit_imm(VM_OP_ldi, result.reg, when);
  code_.bind(end);
  code_.release_registers(result.reg + 1u);
  code_.release_blocks(blocks);
  if (errors_.size() != errors) result.type = Type::bad;
  return result;
}

// The outcome of a `where` for one row, as a bool operand.
Operand Lowering::row_condition(const ast::Where& node, const Operand& row) {
  const ast::Expr& condition = *node.condition;
  bool is_closure = std::holds_alternative<ast::Closure>(condition.node);
  if (const auto* variable = std::get_if<ast::Variable>(&condition.node)) {
    const Operand* known = find_variable(variable->name);
    is_closure = known ? known->type == Type::closure : is_captured_closure(variable->name);
  }
  Operand result;
  if (is_closure) {
    result = call_closure(value(condition), {row}, row);
  } else {
    std::optional<Operand> outer_row = row_, outer_in = in_;
    row_ = row;
    in_ = row;
    variables_.push_back({"it", row});
    result = value(condition);
    variables_.pop_back();
    row_ = outer_row;
    in_ = outer_in;
  }
  if (result.bad() || result.type == Type::boolean || result.never) return result;
  return fail(condition.span, "a condition must be a bool", "this is " + with_article(result.type),
              "write a comparison, such as $it > 5");
}

Operand Lowering::where_list(const ast::Where& node, const Operand& list, Span span) {
  if (list.home == Operand::Home::choice)
    return distributed(list, [&](const Operand& one) { return where_list(node, one, span); });
  CallSite site{"where", {span.start, span.start + 5}, {}, span};
  std::optional<Items> items = items_of(site, list);
  if (!items) return bad_operand(span);
  Items left;
  for (Operand& item : *items) {
    std::optional<uint8_t> before = item.present;
    Operand row = at_place(read_once(item), std::nullopt);
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    Operand outcome;
    Assembler::Label absent = code_.new_label();
    if (before) {
      uint8_t flag = code_.take_registers(1);
      code_.emit_imm(VM_OP_ldi, flag, 0);
      code_.jump(VM_OP_jz, *before, absent);
      outcome = row_condition(node, row);
      if (!outcome.bad() && !outcome.integer()) {
        outcome = force(std::move(outcome));
        code_.emit(VM_OP_mov, flag, outcome.reg);
        outcome.reg = flag;
      }
      code_.bind(absent);
    } else {
      outcome = row_condition(node, row);
      if (!outcome.bad() && !outcome.integer()) outcome = force(std::move(outcome));
      // A variable's register may be assigned to later; the item's flag is its own.
      if (!outcome.bad() && !outcome.integer() && outcome.reg < mark) {
        uint8_t flag = code_.take_registers(1);
        code_.emit(VM_OP_mov, flag, outcome.reg);
        outcome.reg = flag;
      }
    }
    if (outcome.bad() || outcome.never) return outcome;
    if (const int64_t* known = outcome.integer()) {
      code_.release_registers(mark);
      code_.release_blocks(blocks);
      if (*known) left.push_back(at_place(std::move(row), before));
      continue;
    }
    if (outcome.reg != mark) code_.emit(VM_OP_mov, mark, outcome.reg);
    code_.release_registers(mark + 1);
    code_.release_blocks(blocks);
    left.push_back(at_place(std::move(row), static_cast<uint8_t>(mark)));
  }
  return list_operand(std::move(left), span);
}

Operand Lowering::each(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {1, 1, {{"--keep-empty", "-k", false}}, "write $list | each {|x| ... }"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  Operand closure = value(*given->values[0]);
  if (closure.bad()) return closure;
  if (closure.type != Type::closure)
    return fail(given->values[0]->span, "`each` takes a closure",
                "this is " + with_article(closure.type), "write each {|x| ... }");
  if (values.type == Type::null) return null(site.span);
  auto call = [&](const Operand& item) { return call_closure(closure, {item}, item); };
  bool is_one = values.type != Type::list && values.type != Type::range;
  if (is_one && values.nullable && values.home != Operand::Home::computed) {
    // A failed read is a null, which `each` does not look at.
    Operand held = force(values);
    return joined(site.span, [&](Join& join) {
      Assembler::Label is_null = code_.new_label();
      uint32_t mark = code_.registers();
      branch_on(compare_null(ast::Op::equal, held), true, is_null);
      code_.release_registers(mark);
      join.take(call(held));
      code_.bind(is_null);
      join.take(null(site.span));
    });
  }
  if (is_one && values.type != Type::any) return call(values);
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  for (Operand& item : *items) item = read_once(item);
  return mapped(*items, given->has("--keep-empty"), site.span, call);
}

Operand Lowering::any_or_all(const CallSite& site, const Operand* input, bool any) {
  std::optional<Arguments> given =
      arguments(site, {1, 1, {}, "write $list | " + site.name + " {|x| ... }"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  if (values.type == Type::range) return unfit(site, values, "a list");
  Operand closure = value(*given->values[0]);
  std::optional<Items> items = items_of(site, values);
  if (closure.bad() || !items) return bad_operand(site.span);
  if (closure.type != Type::closure)
    return fail(given->values[0]->span, "`" + site.name + "` takes a closure",
                "this is " + with_article(closure.type), "write " + site.name + " {|x| ... }");
  if (items->empty()) return constant_operand(Value(!any), site.span);
  return reached(site.span, any, [&](Assembler::Label decided) {
    size_t errors = errors_.size();
    for (const Operand& item : *items) {
      if (errors_.size() != errors) return;
      uint32_t mark = code_.registers(), blocks = code_.blocks();
      Assembler::Label next = code_.new_label();
      if (item.present) code_.jump(VM_OP_jz, *item.present, next);
      Operand plain = at_place(item, std::nullopt);
      Operand outcome = call_closure(closure, {plain}, plain);
      if (outcome.type == Type::boolean)
        branch_if(outcome, any, decided);
      else if (!outcome.bad() && !outcome.never)
        fail(given->values[0]->span, "the closure of `" + site.name + "` must give a bool",
             "this one gives " + with_article(outcome.type), "end it with a comparison");
      code_.bind(next);
      code_.release_registers(mark);
      code_.release_blocks(blocks);
    }
  });
}

Operand Lowering::any(const CallSite& site, const Operand* input) {
  return any_or_all(site, input, true);
}

Operand Lowering::all(const CallSite& site, const Operand* input) {
  return any_or_all(site, input, false);
}

// Whether there is something to go on from is known, or in the register `begun`.
Operand Lowering::accumulated(
    const Items& items, std::optional<Operand> start, Span span,
    const std::function<Operand(const Operand& item, const Operand& so_far)>& step) {
  std::optional<uint8_t> begun;
  bool is_begun = start.has_value();
  if (!is_begun && !items.empty() && items.front().present) {
    begun = code_.take_registers(1);
    code_.emit_imm(VM_OP_ldi, *begun, 0);
  }
  uint32_t mark = code_.registers();
  Operand so_far = start ? *start : null(span);
  for (const Operand& item : items) {
    Operand plain = at_place(item, std::nullopt);
    if (!is_begun && !item.present && !begun) {
      so_far = plain;
      is_begun = true;
      continue;
    }
    if (is_begun && !item.present) {
      so_far = step(plain, so_far);
    } else {
      Operand before = is_begun ? so_far : other_than_null(so_far);
      so_far = joined(span, [&](Join& join) {
        Assembler::Label absent = code_.new_label(), later = code_.new_label();
        if (item.present) code_.jump(VM_OP_jz, *item.present, absent);
        if (!is_begun) {
          code_.jump(VM_OP_jnz, *begun, later);
          join.take(plain);
        }
        code_.bind(later);
        if (is_begun || before.type != Type::null) join.take(step(plain, before));
        code_.bind(absent);
        if (item.present) join.take(before);
      });
      if (!is_begun && item.present) code_.emit(VM_OP_bor, *begun, *begun, *item.present);
      is_begun |= !item.present;
    }
    if (so_far.bad() || so_far.never) return so_far;
    so_far = settled(std::move(so_far), mark);
  }
  if (is_begun) return so_far;
  // Nothing was there: Nushell raises an error.
  Assembler::Label good = code_.new_label();
  if (begun) code_.jump(VM_OP_jnz, *begun, good);
  code_.emit_imm(VM_OP_trap, 0, VM_FAULT_no_item);
  code_.bind(good);
  return other_than_null(std::move(so_far));
}

Operand Lowering::reduce(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {1, 1, {{"--fold", "-f", true}}, "write $list | reduce {|it, acc| ... }"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  std::optional<Operand> start;
  if (given->has("--fold")) start = value(*given->flags["--fold"]);
  Operand closure = value(*given->values[0]);
  std::optional<Items> items = items_of(site, values);
  if (!items || closure.bad() || (start && start->bad())) return bad_operand(site.span);
  if (closure.type != Type::closure)
    return fail(given->values[0]->span, "`reduce` takes a closure",
                "this is " + with_article(closure.type), "write reduce {|it, acc| ... }");
  if (items->empty() && !start)
    return fail(values.span, "`reduce` needs something to begin with", "an empty list",
                "give a first value: reduce --fold 0 {|it, acc| ... }");
  return accumulated(*items, std::move(start), site.span,
                     [&](const Operand& item, const Operand& so_far) {
                       return call_closure(closure, {item, so_far}, so_far);
                     });
}

}  // namespace bytecode
