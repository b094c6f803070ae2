/* Runs at a system call's entry that met memory which is not there yet.
 *
 * A program may not fault a page in, and text that a process has not touched itself (a literal of a
 * program that has just started, a mapped file) is often not there when it is given to the kernel.
 * By the end of the call the kernel has read it. So a run that has done nothing yet is given up and
 * runs anew at that end, over a copy of the entry's context. Whatever it cannot read then is a
 * fault like any other.
 *
 * At most one run waits for a slot and a thread, and none from an earlier call: a thread's next hit
 * clears what an end has left that its program never saw.
 */
#ifndef VM_PARK_BPF_H
#define VM_PARK_BPF_H

#include "emit.bpf.h"
#include "maps.bpf.h"

static __always_inline struct vm_parked_key vm_parked_key_of(vm_u32 slot) {
  struct vm_parked_key key = {.slot = slot, .tid = bpf_get_current_pid_tgid()};
  return key;
}

/* Puts the run by; 0 where it has to go on here. */
static __always_inline int vm_park(const struct vm_frame* frame) {
  struct vm_run* run = frame->run;
  if (!run->parks) return 0;
  struct vm_parked_key key = vm_parked_key_of(frame->slot);
  VM_STATIC_ASSERT(sizeof(struct vm_parked) <= sizeof run->slice, "it is put together there");
  struct vm_parked* parked = (struct vm_parked*)run->slice;
  if (bpf_probe_read_kernel(parked->context, VM_PARKED_BYTES, (const void*)run->context) < 0)
    return 0;
  parked->time = vm_time(run);
  parked->site = run->site;
  parked->reserved = 0;
  int error = bpf_map_update_elem(&vm_parked, &key, parked, BPF_ANY);
  return error == 0;
}

/* The run that waits for the end of this thread's system call, or null. */
static __always_inline struct vm_parked* vm_find_parked(vm_u32 slot) {
  struct vm_parked_key key = vm_parked_key_of(slot);
  return bpf_map_lookup_elem(&vm_parked, &key);
}

/* Whether there was one. */
static __always_inline int vm_forget_parked(vm_u32 slot) {
  struct vm_parked_key key = vm_parked_key_of(slot);
  int error = bpf_map_delete_elem(&vm_parked, &key);
  return error == 0;
}

#endif
