/* The maps. The host shares them between the instances of this object, one for each program type
 * that it loads. No map of maps has an initial value: one costs an RCU grace period at load.
 *
 * Inner maps are declared by sizes, not types: 6.1 refuses an inner map without BTF (EINVAL) where
 * the template's value is a struct in BTF.
 */
#ifndef VM_MAPS_BPF_H
#define VM_MAPS_BPF_H

#include "run.bpf.h"

/* The code of each probe, by slot. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, VM_PROBES_MAX);
  __type(key, vm_u32);
  __array(
      values, struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(key_size, sizeof(vm_u32));
        __uint(value_size, sizeof(struct vm_probe));
        __uint(map_flags, BPF_F_MMAPABLE);
      });
} vm_code SEC(".maps");

/* The ring buffers that rows go to. The template's size is a multiple of every page size. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, VM_RINGS_MAX);
  __type(key, vm_u32);
  __array(
      values, struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 65536);
      });
} vm_rings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, VM_PROBES_MAX);
  __type(key, vm_u32);
  __type(value, struct vm_stats);
} vm_stats SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct vm_fault_key);
  __type(value, vm_u64);
} vm_faults SEC(".maps");

/* Unkeyed counters and sums; unkeyed tallies. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, VM_CELLS_MAX);
  __type(key, vm_u32);
  __type(value, vm_u64);
} vm_cells SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, VM_CELLS_MAX);
  __type(key, vm_u32);
  __type(value, struct vm_tally);
} vm_tally_cells SEC(".maps");

/* Which element of these a cell is at present: the host empties a cell by giving it another one, so
 * that what is added meanwhile is in either and in one only. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2 * VM_CELLS_MAX); /* cells, then tallies */
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, vm_u32);
  __type(value, vm_u32);
} vm_cell_places SEC(".maps");

/* Keyed maps: an outer map for each kind of value and key class, because an inner map may differ
 * from its template in max_entries only. Counts and sums; tallies; the closures' own values, which
 * all CPUs share, and such of them as drop what was used the longest ago. */
#define VM_OUTER(name, inner_type, key_bytes, value_bytes, flags) \
  struct {                                                        \
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                     \
    __uint(max_entries, VM_MAPS_MAX);                             \
    __type(key, vm_u32);                                          \
    __array(                                                      \
        values, struct {                                          \
          __uint(type, inner_type);                               \
          __uint(max_entries, 1);                                 \
          __uint(key_size, key_bytes);                            \
          __uint(value_size, value_bytes);                        \
          __uint(map_flags, flags);                               \
        });                                                       \
  } name SEC(".maps");
#define VM_KEYED(index, bytes)                                                                   \
  VM_OUTER(vm_keyed_##index, BPF_MAP_TYPE_PERCPU_HASH, bytes, sizeof(vm_u64), BPF_F_NO_PREALLOC) \
  VM_OUTER(vm_tallies_##index, BPF_MAP_TYPE_PERCPU_HASH, bytes, sizeof(struct vm_tally),         \
           BPF_F_NO_PREALLOC)                                                                    \
  VM_OUTER(vm_values_##index, BPF_MAP_TYPE_HASH, bytes, sizeof(vm_u64), BPF_F_NO_PREALLOC)       \
  VM_OUTER(vm_recent_##index, BPF_MAP_TYPE_LRU_HASH, bytes, sizeof(vm_u64), 0)
VM_KEY_CLASSES(VM_KEYED)
#undef VM_KEYED
#undef VM_OUTER

/* Stacks, by number. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VM_STACKS_MAX);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, vm_u64);
  __type(value, struct vm_stack);
} vm_stacks SEC(".maps");

/* Timers that are under way. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VM_TIMERS_MAX);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct vm_timer_key);
  __type(value, struct vm_timer);
} vm_timers SEC(".maps");

/* Scratch slots: the host sets max_entries to possible CPUs * VM_SCRATCH_PER_CPU before load. Not a
 * per-CPU array: a per-CPU value may not exceed 32 KB and the four slots of a CPU do. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, VM_SCRATCH_PER_CPU);
  __type(key, vm_u32);
  __type(value, struct vm_run);
} vm_scratch SEC(".maps");

/* Members of families (--follow). */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VM_RELATIVES_MAX);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct vm_relative);
  __type(value, vm_u32);
} vm_family SEC(".maps");

/* Runs that wait for the end of their system call (park.bpf.h). */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, VM_PARKED_MAX);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct vm_parked_key);
  __type(value, struct vm_parked);
} vm_parked SEC(".maps");

/* The control group that a probe asks for, by slot. */
struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
  __uint(max_entries, VM_PROBES_MAX);
  __uint(key_size, sizeof(vm_u32));
  __uint(value_size, sizeof(vm_u32));
} vm_cgroups SEC(".maps");

/* Set by the host before load; after that they are constants to the verifier. */
const volatile __u32 vm_hidden[2] = {};   /* process ids whose hits do not count; 0: none */
const volatile __u64 vm_fixed_cookie = 0; /* where the program type has no cookie of its own */
/* Device and inode of the host's pid namespace; 0: it is the kernel's first. */
const volatile __u64 vm_pid_namespace[2] = {};

#endif
