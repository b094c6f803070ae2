#include "bytecode/interp_numbers.hpp"

#include <algorithm>

namespace bytecode {

int64_t extend(uint64_t word, uint32_t size, bool is_signed) {
  if (size >= 8) return static_cast<int64_t>(word);
  const uint32_t unused = 64 - 8 * size;
  word <<= unused;
  return is_signed ? static_cast<int64_t>(word) >> unused : static_cast<int64_t>(word >> unused);
}

int64_t floor_div(int64_t b, int64_t c) {
  const int64_t quotient = b / c;
  return b % c != 0 && (b < 0) != (c < 0) ? quotient - 1 : quotient;
}

int64_t floor_mod(int64_t b, int64_t c) {
  const int64_t remainder = b % c;
  return remainder != 0 && (remainder < 0) != (c < 0) ? remainder + c : remainder;
}

bool power(int64_t base, int64_t exponent, int64_t& result) {
  result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return false;
    exponent >>= 1;
    if (exponent == 0) return true;
    // The square is a factor of the result, so that its overflow is the result's.
    if (__builtin_mul_overflow(base, base, &base)) return false;
  }
}

int64_t number_between(int64_t b, int64_t c, uint64_t bits) {
  const auto least = static_cast<uint64_t>(std::min(b, c));
  const uint64_t count = static_cast<uint64_t>(std::max(b, c)) - least + 1;  // 0 is 2^64
  return static_cast<int64_t>(least + (count == 0 ? bits : bits % count));
}

}  // namespace bytecode
