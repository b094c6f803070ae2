/* Keys built in place, and counting.
 *
 * Every add is atomic, on per-CPU values too: a run on the same CPU may interrupt this one between
 * its load and its store (plain adds lost 3,000 of 20 million to nesting).
 */
#ifndef VM_AGGREGATE_BPF_H
#define VM_AGGREGATE_BPF_H

#include "maps.bpf.h"
#include "strings.bpf.h"

/* Adds 1 at a key, making the entry where there is none; 0 if the map has no room for it. Another
 * run may make the entry first. Helpers' results are 32-bit here: on 6.1 a long would keep the
 * upper half zero, and no comparison with a negative errno would hold. */
static __always_inline int vm_add_one(void* map, const void* key) {
  vm_u64* count = bpf_map_lookup_elem(map, key);
  if (!count) {
    vm_u64 one = 1;
    int error = bpf_map_update_elem(map, key, &one, BPF_NOEXIST);
    if (error != -17 /* EEXIST */) return error == 0;
    count = bpf_map_lookup_elem(map, key);
    if (!count) return 0;
  }
  __sync_fetch_and_add(count, 1);
  return 1;
}

/* key.zero */
static __always_inline vm_u32 vm_key_zero(struct vm_run* run, const struct vm_bank* bank,
                                          const struct vm_insn* insn) {
  vm_copy(run->key, vm_masked((vm_u32)insn->imm, VM_KEY_SIZE_MASK), vm_zeros(bank));
  return VM_FAULT_none;
}

/* key.str */
static __always_inline vm_u32 vm_key_str(struct vm_run* run, const struct vm_bank* bank,
                                         const struct vm_insn* insn) {
  struct vm_text text;
  vm_u8* to = run->key + vm_masked((vm_u32)insn->imm, VM_KEY_WORD_MASK);
  vm_u64 capacity = vm_masked((vm_u32)insn->imm >> 16, VM_KEY_SIZE_MASK);
  if (!vm_text_of(run, run->regs[insn->a & (VM_REGS - 1)], &text)) return VM_FAULT_bad_program;
  vm_copy(to, capacity, vm_zeros(bank));
  vm_u64 length = text.length < capacity ? text.length : capacity;
  vm_copy(to, vm_masked(length, 2 * VM_KEY_MAX - 1), text.bytes);
  vm_spend(run, capacity);
  return text.length > capacity ? VM_FAULT_string_cut : VM_FAULT_none;
}

/* key.comm */
static __always_inline vm_u32 vm_key_comm(struct vm_run* run, const struct vm_insn* insn) {
  vm_comm(run->key + vm_masked((vm_u32)insn->imm, VM_KEY_WORD_MASK));
  return VM_FAULT_none;
}

/* count. Each class stands apart: a pointer that may be one of several maps is refused its inlined
 * look-up. */
static __always_inline vm_u32 vm_count(struct vm_run* run, const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  switch (insn->c) {
#define VM_COUNT(index, bytes)                                            \
  case index: {                                                           \
    void* map = bpf_map_lookup_elem(&vm_keyed_##index, &slot);            \
    if (!map) return VM_FAULT_bad_program;                                \
    return vm_add_one(map, run->key) ? VM_FAULT_none : VM_FAULT_map_full; \
  }
    VM_KEY_CLASSES(VM_COUNT)
#undef VM_COUNT
    default:
      return VM_FAULT_bad_program;
  }
}

/* count.cell */
static __always_inline vm_u32 vm_count_cell(const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  vm_u64* cell = bpf_map_lookup_elem(&vm_cells, &slot);
  if (!cell) return VM_FAULT_bad_program;
  __sync_fetch_and_add(cell, 1);
  return VM_FAULT_none;
}

#endif
