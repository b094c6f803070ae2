// Lists as sequences: how long, which items, in which order. Ranges where arithmetic says it.
//
// An item that may be missing when the closure runs is counted by its flag: `first 2` of such a
// list keeps each item that is there and has fewer than 2 before it.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

bool always_there(const Operand& item) { return !item.present; }

bool is_item_count(const Operand& count) {
  return count.type == Type::integer && count.home != Operand::Home::choice;
}

// The first numbers of a constant range that goes on for longer than a list may.
std::optional<Operand> beginning(const Operand& range, int64_t count, Span span) {
  const Range* numbers = range.constant.get_if<Range>();
  if (!numbers || count > 64) return std::nullopt;
  Range head = *numbers;
  List list;
  int64_t at = head.start;
  for (int64_t i = 0; i < count; ++i) {
    bool past = head.end && (head.step > 0 ? at > *head.end : at < *head.end);
    if (past || (head.end && at == *head.end && !head.inclusive)) break;
    list.emplace_back(at);
    if (__builtin_add_overflow(at, head.step, &at)) break;
  }
  return constant_operand(Value(std::move(list)), span);
}

}  // namespace

// A register with the number of items that are there.
uint8_t Lowering::present_count(const Items& items) {
  uint8_t count = code_.take_registers(1);
  auto known = std::count_if(items.begin(), items.end(), always_there);
  code_.load(count, known);
  for (const Operand& item : items)
    if (item.present) code_.emit(VM_OP_add, count, count, *item.present);
  return count;
}

Operand Lowering::length(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $list | length"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  if (values.type == Type::null) return constant_operand(Value(0), site.span);
  if (values.type == Type::string)
    return unfit(site, values, "a list", "for the bytes of a string: str length");
  if (is_record(values))
    return unfit(site, values, "a list", "for the number of fields: columns | length");
  if (values.type == Type::range) return unfit(site, values, "a list");
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  if (std::all_of(items->begin(), items->end(), always_there))
    return constant_operand(Value(static_cast<int64_t>(items->size())), site.span);
  Operand result;
  result.type = Type::integer;
  result.home = Operand::Home::reg;
  result.span = site.span;
  result.reg = present_count(*items);
  return result;
}

// The first of the items that are there, or null.
Operand Lowering::first_item(const Items& items, Span span) {
  if (items.empty()) return null(span);
  if (always_there(items.front())) return items.front();
  return joined(span, [&](Join& join) {
    for (Operand item : items) {
      if (always_there(item)) {
        join.take(std::move(item));
        return;
      }
      Assembler::Label next = code_.new_label();
      code_.jump(VM_OP_jz, *item.present, next);
      item.present.reset();
      join.take(std::move(item));
      code_.bind(next);
    }
    join.take(null(span));
  });
}

Lowering::Items Lowering::limited(const Items& items, const Operand& count, bool kept, Span span) {
  Items result;
  const int64_t* limit = count.integer();
  bool plain = std::all_of(items.begin(), items.end(), always_there);
  if (limit && plain) {
    size_t cut = static_cast<size_t>(std::min<int64_t>(*limit, static_cast<int64_t>(items.size())));
    auto middle = items.begin() + static_cast<ptrdiff_t>(cut);
    return kept ? Items(items.begin(), middle) : Items(middle, items.end());
  }
  SpanScope scope(code_, span);
  Operand wanted = force(count);
  if (!limit) {
    Assembler::Label good = code_.new_label();
    code_.branch(VM_OP_jgei, wanted.reg, 0, good);
    code_.emit_imm(VM_OP_trap, 0, VM_FAULT_no_item);
    code_.bind(good);
  }
  uint8_t before = code_.take_registers(1);
  code_.emit_imm(VM_OP_ldi, before, 0);
  for (size_t i = 0; i < items.size(); ++i) {
    Operand item = items[i];
    // Not more than i items are before this one.
    bool is_early = limit && static_cast<int64_t>(i) < *limit;
    if (!is_early || (limit && *limit == 0)) {
      uint8_t flag = code_.take_registers(1);
      if (kept)
        code_.emit(VM_OP_lt, flag, before, wanted.reg);
      else
        code_.emit(VM_OP_le, flag, wanted.reg, before);
      if (item.present) code_.emit(VM_OP_band, flag, flag, *item.present);
      Operand chosen = item;
      chosen.present = flag;
      result.push_back(std::move(chosen));
    } else if (kept) {
      result.push_back(item);
    }
    if (item.present)
      code_.emit(VM_OP_add, before, before, *item.present);
    else
      code_.emit(VM_OP_addi, before, before, 0, 1);
  }
  return result;
}

// The number behind `first`, `skip` and their like; nothing where it is none.
std::optional<Operand> Lowering::item_count(const CallSite& site, const Arguments& given) {
  if (given.values.empty()) return constant_operand(Value(1), site.span);
  Operand count = value(*given.values[0]);
  Span span = given.values[0]->span;
  if (count.bad()) return std::nullopt;
  if (!is_item_count(count)) {
    fail(span, "`" + site.name + "` takes a number of items", "this is " + with_article(count.type),
         "write " + site.name + " 3");
    return std::nullopt;
  }
  if (count.integer() && *count.integer() < 0) {
    fail(span, "a number of items cannot be negative", "below 0", "write " + site.name + " 3");
    return std::nullopt;
  }
  return count;
}

