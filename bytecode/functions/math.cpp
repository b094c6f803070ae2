// The math commands: on a number or on each of a list, and those that make one value of a list.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

std::optional<double> real(const Value& value) {
  if (const double* v = value.get_if<double>()) return *v;
  if (const int64_t* v = value.get_if<int64_t>()) return static_cast<double>(*v);
  return std::nullopt;
}

template <typename Compute>
Answer each_real(Args args, Compute compute) {
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    const std::optional<double> number = real(value);
    return number ? compute(*number) : std::nullopt;
  });
}

// The nearest integer that fits.
int64_t whole(double v) {
  if (std::isnan(v)) return 0;
  if (v >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (v < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

template <typename Round>
Answer to_whole(Args args, Round round) {
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null() || value.get_if<int64_t>()) return value;
    const double* number = value.get_if<double>();
    return number ? Answer(Value(whole(round(*number)))) : std::nullopt;
  });
}

Answer of_angle(Args args, double (*compute)(double)) {
  const double scale = flag(args, 1) ? std::numbers::pi / 180 : 1;
  return each_real(args, [&](double v) -> Answer { return Value(compute(v * scale)); });
}

Answer to_angle(Args args, double (*compute)(double)) {
  const double scale = flag(args, 1) ? 180 / std::numbers::pi : 1;
  return each_real(args, [&](double v) -> Answer {
    const double angle = compute(v);
    return std::isnan(angle) && !std::isnan(v) ? std::nullopt : Answer(angle * scale);
  });
}

Answer of_real(Args args, double (*compute)(double)) {
  return each_real(args, [&](double v) -> Answer { return Value(compute(v)); });
}

bool is_measure(const Value& value) {
  return real(value) || value.get_if<Duration>() || value.get_if<Filesize>();
}

// The values of a list or a range; nothing of anything else and of none.
std::optional<List> values_in(const Value& input) {
  if (const List* list = input.get_if<List>()) {
    return list->empty() ? std::nullopt : std::optional(*list);
  }
  const Range* range = input.get_if<Range>();
  const std::optional<uint64_t> count = range ? count_of(*range) : std::nullopt;
  if (!count || *count == 0 || *count > kMostRangeValues) return std::nullopt;
  return values_of(*range, 0, *count);
}

// One value of all, taken in order.
Answer fold(const List& values, Answer (*combine)(Args)) {
  Value total = values.front();
  for (size_t i = 1; i < values.size(); ++i) {
    const std::array<Value, 2> pair{total, values[i]};
    Answer next = combine(pair);
    if (!next) return std::nullopt;
    total = std::move(*next);
  }
  return total;
}

Answer sum_of(const List& values) {
  if (!std::all_of(values.begin(), values.end(), is_measure)) return std::nullopt;
  return fold(values, add);
}

Answer average(const List& values) {
  const Answer sum = sum_of(values);
  if (!sum) return std::nullopt;
  const std::array<Value, 2> pair{*sum, static_cast<int64_t>(values.size())};
  return divide(pair);
}

// The number that a measure is in its smallest unit.
double in_smallest_unit(const Value& value) {
  if (const Duration* v = value.get_if<Duration>()) return static_cast<double>(v->nanoseconds);
  if (const Filesize* v = value.get_if<Filesize>()) return static_cast<double>(v->bytes);
  return real(value).value_or(0);
}

// Whether all are numbers, or all of one unit.
bool are_alike(const List& values) {
  return std::all_of(values.begin(), values.end(), [&](const Value& value) {
    const bool same = value.variant().index() == values.front().variant().index();
    return is_measure(value) && (same || (real(value) && real(values.front())));
  });
}

// `operate` of two values, one of which may have had no answer.
Answer combined(Answer (*operate)(Args), const Answer& left, const Answer& right) {
  if (!left || !right) return std::nullopt;
  const std::array<Value, 2> pair{*left, *right};
  return operate(pair);
}

