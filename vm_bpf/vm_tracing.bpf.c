/* The interpreter for fentry and fexit, in an object of its own: the kernel's BTF must be there to
 * load one. Their target is fixed at load, so each is a program of its own with its cookie.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "interp.bpf.h"

/* Tracing helpers ask for a GPL-compatible licence. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("fentry")
int vm_fentry(void* context) { return vm_enter(context, vm_fixed_cookie); }

SEC("fexit")
int vm_fexit(void* context) { return vm_enter(context, vm_fixed_cookie); }
