// The buckets of a histogram: what its flags say, and the bucket of a number.

#include <limits>

#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

constexpr int64_t default_buckets = 20;  // of a linear histogram without a step
constexpr int64_t max_bits = 10;         // 1,024 buckets for each power of two

}  // namespace

// A number that is known while compiling; an int, a duration or a filesize.
std::optional<int64_t> Lowering::constant_number(const ast::Expr& expr, std::string_view flag) {
  Operand given = value(expr);
  if (given.bad()) return std::nullopt;
  if (const int64_t* number = given.integer(); number && is_number(given.type)) return *number;
  fail(given.span, "`" + std::string(flag) + "` takes a number that is known beforehand",
       given.is_constant() ? "this is " + with_article(given.type) : "known only when it runs",
       "write " + std::string(flag) + " 10");
  return std::nullopt;
}

std::optional<Buckets> Lowering::buckets_of(const CallSite& site, const Arguments& given) {
  Buckets buckets;
  if (given.has("--bits")) {
    if (given.has("--linear")) {
      fail(given.flag_spans.at("--bits"), "`--bits` cuts powers of two", "with --linear",
           "take one of them");
      return std::nullopt;
    }
    std::optional<int64_t> bits = constant_number(*given.flags.at("--bits"), "--bits");
    if (!bits) return std::nullopt;
    if (*bits < 0 || *bits > max_bits) {
      fail(given.flags.at("--bits")->span, "`--bits` is 0 to " + std::to_string(max_bits),
           "out of range", "each more doubles the number of buckets: --bits 2");
      return std::nullopt;
    }
    buckets.bits = static_cast<uint8_t>(*bits);
  }
  if (!given.has("--linear")) {
    if (!given.has("--step")) return buckets;
    fail(given.flag_spans.at("--step"), "`--step` is of linear buckets", "without --linear",
         "write hist --linear 0..100 --step 10");
    return std::nullopt;
  }
  const ast::Expr& range_expr = *given.flags.at("--linear");
  Operand range = value(range_expr);
  if (range.bad()) return std::nullopt;
  auto known = [&](const std::optional<Operand>& end) {
    const int64_t* number = end ? end->integer() : nullptr;
    return number ? std::optional(*number) : std::nullopt;
  };
  std::optional<int64_t> from, to;
  if (range.type == Type::range) {
    Bounds bounds = bounds_of(range);
    from = known(bounds.from);
    to = known(bounds.to);
    if (bounds.next) from.reset();
  }
  if (!from || !to) {
    fail(range_expr.span, "`--linear` takes a range that is known beforehand",
         range.type == Type::range ? "not a plain range of two numbers"
                                   : "this is " + with_article(range.type),
         "write " + site.name + " --linear 0..100 --step 10");
    return std::nullopt;
  }
  int64_t width = 0;
  if (*from >= *to || __builtin_sub_overflow(*to, *from, &width)) {
    fail(range_expr.span, "`--linear` takes a range that goes up", "no numbers between its ends",
         "write " + site.name + " --linear 0..100 --step 10");
    return std::nullopt;
  }
  buckets.is_linear = true;
  buckets.from = *from;
  buckets.to = *to;
  buckets.step = (width - 1) / default_buckets + 1;
  if (given.has("--step")) {
    std::optional<int64_t> step = constant_number(*given.flags.at("--step"), "--step");
    if (!step) return std::nullopt;
    if (*step <= 0) {
      fail(given.flags.at("--step")->span, "`--step` is above 0", "how wide a bucket is",
           "write --step 10");
      return std::nullopt;
    }
    buckets.step = *step;
  }
  return buckets;
}

// A register with the bucket of the number in another one.
uint8_t Lowering::bucket_register(const Buckets& buckets, uint8_t number) {
  uint8_t bucket = code_.take_registers(1);
  if (!buckets.is_linear) {
    code_.emit(VM_OP_log2, bucket, number, 0, buckets.bits);
    return bucket;
  }
  // The number's bucket from the first one on, unless it lies below or above all of them.
  uint32_t mark = code_.registers();
  uint8_t end = code_.take_registers(1), is_outside = code_.take_registers(1);
  Assembler::Label done = code_.new_label(), above = code_.new_label();
  code_.load(bucket, std::numeric_limits<int64_t>::min());
  code_.load(end, buckets.from);
  code_.emit(VM_OP_lt, is_outside, number, end);
  code_.jump(VM_OP_jnz, is_outside, done);
  code_.load(bucket, buckets.to);
  code_.emit(VM_OP_le, is_outside, bucket, number);
  code_.jump(VM_OP_jnz, is_outside, above);
  uint8_t step = is_outside;
  code_.load(step, buckets.step);
  code_.emit(VM_OP_sub, bucket, number, end);
  if (buckets.step > 1) {
    code_.emit(VM_OP_div, bucket, bucket, step);
    code_.emit(VM_OP_mul, bucket, bucket, step);
  }
  code_.emit(VM_OP_add, bucket, bucket, end);
  code_.bind(above);
  code_.bind(done);
  code_.release_registers(mark);
  return bucket;
}

}  // namespace bytecode
