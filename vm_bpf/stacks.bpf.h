/* Stacks: each is kept once, by a number made of its addresses, and what a closure holds is that
 * number.
 */
#ifndef VM_STACKS_BPF_H
#define VM_STACKS_BPF_H

#include "emit.bpf.h"
#include "maps.bpf.h"

/* stack. Where there is none (a kernel thread has no user stack) it is null; that is no fault. */
static __always_inline vm_u32 vm_take_stack(const struct vm_frame* frame, struct vm_run* run,
                                            const struct vm_insn* insn) {
  VM_STATIC_ASSERT(sizeof(struct vm_stack) <= sizeof run->slice, "it is put together there");
  struct vm_stack* stack = (struct vm_stack*)run->slice;
  vm_u64* a = &run->regs[insn->a & (VM_REGS - 1)];
  vm_u64* none = &run->regs[(insn->a + 1u) & (VM_REGS - 1)];
  *a = 0;
  *none = 1;
  vm_u64 room = vm_masked(8ull * (vm_u32)insn->imm, 8 * VM_STACK_MAX);
  int got = bpf_get_stack(frame->event, stack->addresses, room, insn->b ? BPF_F_USER_STACK : 0);
  if (got <= 0) return VM_FAULT_none;
  vm_u32 depth = (vm_u32)got / 8;
  /* Two processes have different code at the same addresses. */
  stack->pid = insn->b ? run->pid_tgid >> 32 : 0;
  stack->is_user = insn->b != 0;
  vm_u64 number = VM_STACK_SEED(stack->pid, stack->is_user);
  for (vm_u32 i = 0; i < VM_STACK_MAX; i++) {
    if (i >= depth) break;
    number = VM_STACK_MIX(number, stack->addresses[i]);
  }
  stack->depth = depth;
  stack->reserved = 0;
  stack->time = vm_time(run);
  run->word[0] = number;
  if (!bpf_map_lookup_elem(&vm_stacks, &run->word[0])) {
    int error = bpf_map_update_elem(&vm_stacks, &run->word[0], stack, BPF_NOEXIST);
    if (error != 0 && error != -17 /* EEXIST */) return VM_FAULT_map_full;
  }
  *a = run->word[0];
  *none = 0;
  return VM_FAULT_none;
}

#endif
