/* Reading memory, and copying within map memory. */
#ifndef VM_MEMORY_BPF_H
#define VM_MEMORY_BPF_H

#include "run.bpf.h"

VM_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "small reads land in the low bytes");

/* A value cut to a mask of ones. The barrier keeps the mask where clang can prove it useless and
 * the verifier of 6.1 cannot. */
static __always_inline vm_u64 vm_masked(vm_u64 value, vm_u64 mask) {
  barrier_var(value);
  return value & mask;
}

static __always_inline int vm_is_kernel(vm_u64 address) { return (vm_s64)address < 0; }

static __always_inline long vm_read(void* to, vm_u64 size, vm_u64 address) {
  if (vm_is_kernel(address)) return bpf_probe_read_kernel(to, size, (const void*)address);
  return bpf_probe_read_user(to, size, (const void*)address);
}

/* What a failed read is. There is nothing behind a null pointer, which is no fault. */
static __always_inline vm_u32 vm_failed_at(vm_u64 address) {
  return address < VM_NULL_PAGE ? VM_FAULT_none : VM_FAULT_bad_read;
}

/* Copies within map memory: a read like any other, one call for any length, where a loop would cost
 * the verifier a state for every word. */
static __always_inline void vm_copy(void* to, vm_u64 size, const void* from) {
  bpf_probe_read_kernel(to, size, from);
}

/* The task's name, VM_COMM_BYTES of it. The helper leaves what follows the name as it was on 6.1:
 * in a key that would be the end of an older, longer name. */
static __always_inline void vm_comm(void* to) {
  ((vm_u64*)to)[0] = ((vm_u64*)to)[1] = 0;
  bpf_get_current_comm(to, VM_COMM_BYTES);
}

/* The integer of `size` bytes in the low end of run->word[0]. */
static __always_inline vm_u64 vm_extend(const struct vm_run* run, vm_u64 size, int is_signed) {
  vm_u64 shift = (64 - 8 * size) & 63;
  vm_u64 shifted = run->word[0] << shift;
  return is_signed ? (vm_u64)((vm_s64)shifted >> shift) : shifted >> shift;
}

/* Zeros to copy from, as many as a string is long: the end of every bank's pool. */
static __always_inline const vm_u8* vm_zeros(const struct vm_bank* bank) {
  return bank->pool + VM_POOL_BYTES;
}

static __always_inline void vm_spend(struct vm_run* run, vm_u64 bytes) {
  vm_u32 cost = bytes / VM_BLOCK;
  run->fuel = run->fuel > cost ? run->fuel - cost : 0;
}

/* ld.mem */
static __always_inline vm_u32 vm_load(struct vm_run* run, const struct vm_insn* insn) {
  vm_u64 size = vm_masked(insn->c, 15);
  vm_u64 address = run->regs[insn->b & (VM_REGS - 1)] + insn->imm;
  int failed = vm_read(run->word, size, address) < 0;
  run->regs[insn->a & (VM_REGS - 1)] = failed ? 0 : vm_extend(run, size, insn->c & VM_SIGNED);
  run->regs[(insn->a + 1) & (VM_REGS - 1)] = failed;
  return failed ? vm_failed_at(address) : VM_FAULT_none;
}

#endif
