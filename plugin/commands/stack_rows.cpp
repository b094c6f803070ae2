#include "plugin/commands/stack_rows.hpp"

#include <algorithm>
#include <array>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

using pictures::FlameTree;
using pictures::Origin;
using pictures::Unit;

constexpr const char* no_stack = "[no stack]";

// Numbers that are no counts, however lonely their column is.
constexpr std::array numbers_of_things = {"pid", "tid", "ppid", "uid",   "gid",   "cpu", "cgroup",
                                          "id",  "fd",  "time", "index", "probe", "low", "high"};

// "List" as Nushell's user knows it: "list".
std::string lower(std::string_view kind) {
  std::string text(kind);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

StackRows::StackRows(StackChoice choice, Span pipe) : choice_(std::move(choice)), pipe_(pipe) {}

uint32_t StackRows::word(std::string_view text) {
  const auto [known, is_new] =
      words_.emplace(std::string(text), static_cast<uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(&known->first);
  return known->second;
}

// Tables have few columns, and rows name them in the same order: a look at each is fast enough.
uint32_t StackRows::column(std::string_view name) {
  if (const auto known = find(name)) return *known;
  Column column;
  column.name = name;
  column.by = std::any_of(choice_.by.begin(), choice_.by.end(),
                          [&](const auto& by) { return by.name == name; });
  columns_.push_back(std::move(column));
  return static_cast<uint32_t>(columns_.size() - 1);
}

std::optional<uint32_t> StackRows::find(std::string_view name) const {
  for (uint32_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].name == name) return i;
  return std::nullopt;
}

std::optional<LabeledError> StackRows::add(const Node& row) {
  const std::string_view kind = kind_of(row);
  const Node* body = row.tagged().payload;
  Span place = span_of(row);
  if (!place.is_place()) place = pipe_;
  if (kind == "Error" && body && body->find("error")) return read_error(*body->find("error"));
  const size_t before = cells_.size();
  const bool bare = kind == "List";
  if (bare) {
    add_cell(column("stack"), row);
    if (cells_[before].kind != Kind::stack)
      return error_at(place, "a stack is a list of strings, the leaf first", "holds something else",
                      "pipe a table with a column of stacks, or bare lists of strings");
  } else {
    const Node* val = kind == "Record" && body ? body->find("val") : nullptr;
    const Node::Map* members = val ? val->get_if<Node::Map>() : nullptr;
    if (!members)
      return error_at(place, "bpf-flamegraph takes a table with a column of stacks",
                      "a row of it is a " + lower(kind),
                      "a stack is a list of strings, the leaf first: "
                      "[{stack: [read main], count: 2}] | bpf-flamegraph");
    for (const auto& [name, value] : *members) add_cell(column(name), value);
  }
  if (!rows_.empty() && bare != bare_)
    return error_at(place, "some rows are records and some are bare stacks",
                    bare ? "a bare stack" : "a record", "give each row the same columns");
  bare_ = bare;
  rows_.push_back(cells_.size());
  return std::nullopt;
}

bool StackRows::read_stack(const Node& value, Cell& cell) {
  const Node::Array* items = list_items(value);
  if (!items) return false;
  cell.number = static_cast<int64_t>(frames_.size());
  for (const Node& item : *items) {
    const Node* text = kind_of(item) == "String" ? item.tagged().payload->find("val") : nullptr;
    if (!text) {
      frames_.resize(static_cast<size_t>(cell.number));
      return false;
    }
    frames_.push_back(word(text->as_text()));
  }
  cell.length = static_cast<uint32_t>(items->size());
  return true;
}

void StackRows::add_cell(uint32_t index, const Node& value) {
  Column& column = columns_[index];
  Cell cell;
  cell.column = index;
  cell.place = span_of(value);
  const std::string_view kind = kind_of(value);
  if (kind == "Nothing") {
    cell.kind = Kind::nothing;
  } else if (read_stack(value, cell)) {
    cell.kind = Kind::stack;
    ++column.stacks;
    if (cell.length > 0) ++column.full_stacks;
  } else {
    const auto read = kind == "List" ? std::nullopt : to_value(value);
    const auto amount = read ? pictures::amount_of(*read) : std::nullopt;
    cell.kind = amount ? Kind::amount : kind == "String" ? Kind::text : Kind::other;
    if (amount) cell.number = amount->number, cell.unit = amount->unit;
    ++(amount ? column.amounts : column.others);
  }
  if (cell.kind != Kind::nothing || column.kind.empty()) column.kind = lower(kind);
  if (column.by) {
    const auto read = to_value(value);
    cell.word = word(read ? pictures::label(*read) : std::string(kind));
  }
  cells_.push_back(cell);
}

bool StackRows::holds_stacks(const Column& column) const {
  return column.full_stacks > 0 && column.others == 0 && column.amounts == 0;
}

const StackRows::Cell* StackRows::cell(size_t row, uint32_t column) const {
  for (size_t i = row == 0 ? 0 : rows_[row - 1]; i < rows_[row]; ++i)
    if (cells_[i].column == column) return &cells_[i];
  return nullptr;
}

std::string StackRows::columns_hint() const {
  std::string hint;
  for (const Column& column : columns_)
    hint += (hint.empty() ? "the columns are " : ", ") + column.name + " (" + column.kind + ")";
  return hint.empty() ? "the rows have no columns" : hint;
}

Outcome<std::vector<uint32_t>> StackRows::stack_columns() const {
  if (!choice_.stack.name.empty()) {
    const auto chosen = find(choice_.stack.name);
    if (!chosen)
      return error_at(choice_.stack.place, "there is no column " + choice_.stack.name,
                      "not a column of the table", columns_hint());
    if (!holds_stacks(columns_[*chosen]))
      return error_at(choice_.stack.place, choice_.stack.name + " holds no stacks",
                      "holds a " + columns_[*chosen].kind, "a stack is a list of strings");
    return std::vector{*chosen};
  }
  const auto usable = [&](std::string_view name) {
    const auto found = find(name);
    return found && holds_stacks(columns_[*found]) ? found : std::nullopt;
  };
  // The kernel was called by the user's code, so its frames lie on top.
  const auto user = usable("ustack"), kernel = usable("kstack");
  if (user && kernel) return std::vector{*user, *kernel};
  for (const char* name : {"kstack", "ustack", "stack", "key"})
    if (const auto found = usable(name)) return std::vector{*found};
  for (uint32_t i = 0; i < columns_.size(); ++i)
    if (holds_stacks(columns_[i]) && !columns_[i].by) return std::vector{i};
  return error_at(pipe_, "the table has no column of stacks", "no list of strings in any column",
                  columns_hint() + "; a stack is a list of strings, the leaf first");
}

bool StackRows::may_count(uint32_t index) const {
  const Column& column = columns_[index];
  return column.amounts == rows_.size() && !column.by;
}

Outcome<std::optional<uint32_t>> StackRows::count_column() const {
  if (!choice_.count.name.empty()) {
    const auto chosen = find(choice_.count.name);
    if (!chosen)
      return error_at(choice_.count.place, "there is no column " + choice_.count.name,
                      "not a column of the table", columns_hint());
    if (columns_[*chosen].amounts == 0)
      return error_at(choice_.count.place, choice_.count.name + " holds no counts",
                      "holds a " + columns_[*chosen].kind,
                      "a count is an int, a duration or a filesize");
    return chosen;
  }
  for (const char* name : {"value", "count"})
    if (const auto found = find(name); found && columns_[*found].amounts > 0) return found;
  std::optional<uint32_t> only;
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    const bool thing = std::any_of(numbers_of_things.begin(), numbers_of_things.end(),
                                   [&](const char* name) { return columns_[i].name == name; });
    if (thing || !may_count(i)) continue;
    if (only) return std::optional<uint32_t>();
    only = i;
  }
  return only;
}

