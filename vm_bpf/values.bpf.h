/* Maps of the closures' own: one value for all CPUs at each key. */
#ifndef VM_VALUES_BPF_H
#define VM_VALUES_BPF_H

#include "aggregate.bpf.h"

static __always_inline vm_u32 vm_value_op(void* map, struct vm_run* run, const struct vm_bank* bank,
                                          const struct vm_insn* insn) {
  vm_u64* a = &run->regs[insn->a & (VM_REGS - 1)];
  if (insn->op == VM_OP_map_delete) {
    bpf_map_delete_elem(map, run->key);
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
#define VM_VALUE(index, bytes) \
  VM_OF_CLASS(vm_values, index, return vm_value_op(map, run, bank, insn);)
    VM_KEY_CLASSES(VM_VALUE)
#undef VM_VALUE
    default:
      return VM_FAULT_bad_program;
  }
}

#endif
