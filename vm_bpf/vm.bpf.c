/* The programs: the interpreter once for each BPF program type; vm_uprobe.bpf.c has the one for
 * uprobes. The host loads the types that its probes need and shares the maps between them; a
 * probe's link carries its slot in the cookie.
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

/* Raw tracepoints have a cookie from 6.10 only: each is a program of its own, told its slot at
 * load. */
SEC("raw_tp")
int vm_raw_tp(void* context) { return vm_enter(context, vm_fixed_slot); }
