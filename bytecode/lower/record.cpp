// Records: which fields, under which names, with which values. Everything here happens before the
// closure runs; only the values in the fields are the run's.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/parser/parser.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

std::string name_of(std::span<const ast::Member> path) {
  std::string name;
  for (const ast::Member& step : path) name += (name.empty() ? "" : ".") + step.name;
  return name;
}

std::vector<std::string> names_of(const Members& members) {
  std::vector<std::string> names;
  for (const auto& [name, member] : members) names.push_back(name);
  return names;
}

Members::iterator find(Members& members, std::string_view name) {
  return std::find_if(members.begin(), members.end(),
                      [&](const auto& member) { return member.first == name; });
}

}  // namespace

// The cell paths among a command's arguments: words, strings, row numbers, and constants of these.
std::optional<std::vector<Lowering::CellPath>> Lowering::cell_paths(
    std::span<const ast::Expr* const> args, bool optional) {
  std::vector<CellPath> paths;
  auto add = [&](const Value& value, Span span) {
    const auto* name = value.get_if<std::string>();
    const auto* number = value.get_if<int64_t>();
    if (name) paths.push_back({{*name, span, optional}});
    if (number && *number >= 0) paths.push_back({{std::to_string(*number), span, optional}});
    if (name || (number && *number >= 0)) return true;
    fail(span, "this names no field", "this is " + with_article(type_of(value)),
         number ? "items count from 0; the last is `last`" : "write the field's name");
    return false;
  };
  for (const ast::Expr* expr : args) {
    const auto* literal = std::get_if<ast::Literal>(&expr->node);
    if (literal && literal->bare) {
      std::optional<CellPath> path = parse_cell_path(text(expr->span), expr->span);
      if (path) {
        for (ast::Member& step : *path) step.optional |= optional;
        paths.push_back(std::move(*path));
        continue;
      }
    }
    const auto* spread = std::get_if<ast::Spread>(&expr->node);
    Operand given = value(spread ? *spread->value : *expr);
    if (given.bad()) return std::nullopt;
    if (spread && given.type == Type::list) {
      for (const auto& [name, one] : members_of(given))
        if (!one.is_constant() || !add(one.constant, expr->span)) return std::nullopt;
    } else if (!given.is_constant()) {
      fail(expr->span, "the fields must be known before the closure runs", "not a constant",
           "write the field's name; to choose when it runs use match");
      return std::nullopt;
    } else if (!add(given.constant, expr->span)) {
      return std::nullopt;
    }
  }
  return paths;
}

std::optional<Operand> Lowering::record_of(const CallSite& site, const Operand& input) {
  if (input.bad()) return std::nullopt;
  if (input.home == Operand::Home::computed || !is_record(input)) {
    unfit(site, input, "a record");
    return std::nullopt;
  }
  return record_operand(members_of(input), input.span);
}

Operand Lowering::of_records(const CallSite& site, const Operand& input,
                             const std::function<Operand(const Operand&)>& f) {
  if (input.type != Type::list) return f(input);
  std::optional<Items> items = items_of(site, input);
  return items ? mapped(*items, true, site.span, f) : bad_operand(site.span);
}

// What `get` finds. A row of a list whose items are known only when it runs may be missing then.
Operand Lowering::at_path(const CallSite& site, Operand base, std::span<const ast::Member> path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const ast::Member& step = path[i];
    const Span so_far = base.span;
    bool may_be_row = base.type == Type::list && base.home != Operand::Home::computed;
    if (base.bad() || !may_be_row || !is_row_number(step)) {
      base = follow(std::move(base), path.subspan(i, 1), so_far);
      continue;
    }
    std::optional<Items> items = items_of(site, base);
    if (!items) return bad_operand(site.span);
    if (std::all_of(items->begin(), items->end(),
                    [](const Operand& one) { return !one.present; })) {
      base = follow(std::move(base), path.subspan(i, 1), so_far);
      continue;
    }
    auto row = static_cast<int32_t>(std::stoul(step.name));
    if (!step.optional) {
      uint32_t mark = code_.registers();
      Assembler::Label good = code_.new_label();
      code_.branch(VM_OP_jgti, present_count(*items), row, good);
      code_.emit_imm(VM_OP_trap, 0, VM_FAULT_no_item);
      code_.bind(good);
      code_.release_registers(mark);
    }
    Operand number = constant_operand(Value(int64_t{row}), step.span);
    base = first_item(limited(*items, number, false, site.span), site.span);
    if (!step.optional) base = other_than_null(std::move(base));
  }
  return base;
}

std::optional<Lowering::Places> Lowering::places(const CallSite& site, const Operand* input,
                                                 std::string_view hint) {
  std::optional<Arguments> given = arguments(
      site,
      {1, 64, {{"--optional", "-o", false}, {"--ignore-errors", "-i", false}}, std::string(hint)});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return std::nullopt;
  bool optional = given->has("--optional") || given->has("--ignore-errors");
  std::optional<std::vector<CellPath>> paths = cell_paths(given->values, optional);
  if (!paths) return std::nullopt;
  return Places{std::move(base), std::move(*paths)};
}

