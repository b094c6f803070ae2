// Records with one thing changed: insert, update, upsert, and default; and what says something
// about a value or drops it.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

// A value of the same type, for what only the type matters to. Nothing where the type is known only
// when it runs.
std::optional<Value> example(const Operand& operand,
                             const std::function<Members(const Operand&)>& members_of) {
  if (operand.is_constant()) return operand.constant;
  if (operand.nullable || operand.home == Operand::Home::choice) return std::nullopt;
  if (is_number(operand.type) || operand.type == Type::boolean)
    return number_value(operand.type, 0);
  if (operand.type == Type::string) return Value("");
  if (operand.type == Type::floating) return Value(0.0);
  if (operand.type == Type::range) return Value(Range{});
  bool record = is_record(operand);
  if (!record && operand.type != Type::list) return std::nullopt;
  if (operand.home == Operand::Home::computed) return std::nullopt;
  Record fields;
  List items;
  for (const auto& [name, member] : members_of(operand)) {
    std::optional<Value> one = member.present ? std::nullopt : example(member, members_of);
    if (!one) return std::nullopt;
    fields.emplace_back(name, *one);
    items.push_back(std::move(*one));
  }
  return record ? Value(std::move(fields)) : Value(std::move(items));
}

}  // namespace

// `base` with the place at `path` changed. A closure gets the whole record, and the old value (of
// what is inserted, the record again) through the pipe.
Operand Lowering::changed(const Change& change, const Operand& root, const Operand& base,
                          std::span<const ast::Member> path) {
  if (base.bad()) return base;
  auto replacement = [&](const Operand& old) -> Operand {
    if (change.made_of_old) return change.made_of_old(old);
    if (change.replacement.type != Type::closure) return change.replacement;
    return call_closure(change.replacement, {root}, change.may_exist ? old : root);
  };
  if (path.empty()) return replacement(base);
  const ast::Member& step = path.front();
  const CallSite& site = change.site;
  if (base.home == Operand::Home::choice)
    return distributed(base, [&](const Operand& one) { return changed(change, root, one, path); });
  bool by_row = base.type == Type::list && is_row_number(step);
  if (base.type == Type::list && !by_row)
    return of_records(site, base,
                      [&](const Operand& row) { return changed(change, row, row, path); });
  bool is_last = path.size() == 1;
  if (by_row) {
    std::optional<Items> items = items_of(site, base);
    if (!items) return bad_operand(site.span);
    for (const Operand& item : *items)
      if (item.present)
        return fail(step.span, "the rows of this list are known only when it runs",
                    "by their numbers", "use where or each");
    size_t row = std::stoul(step.name);
    bool inserts = is_last && !change.may_exist;
    if (row > items->size() || (row == items->size() && !change.may_be_new))
      return fail(step.span, "no such item in the list",
                  "not one of its " + std::to_string(items->size()), "items count from 0");
    if (inserts || row == items->size())
      items->insert(items->begin() + static_cast<ptrdiff_t>(row), null(step.span));
    Operand& item = (*items)[row];
    item = changed(change, root, item, path.subspan(1));
    if (item.bad()) return item;
    return list_operand(std::move(*items), base.span);
  }
  bool is_new = base.type == Type::null && change.may_be_new;
  std::optional<Operand> record =
      is_new ? constant_operand(Value(Record{}), base.span) : record_of(site, base);
  if (!record) return bad_operand(site.span);
  Members members = members_of(*record);
  auto found = std::find_if(members.begin(), members.end(),
                            [&](const auto& one) { return one.first == step.name; });
  bool exists = found != members.end();
  if (exists && is_last && !change.may_exist)
    return fail(step.span, "there is a field `" + step.name + "` already", "it exists",
                "use update or upsert");
  if (!exists && !change.may_be_new) {
    if (step.optional) return *record;
    return member(*record, step, text(base.span));  // says that there is none
  }
  Operand before = exists ? found->second : null(step.span);
  Operand after = changed(change, root, before, path.subspan(1));
  if (after.bad()) return after;
  after.key_span = step.span;
  if (exists)
    found->second = std::move(after);
  else
    members.emplace_back(step.name, std::move(after));
  return record_operand(std::move(members), base.span);
}

