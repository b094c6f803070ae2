/* Maps of the closures' own: one value for all CPUs at each key. */
#ifndef VM_VALUES_BPF_H
#define VM_VALUES_BPF_H

#include "aggregate.bpf.h"

static __always_inline vm_u32 vm_value_op(void* map, struct vm_run* run, const struct vm_bank* bank,
                                          const struct vm_insn* insn) {
  vm_u64* a = &run->regs[insn->a & (VM_REGS - 1)];
  if (insn->op == VM_OP_map_delete) {
    int error = bpf_map_delete_elem(map, run->key);
    *a = error == 0;
    return VM_FAULT_none;
  }
  if (insn->op == VM_OP_map_put) {
    int error = bpf_map_update_elem(map, run->key, a, BPF_ANY);
    return error ? VM_FAULT_map_full : VM_FAULT_none;
  }
  if (insn->op == VM_OP_map_add) {
    vm_u64* value = vm_value_at(map, run->key, vm_zeros(bank));
    return value ? vm_add_exactly(value, *a) : VM_FAULT_map_full;
  }
  const vm_u64* value = bpf_map_lookup_elem(map, run->key);
  *a = value ? *value : 0;
  run->regs[(insn->a + 1u) & (VM_REGS - 1)] = !value;
  return VM_FAULT_none;
}

/* map.get, map.put, map.add, map.delete */
static __always_inline vm_u32 vm_value(struct vm_run* run, const struct vm_bank* bank,
                                       const struct vm_insn* insn) {
  vm_u32 slot = insn->imm;
  switch (insn->c) {
#define VM_VALUE(index, bytes)                                             \
  VM_OF_CLASS(vm_values, index, return vm_value_op(map, run, bank, insn);) \
  VM_OF_LABEL(index | VM_RECENT, vm_recent, index, return vm_value_op(map, run, bank, insn);)
    VM_KEY_CLASSES(VM_VALUE)
#undef VM_VALUE
    default:
      return VM_FAULT_bad_program;
  }
}

struct vm_walker {
  struct vm_run* run;
};

/* What bpf_for_each_map_elem calls for each entry, for each key class. 1 ends the walk. */
#define VM_WALK(index, bytes)                                                                 \
  static long vm_walk_##index(void* map, const void* key, const void* value, void* context) { \
    struct vm_run* run = ((struct vm_walker*)context)->run;                                   \
    (void)map;                                                                                \
    if (run->walk.before != 0) {                                                              \
      run->walk.before--;                                                                     \
      return 0;                                                                               \
    }                                                                                         \
    vm_copy(run->key, bytes, key);                                                            \
    run->walk.value = *(const vm_u64*)value;                                                  \
    run->walk.found = 1;                                                                      \
    return 1;                                                                                 \
  }
VM_KEY_CLASSES(VM_WALK)
#undef VM_WALK

/* map.next: from the first entry on, every time. The kernel has no way to go on from one. */
static __always_inline vm_u32 vm_next_entry(struct vm_run* run, const struct vm_bank* bank,
                                            const struct vm_insn* insn) {
  struct vm_walker walker = {.run = run};
  vm_u32 slot = insn->imm;
  vm_u64* at = &run->regs[insn->a & (VM_REGS - 1)];
  if ((vm_s64)*at < 0) *at = 0;
  vm_u64 place = vm_masked(*at, VM_MAP_PLACES - 1);
  run->walk.before = place;
  run->walk.value = run->walk.found = 0;
  switch (insn->c) {
/* Each call stands apart, which the comment in the assembly sees to: 6.1 refuses one call site for
 * maps of several types. */
#define VM_NEXT_IN(label, family, index, bytes)                               \
  VM_OF_LABEL(label, family, index, vm_copy(run->key, bytes, vm_zeros(bank)); \
              bpf_for_each_map_elem(map, vm_walk_##index, &walker, 0);        \
              __asm__ volatile("# walked %0"                                  \
                               :                                              \
                               : "i"(label));                                 \
              break;)
#define VM_NEXT_OF(index, bytes)             \
  VM_NEXT_IN(index, vm_values, index, bytes) \
  VM_NEXT_IN((index | VM_RECENT), vm_recent, index, bytes)
    VM_KEY_CLASSES(VM_NEXT_OF)
#undef VM_NEXT_OF
#undef VM_NEXT_IN
    default:
      return VM_FAULT_bad_program;
  }
  run->regs[(insn->a + 1u) & (VM_REGS - 1)] = run->walk.value;
  run->regs[(insn->a + 2u) & (VM_REGS - 1)] = run->walk.found;
  vm_u64 buckets = 1ull << (insn->b & 31);
  vm_spend(run, buckets / VM_BUCKET_GRAIN * VM_BLOCK);
  vm_spend(run, (place - run->walk.before) * (VM_BLOCK / VM_WALK_GRAIN));
  return VM_FAULT_none;
}

#endif
