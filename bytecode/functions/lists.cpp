// Lists and records as wholes: their parts, their order, whether there is anything.
#include <algorithm>
#include <limits>
#include <optional>

#include "bytecode/functions/family.hpp"
#include "bytecode/functions/unicode.hpp"
#include "bytecode/functions/value_text.hpp"

namespace bytecode::functions {
namespace {

// `first` and `last`: one value without a number, else that many.
struct Portion {
  std::optional<size_t> count;
  bool from_end;

  template <typename Items>
  Items take(const Items& items) const {
    const size_t n = std::min(*count, items.size());
    const auto begin = from_end ? items.end() - static_cast<std::ptrdiff_t>(n) : items.begin();
    return Items(begin, begin + static_cast<std::ptrdiff_t>(n));
  }

  Answer of(const List& list) const {
    if (count) return Value(take(list));
    if (list.empty()) return Value();
    return from_end ? list.back() : list.front();
  }

  Answer of(const Binary& binary) const {
    if (count) return Value(Binary{take(binary.bytes)});
    if (binary.bytes.empty()) return Value();
    return Value(static_cast<int64_t>(from_end ? binary.bytes.back() : binary.bytes.front()));
  }

  Answer of(const Range& range) const {
    const std::optional<uint64_t> all = count_of(range);
    if (!all && from_end) return std::nullopt;
    const uint64_t size = all.value_or(std::numeric_limits<uint64_t>::max());
    const uint64_t n = std::min<uint64_t>(count.value_or(1), size);
    if (n > kMostRangeValues) return std::nullopt;
    List list = values_of(range, from_end ? size - n : 0, n);
    if (count) return Value(std::move(list));
    return list.empty() ? Value() : list.front();
  }
};

// `skip` and `drop`: what `first` and `last` of as many would leave.
Answer rest(Args args, bool from_end) {
  const Value& input = argument(args, 0);
  const std::optional<int64_t> count = is_given(args, 1) ? integer(args, 1) : 1;
  if (!count || *count < 0) return std::nullopt;
  const auto left = [&](const auto& items) {
    return Portion{items.size() - std::min<size_t>(*count, items.size()), !from_end}.take(items);
  };
  if (const List* list = input.get_if<List>()) return Value(left(*list));
  if (const Binary* binary = input.get_if<Binary>()) return Value(Binary{left(binary->bytes)});
  return std::nullopt;
}

Answer portion(Args args, bool from_end) {
  const Value& input = argument(args, 0);
  if (input.is_null()) return Value();
  Portion portion{std::nullopt, from_end};
  if (is_given(args, 1)) {
    const std::optional<int64_t> count = integer(args, 1);
    if (!count || *count < 0) return std::nullopt;
    portion.count = static_cast<size_t>(*count);
  }
  if (const List* list = input.get_if<List>()) return portion.of(*list);
  if (const Binary* binary = input.get_if<Binary>()) return portion.of(*binary);
  if (const Range* range = input.get_if<Range>()) return portion.of(*range);
  return std::nullopt;
}

// The value with its strings in one case.
Value folded(const Value& value) {
  if (const std::string* string = value.get_if<std::string>()) return folded_case(*string);
  if (const List* list = value.get_if<List>()) {
    List out;
    for (const Value& item : *list) out.push_back(folded(item));
    return out;
  }
  if (const Record* record = value.get_if<Record>()) {
    Record out;
    for (const auto& [name, cell] : *record) out.emplace_back(name, folded(cell));
    return out;
  }
  return value;
}

// What two values share that `uniq` takes for one: their text, whatever their columns' order.
std::string identity(const Value& value) {
  const Record* record = value.get_if<Record>();
  if (!record) return nuon_text(value);
  Record sorted = *record;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return nuon_text(sorted);
}

bool is_empty_value(const Value& value) {
  if (const std::string* v = value.get_if<std::string>()) return v->empty();
  if (const List* v = value.get_if<List>()) return v->empty();
  if (const Record* v = value.get_if<Record>()) return v->empty();
  if (const Binary* v = value.get_if<Binary>()) return v->bytes.empty();
  return value.is_null();
}

// One step of a cell path into a record or a list.
Answer member(const Value& value, const Value& step, bool optional) {
  const Answer missing = optional ? Answer(Value()) : std::nullopt;
  if (value.is_null()) return Value();
  if (const int64_t* index = step.get_if<int64_t>()) {
    if (const Binary* binary = value.get_if<Binary>()) {
      if (*index < 0 || *index >= static_cast<int64_t>(binary->bytes.size())) return missing;
      return Value(static_cast<int64_t>(binary->bytes[static_cast<size_t>(*index)]));
    }
    const List* list = value.get_if<List>();
    if (!list || *index < 0) return std::nullopt;
    return *index < static_cast<int64_t>(list->size()) ? (*list)[static_cast<size_t>(*index)]
                                                       : missing;
  }
  const std::string* name = step.get_if<std::string>();
  if (!name) return std::nullopt;
  if (const List* rows = value.get_if<List>()) {
    List column;
    for (const Value& row : *rows) {
      Answer cell = member(row, step, optional);
      if (!cell) return std::nullopt;
      column.push_back(std::move(*cell));
    }
    return Value(std::move(column));
  }
  const Record* record = value.get_if<Record>();
  if (!record) return std::nullopt;
  for (const auto& [key, cell] : *record) {
    if (key == *name) return cell;
  }
  return missing;
}

}  // namespace

Answer get(Args args) {
  if (!is_given(args, 1)) return Value();
  const Value& path = argument(args, 1);
  const List* steps = path.get_if<List>();
  const bool optional = flag(args, 2);
  if (!steps) return member(argument(args, 0), path, optional);
  Answer value = argument(args, 0);
  for (const Value& step : *steps) {
    value = member(*value, step, optional);
    if (!value) return std::nullopt;
  }
  return value;
}

Answer length(Args args) {
  const Value& input = argument(args, 0);
  if (input.is_null()) return Value(0);
  if (const List* v = input.get_if<List>()) return Value(static_cast<int64_t>(v->size()));
  if (const Binary* v = input.get_if<Binary>()) return Value(static_cast<int64_t>(v->bytes.size()));
  return std::nullopt;
}

Answer first(Args args) { return portion(args, false); }
Answer last(Args args) { return portion(args, true); }
Answer skip(Args args) { return rest(args, false); }
Answer drop(Args args) { return rest(args, true); }

Answer reverse(Args args) {
  if (!is_given(args, 0)) return Value();
  const List* list = argument(args, 0).get_if<List>();
  return list ? Answer(Value(List(list->rbegin(), list->rend()))) : std::nullopt;
}

Answer sort(Args args) {
  const Value& input = argument(args, 0);
  if (input.is_null()) return Value();
  const bool down = flag(args, 1), ignore_case = flag(args, 2);
  const auto before = [&](const Value& a, const Value& b) {
    const std::optional<int> ordered = ignore_case ? order(folded(a), folded(b)) : order(a, b);
    return ordered.value_or(0) < 0;
  };
  if (const List* list = input.get_if<List>()) {
    List sorted = *list;
    std::stable_sort(sorted.begin(), sorted.end(), before);
    if (down) std::reverse(sorted.begin(), sorted.end());
    return Value(std::move(sorted));
  }
  const Record* record = input.get_if<Record>();
  if (!record) return std::nullopt;
  Record sorted = *record;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return before(a.first, b.first); });
  if (down) std::reverse(sorted.begin(), sorted.end());
  return Value(std::move(sorted));
}

