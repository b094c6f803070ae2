/* Who belongs to a probe's family (--follow): two small programs that run where processes come and
 * go. A child is in the family before it has run its first instruction.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "filters.bpf.h"

/* Tracing helpers ask for a GPL-compatible licence. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile __u32 vm_one_family = 0;
const volatile __u32 vm_task_pid = 0; /* offsets in struct task_struct */
const volatile __u32 vm_task_tgid = 0;

static __always_inline vm_u32 vm_read_id(__u64 task, vm_u32 offset) {
  vm_u32 id = 0;
  bpf_probe_read_kernel(&id, sizeof id, (const char*)task + offset);
  return id;
}

/* Arguments: the parent, the child. The parent is the current task, or the one that the current
 * task asked the kernel to make the parent; whoever forks passes its family on. */
SEC("raw_tp/sched_process_fork")
int vm_fork(__u64* context) {
  vm_u32 own = bpf_get_current_pid_tgid() >> 32;
  vm_u32 child = vm_read_id(context[1], vm_task_tgid);
  if (child == 0 || child == own) return 0; /* a thread */
  struct vm_relative key = {.family = vm_one_family, .pid = own};
  if (!bpf_map_lookup_elem(&vm_family, &key)) {
    key.family = vm_one_family | VM_FAMILY_NAMED;
    key.pid = vm_pid_tgid() >> 32;
    if (!bpf_map_lookup_elem(&vm_family, &key)) return 0;
  }
  vm_u32 counts = 1;
  key.family = vm_one_family;
  key.pid = child;
  bpf_map_update_elem(&vm_family, &key, &counts, BPF_ANY);
  return 0;
}

/* The last of a process is its first thread: when the kernel lets go of that one, nothing of the
 * process can hit a probe any more. */
SEC("raw_tp/sched_process_free")
int vm_reap(__u64* context) {
  vm_u32 pid = vm_read_id(context[0], vm_task_pid);
  if (pid == 0 || pid != vm_read_id(context[0], vm_task_tgid)) return 0;
  struct vm_relative key = {.family = vm_one_family, .pid = pid};
  bpf_map_delete_elem(&vm_family, &key);
  key.family |= VM_FAMILY_NAMED;
  if (vm_pid_namespace[1] == 0) bpf_map_delete_elem(&vm_family, &key);
  return 0;
}
