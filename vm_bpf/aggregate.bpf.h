/* Keys built in place; counts, sums and tallies.
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

/* Adds n; overflow, and nothing added, where the sum does not fit. Each CPU has a sum of its own,
 * so what two of them hold may still be too much for one number: the host adds with more bits. */
static __always_inline vm_u32 vm_add_exactly(vm_u64* sum, vm_u64 n) {
  vm_u64 before = __sync_fetch_and_add(sum, n);
  vm_u64 after = before + n;
  if ((vm_s64)((before ^ after) & (n ^ after)) >= 0) return VM_FAULT_none;
  __sync_fetch_and_add(sum, -n);
  return VM_FAULT_overflow;
}

/* Makes *word at least n. Who changes it meanwhile is a run that interrupted this one on its CPU,
 * and raised it; a few tries are more than enough. */
static __always_inline vm_u32 vm_raise(vm_u64* word, vm_u64 n) {
  for (int tries = 0; tries < 4; tries++) {
    vm_u64 before = *(volatile vm_u64*)word;
    if (n <= before) return VM_FAULT_none;
    if (__sync_val_compare_and_swap(word, before, n) == before) return VM_FAULT_none;
  }
  return VM_FAULT_contended;
}

/* The value at a key, made of zeros where there is none; null if the map has no room for it. */
static __always_inline void* vm_value_at(void* map, const void* key, const void* zeros) {
  void* value = bpf_map_lookup_elem(map, key);
  if (value) return value;
  int error = bpf_map_update_elem(map, key, zeros, BPF_NOEXIST);
  if (error != 0 && error != -17 /* EEXIST */) return 0;
  return bpf_map_lookup_elem(map, key);
}

static __always_inline vm_u32 vm_tally_in(struct vm_tally* tally, vm_u64 n, vm_u32 what) {
  vm_u32 fault = VM_FAULT_none;
  if (what & VM_TALLY_SUM) fault = vm_add_exactly(&tally->sum, n);
  if (fault != VM_FAULT_none) return fault;
  if (what & VM_TALLY_MIN) fault = vm_raise(&tally->low, VM_TALLY_LOW(n));
  if (what & VM_TALLY_MAX) fault |= vm_raise(&tally->high, VM_TALLY_HIGH(n));
  /* Last: who reads meanwhile finds no value counted that is in no sum. */
  __sync_fetch_and_add(&tally->count, 1);
  return fault;
}

/* count, sum, tally. Each class stands apart: a pointer that may be one of several maps is refused
 * its inlined look-up. */
#define VM_OF_CLASS(family, index, found) VM_OF_LABEL(index, family, index, found)
#define VM_OF_LABEL(label, family, index, found)               \
  case label: {                                                \
    void* map = bpf_map_lookup_elem(&family##_##index, &slot); \
    if (!map) return VM_FAULT_bad_program;                     \
    found                                                      \
  }

static __always_inline vm_u32 vm_count(struct vm_run* run, const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  switch (insn->c) {
#define VM_COUNT(index, bytes) \
  VM_OF_CLASS(vm_keyed, index, \
              return vm_add_one(map, run->key) ? VM_FAULT_none : VM_FAULT_map_full;)
    VM_KEY_CLASSES(VM_COUNT)
#undef VM_COUNT
    default:
      return VM_FAULT_bad_program;
  }
}

static __always_inline vm_u32 vm_sum(struct vm_run* run, const struct vm_bank* bank,
                                     const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  vm_u64* sum;
  switch (insn->c) {
#define VM_SUM(index, bytes) \
  VM_OF_CLASS(vm_keyed, index, sum = vm_value_at(map, run->key, vm_zeros(bank)); break;)
    VM_KEY_CLASSES(VM_SUM)
#undef VM_SUM
    default:
      return VM_FAULT_bad_program;
  }
  if (!sum) return VM_FAULT_map_full;
  return vm_add_exactly(sum, run->regs[insn->a & (VM_REGS - 1)]);
}

static __always_inline vm_u32 vm_tally(struct vm_run* run, const struct vm_bank* bank,
                                       const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  struct vm_tally* tally;
  switch (insn->c) {
#define VM_TALLY(index, bytes) \
  VM_OF_CLASS(vm_tallies, index, tally = vm_value_at(map, run->key, vm_zeros(bank)); break;)
    VM_KEY_CLASSES(VM_TALLY)
#undef VM_TALLY
    default:
      return VM_FAULT_bad_program;
  }
  if (!tally) return VM_FAULT_map_full;
  return vm_tally_in(tally, run->regs[insn->a & (VM_REGS - 1)], insn->b);
}

/* Where a cell is at present. */
static __always_inline vm_u32 vm_place_of(vm_u32 cell) {
  vm_u32* place = bpf_map_lookup_elem(&vm_cell_places, &cell);
  return place ? *place : VM_CELLS_MAX;
}

/* count.cell */
static __always_inline vm_u32 vm_count_cell(const struct vm_insn* insn) {
  vm_u32 place = vm_place_of(insn->imm);
  vm_u64* cell = bpf_map_lookup_elem(&vm_cells, &place);
  if (!cell) return VM_FAULT_bad_program;
  __sync_fetch_and_add(cell, 1);
  return VM_FAULT_none;
}

/* sum.cell */
static __always_inline vm_u32 vm_sum_cell(struct vm_run* run, const struct vm_insn* insn) {
  vm_u32 place = vm_place_of(insn->imm);
  vm_u64* cell = bpf_map_lookup_elem(&vm_cells, &place);
  if (!cell) return VM_FAULT_bad_program;
  return vm_add_exactly(cell, run->regs[insn->a & (VM_REGS - 1)]);
}

/* tally.cell */
static __always_inline vm_u32 vm_tally_cell(struct vm_run* run, const struct vm_insn* insn) {
  vm_u32 place = vm_place_of((vm_u32)insn->imm + VM_CELLS_MAX);
  struct vm_tally* tally = bpf_map_lookup_elem(&vm_tally_cells, &place);
  if (!tally) return VM_FAULT_bad_program;
  return vm_tally_in(tally, run->regs[insn->a & (VM_REGS - 1)], insn->b);
}

#endif
