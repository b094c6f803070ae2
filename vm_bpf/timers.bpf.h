/* Timers: for each thread a stack of starts that wait for their stops, so that a function that
 * calls itself has each of its calls timed.
 *
 * A thread changes its own stacks only, and what interrupts it is over before it goes on: plain
 * stores will do. A thread that ends between a start and its stop leaves a stack behind; whoever
 * gets its number next has another task structure, and begins anew.
 */
#ifndef VM_TIMERS_BPF_H
#define VM_TIMERS_BPF_H

#include "emit.bpf.h"
#include "maps.bpf.h"

static __always_inline struct vm_timer_key vm_timer_of(const struct vm_run* run, vm_s32 timer) {
  struct vm_timer_key key = {.timer = timer < 0 ? VM_SITE_FUNCTION(run->site) : (vm_u32)timer,
                             .tid = bpf_get_current_pid_tgid()};
  return key;
}

/* timer.start */
static __always_inline vm_u32 vm_timer_start(struct vm_run* run, const struct vm_bank* bank,
                                             const struct vm_insn* insn) {
  struct vm_timer_key key = vm_timer_of(run, insn->imm);
  struct vm_timer* timer = vm_value_at(&vm_timers, &key, vm_zeros(bank));
  if (!timer) return VM_FAULT_map_full;
  vm_u64 task = bpf_get_current_task();
  if (timer->task != task) timer->depth = 0;
  timer->task = task;
  vm_u64 depth = timer->depth;
  if (depth >= VM_TIMER_DEPTH) return VM_FAULT_timer_depth;
  timer->starts[vm_masked(depth, VM_TIMER_DEPTH - 1)] = vm_time(run);
  timer->depth = depth + 1;
  return VM_FAULT_none;
}

/* timer.stop */
static __always_inline vm_u32 vm_timer_stop(struct vm_run* run, const struct vm_insn* insn) {
  struct vm_timer_key key = vm_timer_of(run, insn->imm);
  struct vm_timer* timer = bpf_map_lookup_elem(&vm_timers, &key);
  vm_u64* a = &run->regs[insn->a & (VM_REGS - 1)];
  vm_u64* none = &run->regs[(insn->a + 1u) & (VM_REGS - 1)];
  *a = 0;
  *none = 1;
  if (!timer || timer->task != bpf_get_current_task() || timer->depth == 0) return VM_FAULT_none;
  vm_u64 depth = timer->depth - 1;
  *a = vm_time(run) - timer->starts[vm_masked(depth, VM_TIMER_DEPTH - 1)];
  *none = 0;
  timer->depth = depth;
  if (depth == 0) bpf_map_delete_elem(&vm_timers, &key);
  return VM_FAULT_none;
}

#endif
