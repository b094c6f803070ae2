/* A text made of another one: a part of it, without white space, or with its letters in one case.
 * It is made in the slice, so that a text may take the place of the one it is made of.
 */
#ifndef VM_REMAKE_BPF_H
#define VM_REMAKE_BPF_H

#include "strings.bpf.h"

enum { VM_SPACES = 8 }; /* bytes looked at in one turn of a loop */

#define VM_WHITE_SPACE \
  (1ull << ' ' | 1ull << '\t' | 1ull << '\n' | 1ull << '\v' | 1ull << '\f' | 1ull << '\r')

struct vm_trimming {
  struct vm_run* run;
  const vm_u8* text;
};

/* Goes on over white space, run->search.left bytes at most. It counts without a branch: two a byte
 * were the dearest thing here to verify. */
static long vm_skip_spaces(vm_u32 index, void* context) {
  const struct vm_trimming* trimming = context;
  struct vm_search* search = &trimming->run->search;
  vm_u64 at = search->at, left = search->left, move = search->move;
  vm_u64 backward = move >> 63;
  vm_u64 flip = -backward & (VM_SPACES - 1); /* as in vm_move_window */
  const vm_u8* text = trimming->text - VM_SPACES +
                      vm_masked(at + VM_SPACES - (VM_SPACES - 1) * backward, 2 * VM_STR_MAX - 1);
  vm_u64 still = 1, spaces = 0;
  (void)index;
  for (vm_u64 i = 0; i < VM_SPACES; i++) {
    vm_u64 byte = text[vm_masked(i ^ flip, VM_SPACES - 1)];
    vm_u64 below_64 = ((byte >> 6) - 1) >> 63;
    still &= VM_WHITE_SPACE >> (byte & 63) & below_64;
    spaces += still;
  }
  if (spaces > left) spaces = left;
  search->at = at + move * spaces;
  search->left = left - spaces;
  return spaces < VM_SPACES;
}

/* The length of a text without the white space at one end. */
static __always_inline vm_u64 vm_trimmed(struct vm_run* run, const vm_u8* text, vm_u64 length,
                                         vm_u64 from_end) {
  struct vm_trimming trimming = {.run = run, .text = text};
  run->search.at = from_end ? length - 1 : 0;
  run->search.move = 1 - 2 * from_end;
  run->search.left = length;
  bpf_loop(length / VM_SPACES + 1, vm_skip_spaces, &trimming, 0);
  return vm_masked(run->search.left, VM_STR_MASK);
}

#define VM_EACH_BYTE(byte) ((byte)*0x0101010101010101ull)

/* Letters of eight bytes at once. A byte's highest bit says what holds of it: the sums carry into
 * it where the other seven bits reach a bound. */
static __always_inline vm_u64 vm_swap_case(vm_u64 word, vm_u8 first, vm_u8 last) {
  vm_u64 low = word & VM_EACH_BYTE(0x7f);
  vm_u64 from_first = low + VM_EACH_BYTE(0x80 - first);
  vm_u64 past_last = low + VM_EACH_BYTE(0x7f - last);
  vm_u64 letters = (from_first & ~past_last & ~word) & VM_EACH_BYTE(0x80);
  return word ^ letters >> 2; /* 0x20, what the cases differ in */
}

struct vm_case {
  struct vm_run* run;
  vm_u64 first; /* of the letters to change, 'A' or 'a' */
};

static long vm_case_block(vm_u32 index, void* context) {
  const struct vm_case* change = context;
  vm_u64 offset = vm_masked(index, VM_STR_MAX / VM_BLOCK - 1) * VM_BLOCK;
  vm_u64* words = (void*)(change->run->slice + offset);
  for (int i = 0; i < VM_BLOCK / 8; i++)
    words[i] = vm_swap_case(words[i], change->first, change->first + ('Z' - 'A'));
  return 0;
}

/* str.sub, str.lower, str.upper, str.trim */
static __always_inline vm_u32 vm_text_remake(struct vm_run* run, const struct vm_bank* bank,
                                             const struct vm_insn* insn) {
  struct vm_text text;
  if (!vm_text_of(run, run->regs[insn->c & (VM_REGS - 1)], &text)) return VM_FAULT_bad_program;
  if (text.is_null) {
    run->regs[insn->a & (VM_REGS - 1)] = VM_STR_NULL;
    return VM_FAULT_none;
  }
  vm_u64 start = 0, length = text.length;
  if (insn->op == VM_OP_str_sub) {
    vm_s64 from = run->regs[(insn->c + 1) & (VM_REGS - 1)];
    vm_s64 end = run->regs[(insn->c + 2) & (VM_REGS - 1)];
    if (from < 0) from = 0;
    if (from > (vm_s64)length) from = length;
    if (end < from) end = from;
    if (end > (vm_s64)length) end = length;
    start = from;
    length = end - from;
  } else if (insn->op == VM_OP_str_trim) {
    vm_u32 sides = (vm_u32)insn->imm >> 16;
    vm_spend(run, length);
    if (sides & 1) {
      vm_u64 rest = vm_trimmed(run, text.bytes, length, 0);
      start = length - rest;
      length = rest;
    }
    if (sides & 2) length = vm_trimmed(run, text.bytes + vm_masked(start, VM_STR_MASK), length, 1);
  }
  vm_u64 most = vm_masked((vm_u32)insn->imm, VM_STR_MASK);
  int cut = length > most;
  length = vm_masked(cut ? most : length, VM_STR_MASK);
  vm_slice(run, bank, text.bytes + vm_masked(start, VM_STR_MASK), length);
  if (insn->op == VM_OP_str_lower || insn->op == VM_OP_str_upper) {
    struct vm_case change = {.run = run, .first = insn->op == VM_OP_str_lower ? 'A' : 'a'};
    bpf_loop(length / VM_BLOCK + 1, vm_case_block, &change, 0);
  }
  vm_copy(vm_heap(run, insn->b), (length & ~(VM_BLOCK - 1)) + VM_BLOCK, run->slice);
  run->regs[insn->a & (VM_REGS - 1)] = length | (vm_u64)insn->b << 16;
  vm_spend(run, length);
  return cut ? VM_FAULT_string_cut : VM_FAULT_none;
}

#endif
