/* What <bpf/bpf_helpers.h> is to the kernel's interpreter, for a build of the same sources as
 * ordinary code: map declarations that compile, and helpers that are functions of this process
 * (native_engine.cpp).
 */
#ifndef TESTS_KERNEL_NATIVE_SHIM_H
#define TESTS_KERNEL_NATIVE_SHIM_H

#include <stdint.h>

typedef uint32_t __u32;
typedef uint64_t __u64;
struct bpf_pidns_info {
  __u32 pid;
  __u32 tgid;
};

/* These are functions of libbpf as well; a process may have both. */
#define bpf_map_lookup_elem native_map_lookup_elem
#define bpf_map_update_elem native_map_update_elem
#define bpf_map_delete_elem native_map_delete_elem
#define bpf_for_each_map_elem native_for_each_map_elem

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, type) __typeof__(type)* name
#define __array(name, type) __typeof__(type)* name[]
#define barrier() __asm__ volatile("" ::: "memory")
#define barrier_var(variable) __asm__ volatile("" : "+r"(variable))

enum {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_HASH = 5,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_CGROUP_ARRAY = 8,
  BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_F_NO_PREALLOC = 1,
  BPF_F_MMAPABLE = 1 << 10,
  BPF_ANY = 0,
  BPF_NOEXIST = 1,
  BPF_F_USER_STACK = 1 << 8,
};

#ifdef __cplusplus
extern "C" {
#endif

void* bpf_map_lookup_elem(void* map, const void* key);
long bpf_map_update_elem(void* map, const void* key, const void* value, uint64_t flags);
long bpf_map_delete_elem(void* map, const void* key);
long bpf_for_each_map_elem(void* map, long (*body)(void*, const void*, const void*, void*),
                           void* context, uint64_t flags);
long bpf_probe_read_kernel(void* to, uint32_t size, const void* from);
long bpf_probe_read_user(void* to, uint32_t size, const void* from);
long bpf_probe_read_kernel_str(void* to, uint32_t size, const void* from);
long bpf_probe_read_user_str(void* to, uint32_t size, const void* from);
long bpf_loop(uint32_t turns, long (*body)(uint32_t, void*), void* context, uint64_t flags);
long bpf_get_stack(void* context, void* to, uint32_t size, uint64_t flags);
long bpf_ringbuf_output(void* ring, void* data, uint64_t size, uint64_t flags);
long bpf_get_current_comm(void* to, uint32_t size);
uint64_t bpf_get_current_pid_tgid(void);
long bpf_get_ns_current_pid_tgid(uint64_t device, uint64_t inode, struct bpf_pidns_info* info,
                                 uint32_t size);
long bpf_current_task_under_cgroup(void* map, uint32_t index);
uint64_t bpf_get_current_uid_gid(void);
uint64_t bpf_get_current_task(void);
uint64_t bpf_get_current_cgroup_id(void);
uint64_t bpf_ktime_get_ns(void);
uint32_t bpf_get_smp_processor_id(void);
uint32_t bpf_get_prandom_u32(void);

#ifdef __cplusplus
}
#endif

#endif
