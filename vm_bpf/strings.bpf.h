/* Text in the string heap: made, measured, compared.
 *
 * Every text is followed by zeros up to the end of its block (isa.h), so it is compared and copied
 * in whole words, and a prefix compares below without a look at the lengths.
 */
#ifndef VM_STRINGS_BPF_H
#define VM_STRINGS_BPF_H

#include "memory.bpf.h"

static __always_inline vm_u8* vm_heap(struct vm_run* run, vm_u64 block) {
  return run->heap + vm_masked(block, VM_HEAP_BLOCKS - 1) * VM_BLOCK;
}

struct vm_text {
  const vm_u8* bytes;
  vm_u64 length;
  int is_null;
};

/* The text behind a handle; 0 where the number is no handle. Null is a text of no bytes. */
static __always_inline int vm_text_of(struct vm_run* run, vm_u64 handle, struct vm_text* text) {
  text->is_null = handle == VM_STR_NULL;
  if (text->is_null) handle = 0;
  vm_u64 length = handle & 0xffff, block = handle >> 16;
  if (block >= VM_HEAP_BLOCKS || length >= VM_STR_MAX) return 0;
  if (block * VM_BLOCK + length >= VM_HEAP_BYTES) return 0;
  text->length = vm_masked(length, VM_STR_MASK);
  text->bytes = vm_heap(run, block);
  return 1;
}

/* Ends a text that was just written to the heap: zeros to the end of its block, its handle into a,
 * its fuel. */
static __always_inline void vm_finish_text(struct vm_run* run, const struct vm_bank* bank,
                                           const struct vm_insn* insn, vm_u64 length) {
  length = vm_masked(length, VM_STR_MASK);
  vm_copy(vm_heap(run, insn->b) + length, VM_BLOCK - (length & (VM_BLOCK - 1)), vm_zeros(bank));
  run->regs[insn->a & (VM_REGS - 1)] = length | (vm_u64)insn->b << 16;
  vm_spend(run, length);
}

/* A text that could not be read at an address. */
static __always_inline vm_u32 vm_null_text(struct vm_run* run, const struct vm_insn* insn,
                                           vm_u64 address) {
  run->regs[insn->a & (VM_REGS - 1)] = VM_STR_NULL;
  return vm_failed_at(address);
}

/* The length of the text in a field of `size` bytes that a NUL may end or not. Reading the field as
 * a string onto itself counts its bytes; where none is a NUL, the last one is lost and put back. */
static __always_inline vm_u64 vm_measure(vm_u8* field, vm_u64 size) {
  if (size == 0) return 0;
  vm_u64 last = vm_masked(size - 1, VM_STR_MASK);
  vm_u8 byte = field[last];
  int with_nul = bpf_probe_read_kernel_str(field, last + 1, field);
  if (with_nul <= 0) return 0;
  if ((vm_u64)with_nul == last + 1 && byte != 0) {
    field[last] = byte;
    return last + 1;
  }
  return with_nul - 1;
}

/* str.comm */
static __always_inline vm_u32 vm_text_comm(struct vm_run* run, const struct vm_bank* bank,
                                           const struct vm_insn* insn) {
  vm_u8* to = vm_heap(run, insn->b);
  vm_comm(to);
  vm_finish_text(run, bank, insn, vm_measure(to, VM_COMM_BYTES));
  return VM_FAULT_none;
}

/* str.ctx */
static __always_inline vm_u32 vm_text_context(struct vm_run* run, const struct vm_bank* bank,
                                              const struct vm_insn* insn) {
  vm_u64 offset = (vm_u32)insn->imm & 0xffff;
  vm_u64 size = vm_masked((vm_u32)insn->imm >> 16, VM_STR_MASK);
  vm_u64 address = run->context + offset;
  vm_u8* to = vm_heap(run, insn->b);
  if (bpf_probe_read_kernel(to, size, (const void*)address) < 0)
    return vm_null_text(run, insn, address);
  vm_finish_text(run, bank, insn, vm_measure(to, size));
  return VM_FAULT_none;
}

