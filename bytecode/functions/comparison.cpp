// Comparisons, membership and logic.
#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

#include "bytecode/functions/family.hpp"
#include "bytecode/functions/value_text.hpp"
#include "bytecode/parser/literal_pattern.hpp"

namespace bytecode::functions {
namespace {

int three_way(auto left, auto right) { return left < right ? -1 : (right < left ? 1 : 0); }

// Floats that differ by rounding alone are equal to Nushell.
std::optional<int> order_reals(double left, double right) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double scale = std::max(std::fabs(left), std::fabs(right));
  if (std::fabs(right - left) <= std::max(kEpsilon, scale * kEpsilon)) return 0;
  if (std::isnan(left) || std::isnan(right)) return std::nullopt;
  return three_way(left, right);
}

// In which order values of different types follow each other.
int rank(const Value& value) {
  static constexpr int kRanks[] = {
      12,  // null
      0,   // bool
      1,   // int
      1,   // float
      2,   // string
      4,   // duration
      3,   // filesize
      5,   // date
      11,  // binary
      6,   // range
      8,   // list
      7,   // record
  };
  static_assert(std::size(kRanks) == std::variant_size_v<Value::Variant>);
  return kRanks[value.variant().index()];
}

std::optional<int> order_lists(const List& left, const List& right) {
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    const std::optional<int> one = order(left[i], right[i]);
    if (!one || *one != 0) return one;
  }
  return three_way(left.size(), right.size());
}

// By their columns sorted by name: first the names, then the values.
std::optional<int> order_records(Record left, Record right) {
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(left.begin(), left.end(), by_name);
  std::stable_sort(right.begin(), right.end(), by_name);
  const size_t common = std::min(left.size(), right.size());
  for (size_t i = 0; i < common; ++i) {
    if (left[i].first != right[i].first) return left[i].first < right[i].first ? -1 : 1;
  }
  for (size_t i = 0; i < common; ++i) {
    const std::optional<int> one = order(left[i].second, right[i].second);
    if (!one || *one != 0) return one;
  }
  return three_way(left.size(), right.size());
}

int order_ranges(const Range& left, const Range& right) {
  if (left.start != right.start) return three_way(left.start, right.start);
  if (left.step != right.step) return three_way(left.step, right.step);
  if (left.end != right.end) {
    if (!left.end || !right.end) return left.end ? -1 : 1;
    return three_way(*left.end, *right.end);
  }
  return three_way(left.inclusive, right.inclusive);
}

// An int compares with a filesize or a duration by its number: an extension of this project.
const int64_t* measure(const Value& value) {
  if (const Duration* v = value.get_if<Duration>()) return &v->nanoseconds;
  if (const Filesize* v = value.get_if<Filesize>()) return &v->bytes;
  return nullptr;
}

std::optional<int> order_by_number(const Value& left, const Value& right) {
  const int64_t* a = left.get_if<int64_t>();
  const int64_t* b = right.get_if<int64_t>();
  const int64_t* unit = measure(a ? right : left);
  if (!unit || (!a && !b)) return std::nullopt;
  return a ? three_way(*a, *unit) : three_way(*unit, *b);
}

bool equals(const Value& left, const Value& right) {
  if (const std::optional<int> by_number = order_by_number(left, right)) return *by_number == 0;
  return order(left, right) == 0;
}

bool both_numbers(const Value& left, const Value& right) {
  const auto is_number = [](const Value& v) { return v.get_if<int64_t>() || v.get_if<double>(); };
  return is_number(left) && is_number(right);
}

template <typename Holds>
Answer compare(Args args, Holds holds) {
  const Value& left = argument(args, 0);
  const Value& right = argument(args, 1);
  if (left.is_null() || right.is_null()) return Value();
  if (const std::optional<int> by_number = order_by_number(left, right)) {
    return Value(holds(*by_number));
  }
  if (!both_numbers(left, right) && type_text(left) != type_text(right)) return std::nullopt;
  const std::optional<int> ordered = order(left, right);
  return Value(ordered && holds(*ordered));
}

