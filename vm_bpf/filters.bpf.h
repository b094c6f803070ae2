/* Whom a probe asks about, decided before its closure runs: nothing is claimed and nothing counted
 * for a hit that is not wanted.
 */
#ifndef VM_FILTERS_BPF_H
#define VM_FILTERS_BPF_H

#include "maps.bpf.h"
#include "strings.bpf.h"

/* The process and thread ids of the current task as the host sees them. Where the host lives in a
 * pid namespace of its own, tasks outside of it have no number there and are 0. */
static __always_inline vm_u64 vm_pid_tgid(void) {
  if (vm_pid_namespace[1] == 0) return bpf_get_current_pid_tgid();
  struct bpf_pidns_info info = {};
  if (bpf_get_ns_current_pid_tgid(vm_pid_namespace[0], vm_pid_namespace[1], &info, sizeof info) < 0)
    return 0;
  return (vm_u64)info.tgid << 32 | info.pid;
}

/* Is the current process of the family, and do its own hits count? `pid` is the host's number of
 * it. */
static __always_inline int vm_is_relative(vm_u32 family, vm_u32 pid) {
  struct vm_relative key = {.family = family, .pid = bpf_get_current_pid_tgid() >> 32};
  if (bpf_map_lookup_elem(&vm_family, &key)) return 1;
  key.family = family | VM_FAMILY_NAMED;
  key.pid = pid;
  const vm_u32* counts = bpf_map_lookup_elem(&vm_family, &key);
  return counts && *counts != 0;
}

static __always_inline int vm_is_called(const struct vm_probe* probe) {
  struct {
    vm_u64 words[VM_COMM_BYTES / 8];
  } name = {};
  const vm_u64* wanted = (const vm_u64*)probe->comm;
  vm_comm((vm_u8*)&name);
  return name.words[0] == wanted[0] && name.words[1] == wanted[1];
}

static __always_inline int vm_is_listed(const struct vm_probe* probe, vm_u32 pid) {
  vm_u32 count = probe->pid_count;
  for (vm_u32 i = 0; i < VM_PIDS_MAX; i++) {
    if (i >= count) return 0;
    if (probe->pids[i] == pid) return 1;
  }
  return 0;
}

/* Is the probe on its way out? */
static __always_inline int vm_is_deaf(const struct vm_probe* probe) {
  return (*(const volatile vm_u32*)&probe->filters & VM_FILTER_NOBODY) != 0;
}

/* Is the hit one that this probe does not show? */
static __always_inline int vm_is_filtered(const struct vm_probe* probe, vm_u32 slot, vm_u32 pid) {
  vm_u32 filters = *(const volatile vm_u32*)&probe->filters;
  if (filters == 0) return 0;
  if (filters & VM_FILTER_NOBODY) return 1;
  if (filters & VM_FILTER_SELF)
    for (int i = 0; i < 2; i++)
      if (vm_hidden[i] != 0 && vm_hidden[i] == pid) return 1;
  if (filters & VM_FILTER_PIDS && !vm_is_listed(probe, pid)) return 1;
  if (filters & VM_FILTER_FAMILY && !vm_is_relative(probe->family, pid)) return 1;
  if (filters & VM_FILTER_COMM && !vm_is_called(probe)) return 1;
  if (filters & VM_FILTER_CGROUP && bpf_current_task_under_cgroup(&vm_cgroups, slot) != 1) return 1;
  return 0;
}

#endif
