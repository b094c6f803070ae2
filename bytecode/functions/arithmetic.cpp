// Arithmetic on numbers of every kind. Nushell checks integers for overflow, and floats for nothing
// but a zero divisor; durations and filesizes are integers that remember their unit.
#include <cmath>
#include <limits>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

using Whole = std::optional<int64_t>;

Whole checked_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? Whole() : Whole(sum);
}

Whole checked_subtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? Whole() : Whole(difference);
}

Whole checked_multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? Whole() : Whole(product);
}

bool divides(int64_t a, int64_t b) {
  return b != 0 && !(a == std::numeric_limits<int64_t>::min() && b == -1);
}

Whole truncated_quotient(int64_t a, int64_t b) { return divides(a, b) ? Whole(a / b) : Whole(); }

Whole floor_quotient(int64_t a, int64_t b) {
  if (!divides(a, b)) return std::nullopt;
  const int64_t rest = a % b;
  return a / b - ((rest > 0 && b < 0) || (rest < 0 && b > 0) ? 1 : 0);
}

Whole floor_remainder(int64_t a, int64_t b) {
  if (!divides(a, b)) return std::nullopt;
  const int64_t rest = a % b;
  return (rest > 0 && b < 0) || (rest < 0 && b > 0) ? rest + b : rest;
}

std::optional<double> real_quotient(double a, double b) {
  return b != 0 ? std::optional(a / b) : std::nullopt;
}

std::optional<double> floor_real_quotient(double a, double b) {
  return b != 0 ? std::optional(std::floor(a / b)) : std::nullopt;
}

std::optional<double> real_remainder(double a, double b) {
  if (b == 0) return std::nullopt;
  const double rest = std::fmod(a, b);
  return (rest > 0 && b < 0) || (rest < 0 && b > 0) ? rest + b : rest;
}