bool contains(const Range& range, const Value& value) {
  const int64_t* number = value.get_if<int64_t>();
  const double* real = value.get_if<double>();
  if (!number && !real) return false;
  const double v = number ? static_cast<double>(*number) : *real;
  const bool down = range.step < 0;
  const auto start = static_cast<double>(range.start);
  if (down ? v > start : v < start) return false;
  if (range.end) {
    const auto end = static_cast<double>(*range.end);
    if (down ? v < end : v > end) return false;
    if (!range.inclusive && v == end) return false;
  }
  if (number) {
    const auto unsigned_of = [](int64_t n) { return static_cast<uint64_t>(n); };
    const uint64_t distance = down ? unsigned_of(range.start) - unsigned_of(*number)
                                   : unsigned_of(*number) - unsigned_of(range.start);
    return distance % (down ? 0 - unsigned_of(range.step) : unsigned_of(range.step)) == 0;
  }
  return std::fmod(v - start, static_cast<double>(range.step)) == 0;
}

// What Nushell's regular expressions and std::regex read alike on ASCII text: anchors, classes,
// groups, alternatives and greedy repetition. Repeated groups and many repetitions are left out:
// std::regex tries every way, which may take for ever.
bool is_common_regex(std::string_view pattern) {
  constexpr std::string_view kEscapable = "\\.+*?()|[]{}^$#&-~/dDwWsSbB";
  int repetitions = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c < ' ' || c > '~' || c == '{' || c == '}') return false;
    if (c == '\\') {
      if (next == '\0' || kEscapable.find(next) == kEscapable.npos) return false;
      ++i;
    } else if (c == '(' && next == '?') {
      return false;
    } else if (c == '*' || c == '+' || c == '?') {
      if (std::string_view("*+?").find(next) != std::string_view::npos) return false;
      if (i == 0 || std::string_view("(|^").find(pattern[i - 1]) != std::string_view::npos) {
        return false;
      }
      if (c != '?' && (pattern[i - 1] == ')' || ++repetitions > 2)) return false;
    } else if (c == '[') {
      const size_t end = pattern.find(']', i + 1);
      if (end == pattern.npos) return false;
      const std::string_view set = pattern.substr(i + 1, end - i - 1);
      if (set.empty() || set == "^" || set.find_first_of("[\\&~") != set.npos) return false;
      i = end;
    }
  }
  return true;
}

bool is_ascii_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::optional<int> order(const Value& left, const Value& right) {
  if (rank(left) != rank(right)) return three_way(rank(left), rank(right));
  if (both_numbers(left, right)) {
    const int64_t* a = left.get_if<int64_t>();
    const int64_t* b = right.get_if<int64_t>();
    if (a && b) return three_way(*a, *b);
    return order_reals(a ? static_cast<double>(*a) : *left.get_if<double>(),
                       b ? static_cast<double>(*b) : *right.get_if<double>());
  }
  if (const bool* v = left.get_if<bool>()) return three_way(*v, *right.get_if<bool>());
  if (const std::string* v = left.get_if<std::string>()) {
    return three_way(v->compare(*right.get_if<std::string>()), 0);
  }
  if (const int64_t* v = measure(left)) return three_way(*v, *measure(right));
  if (const Date* v = left.get_if<Date>()) {
    return three_way(v->nanoseconds, right.get_if<Date>()->nanoseconds);
  }
  if (const Binary* v = left.get_if<Binary>()) {
    return three_way(v->bytes, right.get_if<Binary>()->bytes);
  }
  if (const Range* v = left.get_if<Range>()) return order_ranges(*v, *right.get_if<Range>());
  if (const List* v = left.get_if<List>()) return order_lists(*v, *right.get_if<List>());
  if (const Record* v = left.get_if<Record>()) return order_records(*v, *right.get_if<Record>());
  return 0;  // null
}

Answer equal(Args args) { return Value(equals(argument(args, 0), argument(args, 1))); }
Answer not_equal(Args args) { return Value(!equals(argument(args, 0), argument(args, 1))); }

