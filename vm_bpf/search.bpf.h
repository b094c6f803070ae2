/* Text within text.
 *
 * str.find moves a window of the sought part's length over the text and keeps the window's hash, so
 * that a move costs the same however long the part is, and no text makes a search slow (Rabin and
 * Karp). The hash of bytes c0 c1 c2 ... is the sum of ci * VM_HASH_BASE^i, modulo 2^64; the base is
 * odd, so that the window moves either way by one multiplication. Where the hashes are equal the
 * texts are compared.
 */
#ifndef VM_SEARCH_BPF_H
#define VM_SEARCH_BPF_H

#include "strings.bpf.h"

#define VM_HASH_BASE 0x9e3779b97f4a7c15ull
#define VM_HASH_BASE_INVERSE 0xf1de83e19937733dull
#define VM_SQUARE(x) ((x) * (x))
#define VM_HASH_BASE_TO_16 VM_SQUARE(VM_SQUARE(VM_SQUARE(VM_SQUARE(VM_HASH_BASE))))
VM_STATIC_ASSERT((VM_HASH_BASE) * (VM_HASH_BASE_INVERSE) == 1, "inverses modulo 2^64");

enum {
  VM_HASH_BYTES = 16, /* hashed in one turn of a loop */
  VM_PLACES = 32,     /* of the window in one turn, a bit each of 64 */
};

/* 1 where a number is not 0, without the branch that clang would make of a comparison: the verifier
 * follows both ways of each. */
static __always_inline vm_u64 vm_is_not_0(vm_u64 number) {
  vm_u64 negative = -number;
  barrier_var(negative);
  return (number | negative) >> 63;
}

/* The lowest bit that is set, of a number that is not 0. */
static __always_inline vm_u64 vm_lowest_bit(vm_u64 number) {
  vm_u64 bit = 0;
  for (int size = 32; size > 0; size /= 2) {
    vm_u64 above = (vm_is_not_0(number & ((1ull << size) - 1)) ^ 1) * size;
    number >>= above;
    bit += above;
  }
  return bit;
}

/* VM_HASH_BASE to a power below VM_STR_MAX, without branches: one for each bit would be 4,096 ways
 * to walk. */
static __always_inline vm_u64 vm_hash_power(vm_u64 exponent) {
  vm_u64 power = 1, square = VM_HASH_BASE;
  for (int bit = 0; bit < 12; bit++) {
    vm_u64 is_set = exponent >> bit & 1;
    barrier_var(is_set);
    power *= 1 + is_set * (square - 1);
    square *= square;
  }
  return power;
}

struct vm_finding {
  struct vm_run* run;
  const struct vm_bank* bank;
  const vm_u8 *text, *part;
};

/* Hashes the next bytes of the part, and of the window, which is in the slice: both have zeros
 * behind their ends, which change no hash. */
static long vm_hash_some(vm_u32 index, void* context) {
  const struct vm_finding* finding = context;
  struct vm_search* search = &finding->run->search;
  vm_u64 first = vm_masked(index, VM_STR_MAX / VM_HASH_BYTES - 1) * VM_HASH_BYTES;
  const vm_u8* window = finding->run->slice + first;
  const vm_u8* part = finding->part + first;
  vm_u64 hash = 0, wanted = 0;
  for (int i = VM_HASH_BYTES - 1; i >= 0; i--) {
    hash = hash * VM_HASH_BASE + window[i];
    wanted = wanted * VM_HASH_BASE + part[i];
  }
  search->hash += hash * search->power;
  search->wanted += wanted * search->power;
  search->power *= VM_HASH_BASE_TO_16;
  return 0;
}

/* Moves the window over the next places; stops after the last one, or where one has the hash of the
 * part. Past the last place the bytes are any. */
