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

}  // namespace bytecode::functions