// The nearest integer that fits, as Rust's `as` converts.
int64_t saturated(double v) {
  if (std::isnan(v)) return 0;
  if (v >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (v < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

Whole in_range(double v) { return v >= -0x1p63 && v <= 0x1p63 ? Whole(saturated(v)) : Whole(); }

template <typename T>
Answer as(Whole number) {
  return number ? Answer(Value(T{*number})) : std::nullopt;
}

template <>
Answer as<int64_t>(Whole number) {
  return number ? Answer(Value(*number)) : std::nullopt;
}

Answer real(std::optional<double> number) { return number ? Answer(Value(*number)) : std::nullopt; }

// Two operands of one operation, each seen as what it is asked for.
struct Operands {
  const Value& left;
  const Value& right;

  bool null() const { return left.is_null() || right.is_null(); }

  template <typename A, typename B>
  bool are() const {
    return left.get_if<A>() && right.get_if<B>();
  }

  // Both as floats where they are numbers without a unit, one of them at least a float.
  std::optional<std::pair<double, double>> reals() const {
    const std::optional<double> a = as_real(left), b = as_real(right);
    if (!a || !b || are<int64_t, int64_t>()) return std::nullopt;
    return std::pair(*a, *b);
  }

  static std::optional<double> as_real(const Value& value) {
    if (const double* v = value.get_if<double>()) return *v;
    if (const int64_t* v = value.get_if<int64_t>()) return static_cast<double>(*v);
    return std::nullopt;
  }
};

Operands operands(Args args) { return {argument(args, 0), argument(args, 1)}; }

int64_t number(const Value& value) {
  if (const int64_t* v = value.get_if<int64_t>()) return *v;
  if (const Duration* v = value.get_if<Duration>()) return v->nanoseconds;
  if (const Filesize* v = value.get_if<Filesize>()) return v->bytes;
  if (const Date* v = value.get_if<Date>()) return v->nanoseconds;
  return 0;
}

// `//` and `mod` differ in their result's type alone: a unit over its own is a number for `//`.
struct Division {
  Whole (*whole)(int64_t, int64_t);
  std::optional<double> (*real)(double, double);
  bool keeps_unit;
};

template <typename Unit>
Answer divide_unit(const Operands& o, const Division& division) {
  const int64_t a = number(o.left);
  if (o.are<Unit, Unit>()) {
    const Whole answer = division.whole(a, number(o.right));
    return division.keeps_unit ? as<Unit>(answer) : as<int64_t>(answer);
  }
  if (o.are<Unit, int64_t>()) return as<Unit>(division.whole(a, number(o.right)));
  if (const double* b = o.right.get_if<double>()) {
    const std::optional<double> answer = division.real(static_cast<double>(a), *b);
    return answer ? as<Unit>(in_range(*answer)) : std::nullopt;
  }
  return std::nullopt;
}

Answer divide_whole(Args args, const Division& division) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  if (o.are<int64_t, int64_t>()) {
    return as<int64_t>(division.whole(number(o.left), number(o.right)));
  }
  if (const auto reals = o.reals()) return real(division.real(reals->first, reals->second));
  if (o.left.get_if<Duration>()) return divide_unit<Duration>(o, division);
  if (o.left.get_if<Filesize>()) return divide_unit<Filesize>(o, division);
  return std::nullopt;
}

}  // namespace

Answer add(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  const Whole sum = checked_add(number(o.left), number(o.right));
  if (o.are<int64_t, int64_t>()) return as<int64_t>(sum);
  if (const auto reals = o.reals()) return Value(reals->first + reals->second);
  if (o.are<std::string, std::string>()) {
    return Value(*o.left.get_if<std::string>() + *o.right.get_if<std::string>());
  }
  if (o.are<Duration, Duration>()) return as<Duration>(sum);
  if (o.are<Filesize, Filesize>()) return as<Filesize>(sum);
  if (o.are<Date, Duration>() || o.are<Duration, Date>()) return as<Date>(sum);
  return std::nullopt;
}

Answer subtract(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  const Whole difference = checked_subtract(number(o.left), number(o.right));
  if (o.are<int64_t, int64_t>()) return as<int64_t>(difference);
  if (const auto reals = o.reals()) return Value(reals->first - reals->second);
  if (o.are<Duration, Duration>() || o.are<Date, Date>()) return as<Duration>(difference);
  if (o.are<Filesize, Filesize>()) return as<Filesize>(difference);
  if (o.are<Date, Duration>()) return as<Date>(difference);
  return std::nullopt;
}

Answer multiply(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  const Whole product = checked_multiply(number(o.left), number(o.right));
  if (o.are<int64_t, int64_t>()) return as<int64_t>(product);
  if (const auto reals = o.reals()) return Value(reals->first * reals->second);
  if (o.are<Duration, int64_t>() || o.are<int64_t, Duration>()) return as<Duration>(product);
  if (o.are<Filesize, int64_t>() || o.are<int64_t, Filesize>()) return as<Filesize>(product);
  const bool unit_first = o.right.get_if<double>() != nullptr;
  const double* factor = (unit_first ? o.right : o.left).get_if<double>();
  if (!factor) return std::nullopt;
  const Value& unit = unit_first ? o.left : o.right;
  const double real_product = static_cast<double>(number(unit)) * *factor;
  if (unit.get_if<Duration>()) return Value(Duration{saturated(real_product)});
  if (unit.get_if<Filesize>()) return as<Filesize>(in_range(std::round(real_product)));
  return std::nullopt;
}

Answer divide(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  if (o.are<int64_t, int64_t>() || o.are<Duration, Duration>() || o.are<Filesize, Filesize>()) {
    return real(
        real_quotient(static_cast<double>(number(o.left)), static_cast<double>(number(o.right))));
  }
  return divide_whole(args, {truncated_quotient, real_quotient, false});
}

Answer floor_divide(Args args) {
  return divide_whole(args, {floor_quotient, floor_real_quotient, false});
}

Answer modulo(Args args) { return divide_whole(args, {floor_remainder, real_remainder, true}); }

Answer power(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  if (const auto reals = o.reals()) return Value(std::pow(reals->first, reals->second));
  if (!o.are<int64_t, int64_t>() || number(o.right) < 0) return std::nullopt;
  // Nushell cuts the exponent to 32 bits.
  auto exponent = static_cast<uint32_t>(number(o.right));
  Whole answer = 1, square = number(o.left);
  while (exponent > 0) {
    if (exponent & 1) {
      if (!square) return std::nullopt;
      answer = checked_multiply(*answer, *square);
      if (!answer) return std::nullopt;
    }
    exponent >>= 1;
    if (exponent > 0 && square) square = checked_multiply(*square, *square);
  }
  return Value(*answer);
}

Answer concatenate(Args args) {
  const Operands o = operands(args);
  if (o.null()) return Value();
  if (o.are<std::string, std::string>()) {
    return Value(*o.left.get_if<std::string>() + *o.right.get_if<std::string>());
  }
  if (o.are<List, List>()) {
    List joined = *o.left.get_if<List>();
    const List& tail = *o.right.get_if<List>();
    joined.insert(joined.end(), tail.begin(), tail.end());
    return Value(std::move(joined));
  }
  if (o.are<Binary, Binary>()) {
    Binary joined = *o.left.get_if<Binary>();
    const Binary& tail = *o.right.get_if<Binary>();
    joined.bytes.insert(joined.bytes.end(), tail.bytes.begin(), tail.bytes.end());
    return Value(std::move(joined));
  }
  return std::nullopt;
}

}  // namespace bytecode::functions