/* str.loc */
static __always_inline vm_u32 vm_text_loc(struct vm_run* run, const struct vm_bank* bank,
                                          const struct vm_insn* insn) {
  vm_u64 offset = (vm_u32)insn->imm & 0xffff;
  vm_u64 capacity = (vm_u32)insn->imm >> 16;
  vm_u64 address = run->context + offset;
  if (bpf_probe_read_kernel(run->word, 4, (const void*)address) < 0)
    return vm_null_text(run, insn, address);
  vm_u64 size = (vm_u32)run->word[0] >> 16;
  address = run->context + ((vm_u32)run->word[0] & 0xffff);
  if (size > capacity) size = capacity;
  size = vm_masked(size, 2 * VM_STR_MAX - 1);
  if (size > VM_STR_MAX) size = VM_STR_MAX;
  vm_u8* to = vm_heap(run, insn->b);
  if (bpf_probe_read_kernel(to, size, (const void*)address) < 0)
    return vm_null_text(run, insn, address);
  vm_u64 length = vm_measure(to, size);
  int cut = capacity != 0 && length >= capacity;
  if (cut) length = capacity - 1;
  vm_finish_text(run, bank, insn, length);
  return cut ? VM_FAULT_string_cut : VM_FAULT_none;
}

/* str.read: a length of the whole capacity is the helper's way to say that it cut. */
static __always_inline vm_u32 vm_text_read(struct vm_run* run, const struct vm_bank* bank,
                                           const struct vm_insn* insn) {
  vm_u64 address = run->regs[insn->c & (VM_REGS - 1)];
  vm_u64 capacity = (vm_u32)insn->imm;
  if (capacity == 0 || capacity > VM_STR_MAX) return VM_FAULT_bad_program;
  /* 6.1 forgets the comparison where clang keeps the number on the stack. */
  capacity = vm_masked(capacity, 2 * VM_STR_MAX - 1);
  vm_u8* to = vm_heap(run, insn->b);
  int with_nul;
  if (vm_is_kernel(address))
    with_nul = bpf_probe_read_kernel_str(to, capacity, (const void*)address);
  else
    with_nul = bpf_probe_read_user_str(to, capacity, (const void*)address);
  if (with_nul < 0) return vm_null_text(run, insn, address);
  /* 6.1 and 6.12 say 0, not 1, of empty user text. */
  if (with_nul == 0) with_nul = 1;
  vm_finish_text(run, bank, insn, with_nul - 1);
  return (vm_u64)with_nul == capacity ? VM_FAULT_string_cut : VM_FAULT_none;
}

/* str.mem, str.bytes: bytes as they are, or the text that they begin with. */
static __always_inline vm_u32 vm_text_bytes(struct vm_run* run, const struct vm_bank* bank,
                                            const struct vm_insn* insn) {
  vm_u32 imm = insn->imm;
  int of_context = insn->op == VM_OP_str_bytes;
  vm_u64 address = of_context ? run->context + (imm & 0xffff) : run->regs[insn->c & (VM_REGS - 1)];
  vm_u64 size = vm_masked(of_context ? imm >> 16 : imm & 0xffff, VM_STR_MASK);
  vm_u8* to = vm_heap(run, insn->b);
  if (vm_read(to, size, address) < 0) return vm_null_text(run, insn, address);
  vm_u64 length = size;
  if (!of_context && imm & VM_MEM_TEXT) length = vm_measure(to, size);
  vm_finish_text(run, bank, insn, length);
  return VM_FAULT_none;
}

/* str.key */
static __always_inline vm_u32 vm_text_key(struct vm_run* run, const struct vm_bank* bank,
                                          const struct vm_insn* insn) {
  vm_u64 size = vm_masked((vm_u32)insn->imm >> 16, VM_KEY_SIZE_MASK);
  vm_u8* to = vm_heap(run, insn->b);
  vm_copy(to, size, run->key + vm_masked((vm_u32)insn->imm, VM_KEY_WORD_MASK));
  vm_finish_text(run, bank, insn, vm_measure(to, size));
  return VM_FAULT_none;
}