static long vm_move_window(vm_u32 index, void* context) {
  const struct vm_finding* finding = context;
  struct vm_search* search = &finding->run->search;
  vm_u64 at = search->at, left = search->left, move = search->move, length = search->length;
  vm_u64 backward = move >> 63, hash = search->hash;
  vm_u64 others = ~0ull << VM_PLACES;
  /* Backward the bytes are those of 64 places from their last to their first: the pointers stay,
   * and offsets are counted down by flipped bits, which the verifier knows to be 0 to 63. */
  vm_u64 flip = -backward & (VM_PLACES - 1);
  const vm_u8* text = finding->text - VM_PLACES;
  const vm_u8* leaves =
      text + vm_masked(at + VM_PLACES + backward * (length - VM_PLACES), 2 * VM_STR_MAX - 1);
  const vm_u8* enters =
      text + vm_masked(at + (1 - backward) * (length + VM_PLACES), 2 * VM_STR_MAX - 1);
  (void)index;
  for (vm_u64 i = 0; i < VM_PLACES; i++) {
    vm_u64 offset = vm_masked(i ^ flip, VM_PLACES - 1);
    others |= vm_is_not_0(hash ^ search->wanted) << i;
    hash -= leaves[offset] * search->leaves;
    hash = hash * search->shift + enters[offset] * search->enters;
  }
  vm_u64 candidates = ~others;
  if (left < VM_PLACES) candidates &= (1ull << (left & (VM_PLACES - 1))) - 1;
  search->place = at;
  search->candidates = candidates;
  search->at = at + move * VM_PLACES;
  search->left = left = left > VM_PLACES ? left - VM_PLACES : 0;
  search->hash = hash;
  return left == 0 || candidates != 0;
}

/* Whether the part is at the next place that has its hash; leaves that place. */
static long vm_find_next(vm_u32 index, void* context) {
  struct vm_finding* finding = context;
  struct vm_run* run = finding->run;
  struct vm_search* search = &run->search;
  (void)index;
  if (search->candidates == 0) {
    bpf_loop(VM_STR_MAX / VM_PLACES, vm_move_window, context, 0);
    if (search->candidates == 0) return 1;
  }
  vm_u64 candidates = search->candidates;
  vm_u64 place = search->place + search->move * vm_lowest_bit(candidates);
  search->candidates = candidates & (candidates - 1);
  search->found = place;
  vm_slice(run, finding->bank, finding->text + vm_masked(place, VM_STR_MASK), search->length);
  vm_compare(run, run->slice, finding->part, vm_masked(search->length, VM_STR_MASK));
  return run->word[0] == run->word[1] || (search->left | search->candidates) == 0;
}

/* str.find, str.starts, str.ends: the latter two look at one place. */
static __always_inline vm_u32 vm_text_find(struct vm_run* run, const struct vm_bank* bank,
                                           const struct vm_insn* insn) {
  struct vm_text text, part;
  struct vm_search* search = &run->search;
  if (!vm_text_of(run, run->regs[insn->b & (VM_REGS - 1)], &text)) return VM_FAULT_bad_program;
  if (!vm_text_of(run, run->regs[insn->c & (VM_REGS - 1)], &part)) return VM_FAULT_bad_program;
  int is_find = insn->op == VM_OP_str_find;
  vm_u64 from_end = insn->op == VM_OP_str_ends || (is_find && insn->imm != 0);
  vm_u64 places = text.length - part.length + 1;
  vm_u64 first = from_end ? places - 1 : 0;
  int found = text.length >= part.length;
  search->found = first;
  if (found && part.length > 0) { /* the bytes of null are any */
    struct vm_finding finding = {.run = run, .bank = bank, .text = text.bytes, .part = part.bytes};
    search->length = part.length;
    search->place = first;
    search->candidates = !is_find;
    search->left = is_find ? places : 0;
    search->move = 1 - 2 * from_end;
    if (is_find) {
      search->at = first;
      search->hash = search->wanted = 0;
      search->power = 1;
      vm_slice(run, bank, text.bytes + vm_masked(first, VM_STR_MASK), part.length);
      bpf_loop(part.length / VM_HASH_BYTES + 1, vm_hash_some, &finding, 0);
      vm_u64 last = vm_hash_power(part.length - 1);
      search->shift = from_end ? VM_HASH_BASE : VM_HASH_BASE_INVERSE;
      search->enters = from_end ? 1 : last;
      search->leaves = from_end ? last : 1;
    }
    run->word[0] = 0;
    run->word[1] = 1;
    bpf_loop(VM_STR_MAX, vm_find_next, &finding, 0);
    found = run->word[0] == run->word[1];
  }
  /* Asked again: the verifier walks the loops above once for each answer that it still knows. */
  is_find = *(const volatile vm_u8*)&insn->op == VM_OP_str_find;
  vm_u64 shorter = text.length < part.length ? text.length : part.length;
  vm_u64 place = found ? search->found : (vm_u64)-1;
  run->regs[insn->a & (VM_REGS - 1)] = is_find ? place : (vm_u64)found;
  vm_spend(run, is_find ? text.length + part.length : shorter);
  return VM_FAULT_none;
}

#endif