Operand Lowering::get(const CallSite& site, const Operand* input) {
  std::optional<Places> given = places(site, input, "write $record | get NAME");
  if (!given) return bad_operand(site.span);
  const auto& [base, paths] = *given;
  if (paths.size() == 1) return at_path(site, base, paths.front());
  Items items;
  for (const CellPath& path : paths) {
    items.push_back(at_path(site, base, path));
    if (items.back().bad()) return items.back();
  }
  return list_operand(std::move(items), site.span);
}

Operand Lowering::selected(const Operand& record, std::span<const CellPath> paths, Span span) {
  Members members;
  for (const CellPath& path : paths) {
    std::string name = name_of(path);
    if (find(members, name) != members.end()) continue;
    Operand value = follow(record, path, record.span);
    if (value.bad()) return value;
    value.key_span = path.front().span;
    members.emplace_back(std::move(name), std::move(value));
  }
  return record_operand(std::move(members), span);
}

// The rows of a list that these numbers name, or all others.
Operand Lowering::selected_rows(const CallSite& site, const Operand& list,
                                std::span<const CellPath> paths, bool chosen) {
  std::optional<Items> items = items_of(site, list);
  if (!items) return bad_operand(site.span);
  for (const Operand& item : *items)
    if (item.present)
      return fail(site.name_span, "the rows of this list are known only when it runs",
                  "by their numbers", "use first, last, skip or where");
  std::vector<bool> named(items->size());
  for (const CellPath& path : paths) {
    size_t row = std::stoul(path.front().name);
    if (row < named.size()) named[row] = true;
  }
  Items left;
  for (size_t i = 0; i < items->size(); ++i)
    if (named[i] == chosen) left.push_back((*items)[i]);
  return list_operand(std::move(left), site.span);
}

Operand Lowering::select(const CallSite& site, const Operand* input) {
  std::optional<Places> given = places(site, input, "write $record | select NAME NAME");
  if (!given) return bad_operand(site.span);
  const auto& [base, paths] = *given;
  bool rows = std::all_of(paths.begin(), paths.end(),
                          [](const CellPath& path) { return is_row_number(path.front()); });
  if (rows && base.type == Type::list) return selected_rows(site, base, paths, true);
  return of_records(site, base, [&](const Operand& record) {
    bool is_fit = is_record(record) || record.home == Operand::Home::choice || record.bad();
    return is_fit ? selected(record, given->paths, site.span) : unfit(site, record, "a record");
  });
}

Operand Lowering::without(const CallSite& site, const Operand& base,
                          std::span<const ast::Member> path) {
  if (base.type == Type::list && !is_row_number(path.front()))
    return of_records(site, base, [&](const Operand& row) { return without(site, row, path); });
  if (base.type == Type::list) {
    CellPath row = {path.front()};
    std::vector<CellPath> rows = {row};
    return selected_rows(site, base, rows, false);
  }
  std::optional<Operand> record = record_of(site, base);
  if (!record) return bad_operand(site.span);
  Members members = members_of(*record);
  auto found = find(members, path.front().name);
  if (found == members.end()) {
    if (path.front().optional) return *record;
    return member(*record, path.front(), text(base.span));  // says that there is none
  }
  if (path.size() > 1)
    found->second = without(site, found->second, path.subspan(1));
  else
    members.erase(found);
  return record_operand(std::move(members), base.span);
}

Operand Lowering::reject(const CallSite& site, const Operand* input) {
  std::optional<Places> given = places(site, input, "write $record | reject NAME NAME");
  if (!given) return bad_operand(site.span);
  auto& [base, paths] = *given;
  bool rows = std::all_of(paths.begin(), paths.end(), [](const CellPath& path) {
    return path.size() == 1 && is_row_number(path.front());
  });
  if (rows && base.type == Type::list) return selected_rows(site, base, paths, false);
  for (const CellPath& path : paths) {
    if (base.bad()) return base;
    base = without(site, base, path);
  }
  return base;
}

// The pairs of `rename --column {old: new}`.
std::optional<std::vector<std::pair<std::string, std::string>>> Lowering::renamed_columns(
    const CallSite& site, const ast::Expr& given) {
  Operand names = value(given);
  std::vector<std::pair<std::string, std::string>> pairs;
  if (names.bad()) return std::nullopt;
  bool good = names.type == Type::record;
  for (const auto& [old, renamed] : members_of(names)) {
    good &= renamed.text() != nullptr;
    if (good) pairs.emplace_back(old, *renamed.text());
  }
  if (good) return pairs;
  fail(given.span, "`" + site.name + " --column` takes a record of names", "not old and new names",
       "write rename --column {old: new}");
  return std::nullopt;
}