/* str.lit: the pool has a literal with its zeros, ready to be copied in whole blocks. */
static __always_inline vm_u32 vm_text_literal(struct vm_run* run, const struct vm_bank* bank,
                                              const struct vm_insn* insn) {
  vm_u64 length = vm_masked((vm_u32)insn->imm >> 16, VM_STR_MASK);
  const vm_u8* from = bank->pool + vm_masked((vm_u32)insn->imm, VM_POOL_WORD_MASK);
  vm_copy(vm_heap(run, insn->b), (length & ~(VM_BLOCK - 1)) + VM_BLOCK, from);
  run->regs[insn->a & (VM_REGS - 1)] = length | (vm_u64)insn->b << 16;
  vm_spend(run, length);
  return VM_FAULT_none;
}

/* Copies a part of a text to the slice, with zeros to the end of its block. */
static __always_inline void vm_slice(struct vm_run* run, const struct vm_bank* bank,
                                     const vm_u8* from, vm_u64 length) {
  length = vm_masked(length, VM_STR_MASK);
  vm_copy(run->slice, length, from);
  vm_copy(run->slice + length, VM_BLOCK - (length & (VM_BLOCK - 1)), vm_zeros(bank));
}

struct vm_comparison {
  struct vm_run* run;
  const vm_u8 *left, *right;
};

/* One block of two texts; stops at the first words that differ and leaves them in run->word. */
static long vm_compare_block(vm_u32 index, void* context) {
  struct vm_comparison* comparison = context;
  vm_u64 offset = vm_masked(index, VM_STR_MAX / VM_BLOCK - 1) * VM_BLOCK;
  const vm_u64* left = (const void*)(comparison->left + offset);
  const vm_u64* right = (const void*)(comparison->right + offset);
  for (int i = 0; i < VM_BLOCK / 8; i++) {
    if (left[i] == right[i]) continue;
    comparison->run->word[0] = left[i];
    comparison->run->word[1] = right[i];
    return 1;
  }
  return 0;
}

/* Leaves the first words in which the two texts differ in run->word, or two equal ones. `length` is
 * the shorter one's: its NUL and zeros lie in the last block compared. */
static __always_inline void vm_compare(struct vm_run* run, const vm_u8* left, const vm_u8* right,
                                       vm_u64 length) {
  struct vm_comparison comparison = {.run = run, .left = left, .right = right};
  run->word[0] = run->word[1] = 0;
  bpf_loop(length / VM_BLOCK + 1, vm_compare_block, &comparison, 0);
}

/* str.eqk */
static __always_inline vm_u32 vm_text_equals(struct vm_run* run, const struct vm_bank* bank,
                                             const struct vm_insn* insn) {
  struct vm_text text;
  vm_u64 length = vm_masked((vm_u32)insn->imm >> 16, VM_STR_MASK);
  if (!vm_text_of(run, run->regs[insn->b & (VM_REGS - 1)], &text)) return VM_FAULT_bad_program;
  vm_u64 equal = text.length == length;
  if (equal && length > 0) {
    vm_compare(run, text.bytes, bank->pool + vm_masked((vm_u32)insn->imm, VM_POOL_WORD_MASK),
               length);
    equal = run->word[0] == run->word[1];
  }
  run->regs[insn->a & (VM_REGS - 1)] = equal;
  vm_spend(run, length);
  return VM_FAULT_none;
}

/* str.cmp: bytes compare like numbers once the first one is the most significant. */
static __always_inline vm_u32 vm_text_compare(struct vm_run* run, const struct vm_insn* insn) {
  struct vm_text left, right;
  if (!vm_text_of(run, run->regs[insn->b & (VM_REGS - 1)], &left)) return VM_FAULT_bad_program;
  if (!vm_text_of(run, run->regs[insn->c & (VM_REGS - 1)], &right)) return VM_FAULT_bad_program;
  vm_u64 shorter = left.length < right.length ? left.length : right.length;
  vm_u64 a = left.length, b = right.length;
  if (shorter > 0) {
    vm_compare(run, left.bytes, right.bytes, shorter);
    if (run->word[0] != run->word[1]) {
      a = __builtin_bswap64(run->word[0]);
      b = __builtin_bswap64(run->word[1]);
    }
  }
  run->regs[insn->a & (VM_REGS - 1)] = a < b ? (vm_u64)-1 : a > b;
  vm_spend(run, shorter);
  return VM_FAULT_none;
}

#endif
