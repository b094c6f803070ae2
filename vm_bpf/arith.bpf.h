/* Integers with Nushell's meaning. Each function leaves its result in *result, or returns a fault
 * and leaves it alone. BPF before v4 has no signed division and no 128-bit product: both go through
 * magnitudes.
 */
#ifndef VM_ARITH_BPF_H
#define VM_ARITH_BPF_H

#include "run.bpf.h"

#define VM_INT_MIN_MAGNITUDE (1ull << 63)

static __always_inline vm_u64 vm_magnitude(vm_u64 x) { return (vm_s64)x < 0 ? -x : x; }

static __always_inline vm_u32 vm_add(vm_u64 b, vm_u64 c, vm_u64* result) {
  vm_u64 sum = b + c;
  if ((vm_s64)((b ^ sum) & (c ^ sum)) < 0) return VM_FAULT_overflow;
  *result = sum;
  return VM_FAULT_none;
}

static __always_inline vm_u32 vm_subtract(vm_u64 b, vm_u64 c, vm_u64* result) {
  vm_u64 difference = b - c;
  if ((vm_s64)((b ^ c) & (b ^ difference)) < 0) return VM_FAULT_overflow;
  *result = difference;
  return VM_FAULT_none;
}

static __always_inline vm_u32 vm_multiply(vm_u64 b, vm_u64 c, vm_u64* result) {
  vm_u64 left = vm_magnitude(b), right = vm_magnitude(c);
  vm_u64 product = left * right;
  /* Without the barrier clang sees an overflow check and wants __multi3, which BPF has not. */
  barrier_var(product);
  if ((left | right) >> 32 && left != 0 && product / left != right) return VM_FAULT_overflow;
  int negative = (vm_s64)(b ^ c) < 0;
  if (product > VM_INT_MIN_MAGNITUDE - !negative) return VM_FAULT_overflow;
  *result = negative ? -product : product;
  return VM_FAULT_none;
}

static __always_inline vm_u32 vm_divide(vm_u64 b, vm_u64 c, vm_u64* quotient, vm_u64* modulus) {
  if (c == 0) return VM_FAULT_divide_by_zero;
  if (b == VM_INT_MIN_MAGNITUDE && c == (vm_u64)-1) return VM_FAULT_overflow;
  vm_u64 left = vm_magnitude(b), right = vm_magnitude(c);
  vm_u64 q = left / right, r = left % right;
  if ((vm_s64)(b ^ c) < 0) {
    /* Down, away from zero, where something is left; the rest then counts from the other side. */
    if (r != 0) {
      q++;
      r = right - r;
    }
    q = -q;
  }
  *quotient = q;
  *modulus = (vm_s64)c < 0 ? -r : r;
  return VM_FAULT_none;
}

/* log2: the least number whose highest `bits & 63` bits behind the leading one are those of x. */
static __always_inline vm_u64 vm_log2(vm_u64 x, vm_u64 bits) {
  if ((vm_s64)x < 0) return VM_INT_MIN_MAGNITUDE;
  /* Ones from the highest bit on down. */
  vm_u64 ones = x | x >> 1;
  ones |= ones >> 2;
  ones |= ones >> 4;
  ones |= ones >> 8;
  ones |= ones >> 16;
  ones |= ones >> 32;
  return x & ~(ones >> 1 >> (bits & 63));
}

/* bits */
static __always_inline vm_u64 vm_bits(vm_u64 word, vm_u32 range) {
  vm_u64 width = range >> 8 & 0xff;
  vm_u64 top = word << ((64 - (range & 0xff) - width) & 63);
  vm_u64 down = (64 - width) & 63;
  return range & VM_BITS_SIGNED ? (vm_u64)((vm_s64)top >> down) : top >> down;
}

/* bswap: the swapped bytes are at the top of the word swapped whole. */
static __always_inline vm_u64 vm_swap_bytes(vm_u64 word, vm_u64 size) {
  return __builtin_bswap64(word) >> ((64 - 8 * size) & 63);
}

/* By squaring: an exponent of 64 and more overflows for every base but -1, 0 and 1. The square of
 * the last round used is all that must fit, so its overflow counts only when a later bit needs it.
 */
static __always_inline vm_u32 vm_power(vm_u64 b, vm_u64 c, vm_u64* result) {
  if ((vm_s64)c < 0) return VM_FAULT_negative_exponent;
  if (b + 1 <= 2) {
    *result = (c & 1) || (c != 0 && b == 0) ? b : 1;
    return VM_FAULT_none;
  }
  if (c > 63) return VM_FAULT_overflow;
  vm_u64 power = 1, square = b;
  vm_u32 square_fault = VM_FAULT_none;
  for (int bit = 0; bit < 6; bit++) {
    if (c >> bit & 1) {
      if (square_fault || vm_multiply(power, square, &power)) return VM_FAULT_overflow;
    }
    if (!square_fault) square_fault = vm_multiply(square, square, &square);
  }
  *result = power;
  return VM_FAULT_none;
}

/* rand */
static __always_inline vm_u32 vm_random(struct vm_run* run, const struct vm_insn* insn) {
  vm_u64 b = run->regs[insn->b & (VM_REGS - 1)], c = run->regs[insn->c & (VM_REGS - 1)];
  vm_u64 least = (vm_s64)b < (vm_s64)c ? b : c;
  vm_u64 count = ((vm_s64)b < (vm_s64)c ? c - b : b - c) + 1; /* 0 is 2^64 */
  vm_u64 bits = (vm_u64)bpf_get_prandom_u32() << 32;
  bits |= (vm_u32)bpf_get_prandom_u32();
  run->regs[insn->a & (VM_REGS - 1)] = least + (count == 0 ? bits : bits % count);
  return VM_FAULT_none;
}

#endif
