/* The interpreter for uprobes, in an object of its own: its two kernel functions make libbpf parse
 * the kernel's BTF (14 ms), which must be there; the other program types need none.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "interp.bpf.h"

/* Tracing helpers ask for a GPL-compatible licence. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

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