Operand Lowering::rename(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {0,
                       64,
                       {{"--column", "-c", true}, {"--block", "-b", true}},
                       "write $record | rename NAME NAME, or rename --column {old: new}"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  std::vector<std::string> names;
  for (const ast::Expr* expr : given->values) {
    Operand name = value(*expr);
    if (name.bad()) return name;
    if (!name.text())
      return fail(expr->span, "this is not a name for a field", "not a constant string",
                  "write the new names in order");
    names.push_back(*name.text());
  }
  std::optional<std::vector<std::pair<std::string, std::string>>> pairs;
  if (given->has("--column")) {
    pairs = renamed_columns(site, *given->flags["--column"]);
    if (!pairs) return bad_operand(site.span);
  }
  Operand closure;
  if (given->has("--block")) closure = value(*given->flags["--block"]);
  return of_records(site, base, [&](const Operand& row) -> Operand {
    std::optional<Operand> record = record_of(site, row);
    if (!record || closure.bad()) return bad_operand(site.span);
    Members members = members_of(*record);
    if (pairs) {
      for (const auto& [old, renamed] : *pairs) {
        auto found = find(members, old);
        if (found == members.end()) return member(*record, {old, site.span, false}, text(row.span));
        found->first = renamed;
      }
    } else if (closure.type == Type::closure) {
      for (auto& [name, field] : members) {
        Operand old = constant_operand(Value(name), site.span);
        Operand renamed = call_closure(closure, {old}, old);
        if (renamed.bad()) return renamed;
        if (!renamed.text())
          return fail(given->flags["--block"]->span, "the closure must give a name",
                      "this one gives " + with_article(renamed.type), "end it with a string");
        name = *renamed.text();
      }
    } else {
      for (size_t i = 0; i < std::min(names.size(), members.size()); ++i)
        members[i].first = names[i];
    }
    return record_operand(std::move(members), row.span);
  });
}

Operand Lowering::merged(const CallSite& site, const Operand& left, const Operand& right) {
  std::optional<Operand> record = record_of(site, left), other = record_of(site, right);
  if (!record || !other) return bad_operand(site.span);
  Members members = members_of(*record);
  for (auto& [name, field] : members_of(*other)) {
    auto found = find(members, name);
    if (found == members.end())
      members.emplace_back(name, std::move(field));
    else
      found->second = std::move(field);
  }
  return record_operand(std::move(members), left.span);
}

Operand Lowering::merge(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {1, 1, {}, "write $record | merge {a: 1}"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  Operand other = value(*given->values[0]);
  if (other.bad() || base.type != Type::list || other.type != Type::list)
    return other.bad() ? other : merged(site, base, other);
  // Row by row; rows without a partner stay as they are.
  std::optional<Items> rows = items_of(site, base), others = items_of(site, other);
  if (!rows || !others) return bad_operand(site.span);
  for (size_t i = 0; i < rows->size(); ++i) {
    if (i >= others->size()) continue;
    if ((*rows)[i].present || (*others)[i].present)
      return fail(site.name_span, "the rows of these lists are known only when it runs",
                  "cannot be paired", "merge records one by one");
    (*rows)[i] = merged(site, (*rows)[i], (*others)[i]);
    if ((*rows)[i].bad()) return (*rows)[i];
  }
  for (size_t i = rows->size(); i < others->size(); ++i) rows->push_back((*others)[i]);
  return list_operand(std::move(*rows), site.span);
}

Operand Lowering::columns(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $record | columns"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  std::optional<Items> rows = base.type == Type::list ? items_of(site, base) : Items{base};
  if (!rows) return bad_operand(site.span);
  std::vector<std::string> names;
  for (const Operand& row : *rows) {
    std::optional<Operand> record = record_of(site, row);
    if (!record) return bad_operand(site.span);
    for (std::string& name : names_of(members_of(*record)))
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
  }
  return constant_operand(Value(List(names.begin(), names.end())), site.span);
}

Operand Lowering::values(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {0, 0, {}, "write $record | values"});
  Operand base = input_of(site, input);
  if (!given || base.bad()) return bad_operand(site.span);
  std::optional<Items> rows = base.type == Type::list ? items_of(site, base) : Items{base};
  if (!rows) return bad_operand(site.span);
  std::vector<std::pair<std::string, Items>> columns;
  for (const Operand& row : *rows) {
    std::optional<Operand> record = record_of(site, row);
    if (!record) return bad_operand(site.span);
    for (auto& [name, field] : members_of(*record)) {
      auto same = [&, &name = name](const auto& column) { return column.first == name; };
      auto found = std::find_if(columns.begin(), columns.end(), same);
      if (found == columns.end()) found = columns.insert(columns.end(), {name, {}});
      field.present = row.present;
      found->second.push_back(std::move(field));
    }
  }
  Items result;
  for (auto& [name, items] : columns)
    result.push_back(base.type == Type::list ? list_operand(std::move(items), site.span)
                                             : std::move(items.front()));
  return list_operand(std::move(result), site.span);
}

}  // namespace bytecode