Outcome<StackRows::Plan> StackRows::plan() const {
  if (rows_.empty())
    return error_at(pipe_, "there are no stacks to draw", "the table is empty",
                    "nothing was sampled, or a filter before let nothing through");
  Plan plan;
  auto stacks = stack_columns();
  if (!stacks) return stacks.error();
  plan.stacks = std::move(*stacks);
  auto count = count_column();
  if (!count) return count.error();
  plan.count = *count;
  for (const StackChoice::Column& by : choice_.by) {
    const auto found = find(by.name);
    if (!found)
      return error_at(by.place, "there is no column " + by.name, "not a column of the table",
                      columns_hint());
    plan.by.push_back(*found);
  }
  return plan;
}

Outcome<int64_t> StackRows::count(size_t row, uint32_t column, std::optional<Unit>& unit) const {
  const Cell* found = cell(row, column);
  const Span place = found && found->place.is_place() ? found->place : pipe_;
  const std::string& name = columns_[column].name;
  const std::string hint = "a count is an int, a duration or a filesize from 0 up";
  if (!found || found->kind != Kind::amount)
    return error_at(place, "row " + std::to_string(row) + " has no count in column " + name,
                    found && found->kind != Kind::nothing ? "not a count" : "no value", hint);
  if (found->number < 0)
    return error_at(place, "a count is below zero", "in row " + std::to_string(row), hint);
  if (unit && *unit != found->unit)
    return error_at(place, "the counts are of several types", "another type than those before",
                    hint);
  unit = found->unit;
  return found->number;
}