// The first or last number of a range, where it is one of its ends. No range is empty: what ends
// below its beginning goes down.
std::optional<Operand> Lowering::range_end(const Operand& range, bool last) {
  Bounds bounds = bounds_of(range);
  if (!last) return bounds.exclusive ? std::nullopt : std::optional(bounds.from);
  if (bounds.exclusive || bounds.next) return std::nullopt;
  return bounds.to;
}

Operand Lowering::first_or_last(const CallSite& site, const Operand* input, bool last) {
  std::optional<Arguments> given =
      arguments(site, {0, 1, {}, "write $list | " + site.name + " or " + site.name + " 3"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  std::optional<Operand> count = item_count(site, *given);
  if (!count) return bad_operand(site.span);
  if (values.type == Type::range && !last && count->integer()) {
    std::optional<Operand> head = beginning(values, *count->integer(), values.span);
    if (head) values = *head;
  }
  if (values.type == Type::range && given->values.empty())
    if (std::optional<Operand> end = range_end(values, last)) return *end;
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  if (last) std::reverse(items->begin(), items->end());
  if (given->values.empty()) return first_item(*items, site.span);
  Items chosen = limited(*items, *count, true, site.span);
  if (last) std::reverse(chosen.begin(), chosen.end());
  return list_operand(std::move(chosen), site.span);
}

Operand Lowering::first(const CallSite& site, const Operand* input) {
  return first_or_last(site, input, false);
}

Operand Lowering::last(const CallSite& site, const Operand* input) {
  return first_or_last(site, input, true);
}

Operand Lowering::take(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {1, 1, {}, "write $list | take 3"});
  return given ? first_or_last(site, input, false) : bad_operand(site.span);
}

Operand Lowering::skip(const CallSite& site, const Operand* input) {
  return rest_of(site, input, false);
}

Operand Lowering::drop(const CallSite& site, const Operand* input) {
  return rest_of(site, input, true);
}

// What `first` or `last` of as many items would leave.
Operand Lowering::rest_of(const CallSite& site, const Operand* input, bool from_end) {
  std::optional<Arguments> given = arguments(site, {0, 1, {}, "write $list | " + site.name + " 3"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  std::optional<Operand> count = item_count(site, *given);
  std::optional<Items> items = items_of(site, values);
  if (!items || !count) return bad_operand(site.span);
  if (from_end) std::reverse(items->begin(), items->end());
  Items left = limited(*items, *count, false, site.span);
  if (from_end) std::reverse(left.begin(), left.end());
  return list_operand(std::move(left), site.span);
}

Operand Lowering::emptiness(const CallSite& site, const Operand* input, bool empty) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $x | " + site.name});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  auto known = [&](bool is_empty) { return constant_operand(Value(is_empty == empty), site.span); };
  if (values.type == Type::null) return known(true);
  if (is_record(values)) return known(members_of(values).empty());
  ast::Op op = empty ? ast::Op::equal : ast::Op::not_equal;
  uint32_t mark = code_.registers();
  if (values.type == Type::string) {
    Test test = compare_strings(op, values, constant_operand(Value(""), site.span), mark);
    return value_of(test, site.span, mark);
  }
  if (values.type != Type::list) return value_of(compare_null(op, values), site.span, mark);
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  if (std::any_of(items->begin(), items->end(), always_there)) return known(false);
  if (items->empty()) return known(true);
  Test test{.kind = Test::Kind::truth, .reg = present_count(*items), .negated = empty};
  if (!empty) test = {.kind = Test::Kind::with_number, .op = op, .reg = test.reg, .number = 0};
  return value_of(test, site.span, mark);
}

Operand Lowering::is_empty(const CallSite& site, const Operand* input) {
  return emptiness(site, input, true);
}

Operand Lowering::is_not_empty(const CallSite& site, const Operand* input) {
  return emptiness(site, input, false);
}

// The items of the input with those of the arguments before or behind them. What is no list is one
// item, and null is none.
std::optional<Lowering::Items> Lowering::spliced(const CallSite& site, const Operand* input,
                                                 bool before) {
  std::optional<Arguments> given =
      arguments(site, {1, 64, {}, "write $list | " + site.name + " $item"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return std::nullopt;
  bool bad = false;
  auto items = [&](const Operand& one) -> Items {
    bad |= one.bad();
    if (one.type == Type::null || one.bad()) return {};
    bool several = one.type == Type::list || one.type == Type::range;
    if (!several || one.home == Operand::Home::computed) return {one};
    std::optional<Items> found = items_of(site, one);
    bad |= !found;
    return found ? *found : Items();
  };
  Items own = items(values), added;
  for (const ast::Expr* expr : given->values)
    for (Operand& one : items(value(*expr))) added.push_back(std::move(one));
  if (bad) return std::nullopt;
  Items& head = before ? added : own;
  Items& tail = before ? own : added;
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

Operand Lowering::append(const CallSite& site, const Operand* input) {
  std::optional<Items> items = spliced(site, input, false);
  return items ? list_operand(std::move(*items), site.span) : bad_operand(site.span);
}

Operand Lowering::prepend(const CallSite& site, const Operand* input) {
  std::optional<Items> items = spliced(site, input, true);
  return items ? list_operand(std::move(*items), site.span) : bad_operand(site.span);
}

Operand Lowering::reverse(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $list | reverse"});
  Operand values = input_of(site, input);
  if (!given || values.bad()) return bad_operand(site.span);
  if (values.type == Type::range) return unfit(site, values, "a list");
  std::optional<Items> items = items_of(site, values);
  if (!items) return bad_operand(site.span);
  std::reverse(items->begin(), items->end());
  return list_operand(std::move(*items), site.span);
}

}  // namespace bytecode
