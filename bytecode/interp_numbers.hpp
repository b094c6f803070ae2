// Arithmetic of the reference interpreter, where C++ has another meaning than Nushell or none.
#pragma once

#include <cstdint>

namespace bytecode {

// The value of the low `size` bytes of a little-endian word, as a register holds it.
int64_t extend(uint64_t word, uint32_t size, bool is_signed);

// The divisor is neither 0, nor -1 below the smallest integer.
int64_t floor_div(int64_t b, int64_t c);
int64_t floor_mod(int64_t b, int64_t c);

// False where the power does not fit.
bool power(int64_t base, int64_t exponent, int64_t& result);

// A number from the lesser to the greater of two, chosen by 64 random bits.
int64_t number_between(int64_t b, int64_t c, uint64_t bits);

}  // namespace bytecode