// In the order of Nushell's operations, with their overflows and roundings: of numbers, the sum of
// the squares less the square of the sum by their number; of measures, the squares of the distances
// from the mean.
Answer variance_of(const List& values, bool of_sample) {
  if (!are_alike(values)) return std::nullopt;
  const auto count = static_cast<int64_t>(values.size());
  const Value divisor = count - (of_sample ? 1 : 0);
  if (!real(values.front())) {
    double mean = 0, squares = 0;
    for (const Value& value : values) mean += in_smallest_unit(value);
    mean /= static_cast<double>(count);
    for (const Value& value : values) squares += std::pow(in_smallest_unit(value) - mean, 2);
    return combined(divide, Value(squares), divisor);
  }
  Answer sum = Value(int64_t{0}), squares = Value(int64_t{0});
  for (const Value& value : values) {
    squares = combined(add, squares, combined(multiply, value, value));
    sum = combined(add, sum, value);
  }
  const Answer mean_square = combined(divide, combined(multiply, sum, sum), Value(count));
  return combined(divide, combined(subtract, squares, mean_square), divisor);
}

Answer extreme(Args args, int sign) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  if (!values) return std::nullopt;
  const Value* best = &values->front();
  for (const Value& value : *values) {
    const std::optional<int> ordered = order(value, *best);
    if (ordered && *ordered * sign > 0) best = &value;
  }
  return *best;
}

}  // namespace

Answer math_abs(Args args) {
  return each(argument(args, 0), [](const Value& value) -> Answer {
    constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();
    if (value.is_null()) return Value();
    if (const double* v = value.get_if<double>()) return Value(std::fabs(*v));
    if (const int64_t* v = value.get_if<int64_t>(); v && *v != kSmallest) {
      return Value(*v < 0 ? -*v : *v);
    }
    if (const Duration* v = value.get_if<Duration>(); v && v->nanoseconds != kSmallest) {
      return Value(Duration{v->nanoseconds < 0 ? -v->nanoseconds : v->nanoseconds});
    }
    if (const Filesize* v = value.get_if<Filesize>(); v && v->bytes != kSmallest) {
      return Value(Filesize{v->bytes < 0 ? -v->bytes : v->bytes});
    }
    return std::nullopt;
  });
}

Answer math_sqrt(Args args) {
  return each_real(args, [](double v) { return v < 0 ? std::nullopt : Answer(std::sqrt(v)); });
}

Answer math_log(Args args) {
  if (!is_given(args, 1)) return Value();
  const std::optional<double> base = real(argument(args, 1));
  if (!base || *base <= 0) return std::nullopt;
  return each_real(args, [&](double v) -> Answer {
    if (v <= 0) return std::nullopt;
    if (*base == 2) return Value(std::log2(v));
    if (*base == 10) return Value(std::log10(v));
    return Value(std::log(v) / std::log(*base));
  });
}

Answer math_ln(Args args) {
  return each_real(args, [](double v) { return v > 0 ? Answer(std::log(v)) : std::nullopt; });
}

Answer math_exp(Args args) {
  return each_real(args, [](double v) -> Answer { return Value(std::exp(v)); });
}

Answer math_round(Args args) {
  if (!is_given(args, 1)) return to_whole(args, [](double v) { return std::round(v); });
  const std::optional<int64_t> precision = integer(args, 1);
  if (!precision) return std::nullopt;
  const double scale = std::pow(10.0, static_cast<double>(*precision));
  return each_real(args, [&](double v) -> Answer { return Value(std::round(scale * v) / scale); });
}

Answer math_floor(Args args) {
  return to_whole(args, [](double v) { return std::floor(v); });
}
Answer math_ceil(Args args) {
  return to_whole(args, [](double v) { return std::ceil(v); });
}

Answer math_sin(Args args) { return of_angle(args, std::sin); }
Answer math_cos(Args args) { return of_angle(args, std::cos); }
Answer math_tan(Args args) { return of_angle(args, std::tan); }