Outcome<StackTree> StackRows::tree() const {
  auto plan = this->plan();
  if (!plan) return plan.error();
  StackTree out;
  if (const auto wrong = fill(*plan, out)) return *wrong;
  if (out.tree.root().total == 0)
    return error_at(pipe_, "every count is 0", "nothing to draw", "nothing has been counted yet");
  return out;
}

// By the column's name, else by what its frames say of themselves: one that is surely the kernel's
// speaks for all, unless another is surely the user's.
Origin StackRows::column_origin(uint32_t column) const {
  if (columns_[column].name == "kstack") return Origin::kernel;
  if (columns_[column].name == "ustack") return Origin::user;
  std::vector<bool> seen(texts_.size());
  bool kernel = false, user = false;
  for (const Cell& cell : cells_) {
    if (cell.column != column || cell.kind != Kind::stack) continue;
    for (uint32_t i = 0; i < cell.length; ++i) {
      const uint32_t word = frames_[static_cast<size_t>(cell.number) + i];
      if (seen[word]) continue;
      seen[word] = true;
      const Origin origin = pictures::origin_of(*texts_[word]);
      kernel |= origin == Origin::kernel;
      user |= origin == Origin::user;
    }
  }
  return kernel && user ? Origin::unknown : kernel ? Origin::kernel : Origin::user;
}

std::optional<LabeledError> StackRows::fill(const Plan& plan, StackTree& out) const {
  FlameTree& tree = out.tree;
  // Each text is looked at once, not once a row.
  std::vector<std::vector<std::optional<FlameTree::Frame>>> known(plan.stacks.size());
  std::vector<Origin> origins;
  for (const uint32_t column : plan.stacks) origins.push_back(column_origin(column));
  for (auto& frames : known) frames.resize(texts_.size());
  const auto frame = [&](size_t stack, uint32_t word) {
    auto& entry = known[stack][word];
    if (!entry) {
      const std::string& text = *texts_[word];
      const Origin origin =
          origins[stack] == Origin::unknown ? pictures::origin_of(text) : origins[stack];
      entry = {tree.name(choice_.offsets ? text : pictures::function_of(text)), origin};
    }
    return *entry;
  };

  std::vector<FlameTree::Frame> path;
  std::optional<Unit> unit;
  for (size_t row = 0; row < rows_.size(); ++row) {
    int64_t times = 1;
    if (plan.count) {
      auto counted = count(row, *plan.count, unit);
      if (!counted) return counted.error();
      times = *counted;
    }
    path.clear();
    for (const uint32_t column : plan.by) {
      const Cell* group = cell(row, column);
      path.push_back({tree.name(group ? *texts_[group->word] : "null"), Origin::group});
    }
    bool empty = true;
    for (size_t stack = 0; stack < plan.stacks.size(); ++stack) {
      const Cell* found = cell(row, plan.stacks[stack]);
      if (!found || found->kind != Kind::stack) continue;
      for (uint32_t i = found->length; i > 0; --i)
        path.push_back(frame(stack, frames_[static_cast<size_t>(found->number) + i - 1]));
      empty = empty && found->length == 0;
    }
    if (empty) path.push_back({tree.name(no_stack), Origin::group});
    tree.add(path, times);
  }
  out.unit = unit.value_or(Unit::number);
  return std::nullopt;
}

}  // namespace plugin