Answer uniq(Args args) {
  if (!is_given(args, 0)) return Value();
  const List* list = argument(args, 0).get_if<List>();
  if (!list) return std::nullopt;
  struct Group {
    std::string identity;
    Value first;
    int64_t count;
  };
  std::vector<Group> groups;
  for (const Value& value : *list) {
    std::string key = identity(flag(args, 3) ? folded(value) : value);
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const Group& g) { return g.identity == key; });
    if (group == groups.end()) {
      groups.push_back({std::move(key), value, 1});
    } else {
      ++group->count;
    }
  }
  List out;
  for (const Group& group : groups) {
    if (flag(args, 2) && group.count == 1) continue;
    if (flag(args, 4) && group.count > 1) continue;
    if (flag(args, 1)) {
      out.push_back(Record{{"value", group.first}, {"count", group.count}});
    } else {
      out.push_back(group.first);
    }
  }
  return Value(std::move(out));
}

Answer is_empty(Args args) { return Value(is_empty_value(argument(args, 0))); }
Answer is_not_empty(Args args) { return Value(!is_empty_value(argument(args, 0))); }

Answer default_(Args args) {
  const Value& input = argument(args, 0);
  const bool replaced = flag(args, 2) ? is_empty_value(input) : input.is_null();
  return replaced ? argument(args, 1) : input;
}

}  // namespace bytecode::functions