Answer math_arcsin(Args args) { return to_angle(args, std::asin); }
Answer math_arccos(Args args) { return to_angle(args, std::acos); }
Answer math_arctan(Args args) { return to_angle(args, std::atan); }
Answer math_sinh(Args args) { return of_real(args, std::sinh); }
Answer math_cosh(Args args) { return of_real(args, std::cosh); }
Answer math_tanh(Args args) { return of_real(args, std::tanh); }

// Rounded once, for libraries differ in the last digit.
Answer math_cbrt(Args args) {
  return of_real(
      args, [](double v) { return static_cast<double>(std::cbrt(static_cast<long double>(v))); });
}

Answer math_arcsinh(Args args) {
  return of_real(
      args, [](double v) { return static_cast<double>(std::asinh(static_cast<long double>(v))); });
}

// These two by the formulas of Rust's library, to the last digit.
Answer math_arccosh(Args args) {
  return each_real(args, [](double v) -> Answer {
    if (v < 1) return std::nullopt;
    return Value(std::log(v + std::sqrt(v - 1) * std::sqrt(v + 1)));
  });
}

Answer math_arctanh(Args args) {
  return each_real(args, [](double v) -> Answer {
    if (std::fabs(v) > 1) return std::nullopt;
    const double size = std::fabs(v);
    return Value(std::copysign(0.5 * std::log1p(2 * size / (1 - size)), v));
  });
}

Answer math_min(Args args) { return extreme(args, -1); }
Answer math_max(Args args) { return extreme(args, 1); }

Answer math_sum(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  return values ? sum_of(*values) : std::nullopt;
}

Answer math_avg(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  return values ? average(*values) : std::nullopt;
}

Answer math_product(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  if (!values || !std::all_of(values->begin(), values->end(), real)) return std::nullopt;
  return fold(*values, multiply);
}

Answer math_median(Args args) {
  if (!is_given(args, 0)) return Value();
  std::optional<List> values = values_in(argument(args, 0));
  if (!values || !std::all_of(values->begin(), values->end(), is_measure)) return std::nullopt;
  std::stable_sort(values->begin(), values->end(),
                   [](const Value& a, const Value& b) { return order(a, b).value_or(0) < 0; });
  const size_t middle = values->size() / 2;
  if (values->size() % 2 == 1) return (*values)[middle];
  return average({(*values)[middle - 1], (*values)[middle]});
}

// The most frequent ones: 3 and 3.0 are two.
Answer math_mode(Args args) {
  if (!is_given(args, 0)) return Value();
  const List* values = argument(args, 0).get_if<List>();
  if (!values || !are_alike(*values)) return std::nullopt;
  std::vector<std::pair<Value, size_t>> counts;
  for (const Value& value : *values) {
    if (!order(value, values->front())) return std::nullopt;
    const auto found = std::find_if(counts.begin(), counts.end(),
                                    [&](const auto& one) { return one.first == value; });
    if (found == counts.end()) {
      counts.emplace_back(value, 1);
    } else {
      ++found->second;
    }
  }
  size_t most = 0;
  for (const auto& [value, count] : counts) most = std::max(most, count);
  List modes;
  for (auto& [value, count] : counts) {
    if (count == most) modes.push_back(std::move(value));
  }
  std::stable_sort(modes.begin(), modes.end(),
                   [](const Value& a, const Value& b) { return order(a, b).value_or(0) < 0; });
  return Value(std::move(modes));
}

Answer math_variance(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  return values ? variance_of(*values, flag(args, 1)) : std::nullopt;
}

Answer math_stddev(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::optional<List> values = values_in(argument(args, 0));
  const Answer variance = values ? variance_of(*values, flag(args, 1)) : std::nullopt;
  const std::optional<double> square = variance ? real(*variance) : std::nullopt;
  if (!square) return std::nullopt;
  const double deviation = std::sqrt(*square);
  const auto rounded = [&] { return whole(std::round(deviation)); };
  if (values->front().get_if<Duration>()) return Value(Duration{rounded()});
  if (values->front().get_if<Filesize>()) return Value(Filesize{rounded()});
  return Value(deviation);
}

}  // namespace bytecode::functions