Answer less(Args args) {
  return compare(args, [](int order) { return order < 0; });
}
Answer less_equal(Args args) {
  return compare(args, [](int order) { return order <= 0; });
}
Answer greater(Args args) {
  return compare(args, [](int order) { return order > 0; });
}
Answer greater_equal(Args args) {
  return compare(args, [](int order) { return order >= 0; });
}

Answer logical_not(Args args) {
  if (!is_given(args, 0)) return Value();
  const bool* value = argument(args, 0).get_if<bool>();
  return value ? Answer(Value(!*value)) : std::nullopt;
}

namespace {

// `and` and `or` do not look at the right side where the left one decides.
bool is_bool_or_null(Args args, size_t index) {
  return !is_given(args, index) || argument(args, index).get_if<bool>() != nullptr;
}

Answer decide(Args args, bool deciding) {
  const bool* left = argument(args, 0).get_if<bool>();
  const bool* right = argument(args, 1).get_if<bool>();
  if (left != nullptr && *left == deciding) return Value(deciding);
  if (left != nullptr && right != nullptr) return Value(*right);
  if (is_bool_or_null(args, 0) && is_bool_or_null(args, 1)) return Value();
  return std::nullopt;
}

}  // namespace

Answer logical_and(Args args) { return decide(args, false); }
Answer logical_or(Args args) { return decide(args, true); }

Answer logical_xor(Args args) {
  const bool* left = argument(args, 0).get_if<bool>();
  const bool* right = argument(args, 1).get_if<bool>();
  if (left != nullptr && right != nullptr) return Value(*left != *right);
  if (is_bool_or_null(args, 0) && is_bool_or_null(args, 1)) return Value();
  return std::nullopt;
}

Answer matches(Args args) {
  if (!is_given(args, 0) || !is_given(args, 1)) return Value();
  const std::string* subject = text(args, 0);
  const std::string* pattern = text(args, 1);
  if (!subject || !pattern) return std::nullopt;
  if (const std::optional<LiteralPattern> literal = literal_pattern(*pattern)) {
    if (literal->at_start && literal->at_end) return Value(*subject == literal->text);
    if (literal->at_start) return Value(subject->starts_with(literal->text));
    if (literal->at_end) return Value(subject->ends_with(literal->text));
    return Value(subject->find(literal->text) != std::string::npos);
  }
  // std::regex recurses for each character: a long text could end the process.
  if (!is_common_regex(*pattern) || !is_ascii_line(*subject) || subject->size() > 4096) {
    return std::nullopt;
  }
  try {
    return Value(std::regex_search(*subject, std::regex(*pattern)));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

Answer in(Args args) {
  const Value& item = argument(args, 0);
  const Value& whole = argument(args, 1);
  if (whole.is_null()) return Value();
  if (const Range* range = whole.get_if<Range>()) return Value(contains(*range, item));
  if (const List* list = whole.get_if<List>()) {
    return Value(std::any_of(list->begin(), list->end(),
                             [&](const Value& value) { return order(value, item) == 0; }));
  }
  if (!whole.get_if<std::string>() && !whole.get_if<Record>()) return std::nullopt;
  if (item.is_null()) return Value();
  const std::string* name = item.get_if<std::string>();
  if (!name) return std::nullopt;
  if (const std::string* string = whole.get_if<std::string>()) {
    return Value(string->find(*name) != std::string::npos);
  }
  const Record& record = *whole.get_if<Record>();
  return Value(std::any_of(record.begin(), record.end(),
                           [&](const auto& column) { return column.first == *name; }));
}

namespace {

Answer compare_texts(Args args, bool (*holds)(const std::string&, const std::string&)) {
  if (!is_given(args, 0) || !is_given(args, 1)) return Value();
  if (!text(args, 0) || !text(args, 1)) return std::nullopt;
  return Value(holds(*text(args, 0), *text(args, 1)));
}

}  // namespace

Answer starts_with(Args args) {
  return compare_texts(args,
                       [](const auto& whole, const auto& part) { return whole.starts_with(part); });
}

Answer ends_with(Args args) {
  return compare_texts(args,
                       [](const auto& whole, const auto& part) { return whole.ends_with(part); });
}

}  // namespace bytecode::functions
