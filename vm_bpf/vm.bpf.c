/* The programs: the interpreter once for each BPF program type. The host loads the types that its
 * probes need and shares the maps between them; a probe's link carries its slot in the cookie.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "interp.bpf.h"

/* Tracing helpers ask for a GPL-compatible licence. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define VM_ENTRY(name, section) \
  SEC(section)                  \
  int name(void* context) { return vm_enter(context, bpf_get_attach_cookie(context)); }

VM_ENTRY(vm_tracepoint, "tracepoint")
VM_ENTRY(vm_kprobe, "kprobe")
VM_ENTRY(vm_perf_event, "perf_event")

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/* A program of its own, although its type is kprobe's: uprobe programs run preemptibly, and from
 * 6.13 on x86 a program's stack frame belongs to the program and the CPU. A second task on the same
 * CPU would find, and change, the pointers that the first one spilled there. So nothing runs
 * between where the kernel lets us say so (6.10), and nothing here is a global function, whose
 * call 6.10 and later refuse while preemption is off. */
SEC("uprobe")
int vm_uprobe(void* context) {
  if (bpf_preempt_disable) bpf_preempt_disable();
  vm_enter(context, bpf_get_attach_cookie(context));
  if (bpf_preempt_enable) bpf_preempt_enable();
  return 0;
}

/* Raw tracepoints have a cookie from 6.10 only: each is a program of its own, told its slot at
 * load. */
SEC("raw_tp")
int vm_raw_tp(void* context) { return vm_enter(context, vm_fixed_slot); }