Operand Lowering::change(const CallSite& site, const Operand* input, bool may_exist,
                         bool may_be_new) {
  std::optional<Arguments> given =
      arguments(site, {2, 2, {}, "write $record | " + site.name + " NAME VALUE"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  const ast::Expr* field[] = {given->values[0]};
  std::optional<std::vector<CellPath>> paths = cell_paths(field, false);
  Operand replacement = value(*given->values[1]);
  if (!paths || paths->empty() || replacement.bad()) return bad_operand(site.span);
  if (!is_record(base) && base.type != Type::list && base.home != Operand::Home::choice)
    return unfit(site, base, "a record");
  Change what{site, std::move(replacement), may_exist, may_be_new, {}};
  return changed(what, base, base, paths->front());
}

Operand Lowering::insert(const CallSite& site, const Operand* input) {
  return change(site, input, false, true);
}

Operand Lowering::update(const CallSite& site, const Operand* input) {
  return change(site, input, true, false);
}

Operand Lowering::upsert(const CallSite& site, const Operand* input) {
  return change(site, input, true, true);
}

Operand Lowering::unless_absent(const Operand& held,
                                const std::function<void(Assembler::Label absent)>& is_absent,
                                const std::function<Operand()>& otherwise, Span span) {
  return joined(span, [&](Join& join) {
    Assembler::Label absent = code_.new_label();
    uint32_t mark = code_.registers();
    is_absent(absent);
    code_.release_registers(mark);
    Operand there = held;
    there.nullable = false;
    join.take(std::move(there));
    code_.bind(absent);
    join.take(otherwise());
  });
}

// The value, or what stands for it where it is null.
Operand Lowering::or_default(const Operand& value, const std::function<Operand()>& otherwise,
                             Span span) {
  if (value.bad()) return value;
  if (value.type == Type::null) return otherwise();
  if (value.home == Operand::Home::choice)
    return distributed(value, [&](const Operand& one) { return or_default(one, otherwise, span); });
  if (!value.nullable) return value;
  Operand held = force(value);
  auto is_null = [&](Assembler::Label absent) {
    branch_on(compare_null(ast::Op::equal, held), true, absent);
  };
  return unless_absent(held, is_null, otherwise, span);
}

// `default X`, or `default X NAME...` for fields of a record.
Operand Lowering::default_value(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(
      site, {1, 64, {{"--empty", "-e", false}}, "write $x | default 0, or default 0 NAME"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  // An argument is computed whether it is needed or not; a closure only where it is called.
  const Operand other = kept(value(*given->values[0]));
  if (other.bad()) return other;
  auto otherwise = [&]() -> Operand {
    return other.type == Type::closure ? call_closure(other, {}, null(site.span)) : other;
  };
  auto replaced = [&](const Operand& old) -> Operand {
    bool is_text = old.type == Type::string && old.is_text();
    if (!given->has("--empty")) return or_default(old, otherwise, site.span);
    if (const std::string* text = old.text()) return text->empty() ? otherwise() : old;
    if (is_text) {
      Operand held = force(old);
      auto is_empty = [&](Assembler::Label absent) {
        Operand nothing = constant_operand(Value(""), site.span);
        branch_on(compare_strings(ast::Op::equal, held, nothing, code_.registers()), true, absent);
      };
      return unless_absent(held, is_empty, otherwise, site.span);
    }
    bool shaped = (old.type == Type::list || is_record(old)) && members_of(old).empty();
    return shaped ? otherwise() : or_default(old, otherwise, site.span);
  };
  if (given->values.size() == 1) return replaced(base);
  std::vector<const ast::Expr*> fields(given->values.begin() + 1, given->values.end());
  std::optional<std::vector<CellPath>> paths = cell_paths(fields, false);
  if (!paths) return bad_operand(site.span);
  return of_records(site, base, [&](const Operand& row) -> Operand {
    std::optional<Operand> record = record_of(site, row);
    if (!record) return bad_operand(site.span);
    Members members = members_of(*record);
    for (const CellPath& path : *paths) {
      const std::string& name = path.front().name;
      auto found = std::find_if(members.begin(), members.end(),
                                [&](const auto& one) { return one.first == name; });
      Operand old = found == members.end() ? null(path.front().span) : found->second;
      Operand filled = replaced(old);
      if (filled.bad()) return filled;
      if (found == members.end())
        members.emplace_back(name, std::move(filled));
      else
        found->second = std::move(filled);
    }
    return record_operand(std::move(members), row.span);
  });
}

Operand Lowering::describe(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $x | describe"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  auto named = [&](std::string_view name) {
    return constant_operand(Value(std::string(name)), site.span);
  };
  if (base.type == Type::closure) return named("closure");
  if (base.home == Operand::Home::choice)
    return distributed(base, [&](const Operand& one) { return describe(site, &one); });
  auto members = [&](const Operand& operand) { return members_of(operand); };
  if (std::optional<Value> value = example(base, members))
    return computed(bytecode::Function::describe, {constant_operand(*value, base.span)}, site.span);
  if (!is_scalar(base.type)) return computed(bytecode::Function::describe, {base}, site.span);
  Operand held = force(base);
  return joined(site.span, [&](Join& join) {
    Assembler::Label is_null = code_.new_label();
    uint32_t mark = code_.registers();
    branch_on(compare_null(ast::Op::equal, held), true, is_null);
    code_.release_registers(mark);
    join.take(named(type_name(held.type)));
    code_.bind(is_null);
    join.take(named("nothing"));
  });
}

Operand Lowering::ignore(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $x | ignore"});
  Operand dropped = input_of(site, input);
  return given && !dropped.bad() ? null(site.span) : bad_operand(site.span);
}

}  // namespace bytecode
