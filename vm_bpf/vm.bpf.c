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

/* On the ends of system calls whose entries have a probe that parks. */
SEC("tracepoint")
int vm_tracepoint_end(void* context) { return vm_resume(context, bpf_get_attach_cookie(context)); }

/* Raw tracepoints have a cookie from 6.10 only, and the kernel's guard against recursion is of a
 * program: each target has a program of its own, told its cookie at load. */
SEC("raw_tp")
int vm_raw_tp(void* context) { return vm_enter(context, vm_fixed_cookie); }

/* Cookies by system call number: one program stands for any number of tracepoints. 0: none. */
const volatile __u64 vm_syscalls[VM_SYSCALLS_MAX] = {};
const volatile __u32 vm_syscall_number = 0; /* where struct pt_regs has it */
/* A task that made a call of another architecture's table: a word of struct pt_regs, which bits of
 * it, and what they are in a native call. The kernel's own tracepoints leave those out, too. */
const volatile __u32 vm_native[3] = {};

/* The cookie of a call that a task has made; 0: nobody asks for it. */
static __always_inline vm_u64 vm_cookie_of_call(const char* registers) {
  vm_s32 number = -1;
  if (bpf_probe_read_kernel(&number, sizeof number, registers + vm_syscall_number) < 0) return 0;
  if (number < 0 || number >= VM_SYSCALLS_MAX) return 0;
  vm_u64 cookie = vm_syscalls[number & (VM_SYSCALLS_MAX - 1)];
  if (cookie == 0) return 0;
  vm_u32 mode = 0;
  if (bpf_probe_read_kernel(&mode, sizeof mode, registers + vm_native[0]) < 0) return 0;
  return (mode & vm_native[1]) == vm_native[2] ? cookie : 0;
}

SEC("raw_tp")
int vm_syscall(__u64* context) {
  vm_u64 cookie = vm_cookie_of_call((const char*)context[0]);
  return cookie == 0 ? 0 : vm_enter(context, cookie);
}

SEC("raw_tp")
int vm_syscall_end(__u64* context) {
  vm_u64 cookie = vm_cookie_of_call((const char*)context[0]);
  return cookie == 0 ? 0 : vm_resume(context, cookie);
}
