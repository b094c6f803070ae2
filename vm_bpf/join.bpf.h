/* The texts behind an array of pointers, one after another: what `argv` is to a program.
 *
 * A loop of its own with a text a turn. Where it stands lies in the run, not on the stack, as for
 * all loops here; a text is read where it stays, into what room the ones before it have left.
 */
#ifndef VM_JOIN_BPF_H
#define VM_JOIN_BPF_H

#include "strings.bpf.h"

/* joining.after: what has ended the texts */
enum { VM_JOIN_CUT, VM_JOINED /* a null pointer */, VM_UNREAD };

struct vm_join {
  struct vm_run* run;
  vm_u8* to;
  vm_u64 pointers; /* the address of the array */
  vm_u64 capacity; /* 1 to VM_STR_MAX */
  vm_u64 between;  /* the length of what stands between, in the slice */
};

/* The next text; 1 after the last one. */
static long vm_join_next(vm_u32 index, void* context) {
  const struct vm_join* join = context;
  struct vm_run* run = join->run;
  struct vm_joining* joining = &run->joining;
  vm_u64 capacity = join->capacity, length = joining->length;
  vm_u64 address = join->pointers + 8ull * index;
  if (vm_read(run->word, 8, address) < 0) {
    joining->after = VM_UNREAD;
    joining->failed_at = address;
    return 1;
  }
  address = run->word[0];
  if (address == 0) {
    joining->after = VM_JOINED;
    return 1;
  }
  joining->texts = index + 1;
  if (index > 0) {
    vm_u64 room = capacity - 1 - length;
    vm_u64 more = join->between < room ? join->between : room;
    vm_copy(join->to + vm_masked(length, VM_STR_MASK), vm_masked(more, VM_STR_MASK), run->slice);
    length += more;
  }
  vm_u64 room = vm_masked(capacity - length, 2 * VM_STR_MAX - 1);
  if (room == 0 || room > VM_STR_MAX) return 1;
  vm_u8* to = join->to + vm_masked(length, VM_STR_MASK);
  int with_nul;
  if (vm_is_kernel(address))
    with_nul = bpf_probe_read_kernel_str(to, room, (const void*)address);
  else
    with_nul = bpf_probe_read_user_str(to, room, (const void*)address);
  if (with_nul < 0) {
    joining->after = VM_UNREAD;
    joining->failed_at = address;
    return 1;
  }
  if (with_nul == 0) with_nul = 1; /* as in vm_text_read */
  joining->length = length + with_nul - 1;
  return (vm_u64)with_nul == room;
}

/* str.join. Whatever ends the loop but a null pointer or a failed read has cut the text. */
static __always_inline vm_u32 vm_text_join(struct vm_run* run, const struct vm_bank* bank,
                                           const struct vm_insn* insn) {
  struct vm_text between;
  vm_u64 capacity = (vm_u32)insn->imm;
  if (!vm_text_of(run, run->regs[(insn->c + 1) & (VM_REGS - 1)], &between))
    return VM_FAULT_bad_program;
  if (capacity == 0 || capacity > VM_STR_MAX) return VM_FAULT_bad_program;
  struct vm_join join = {.run = run,
                         .to = vm_heap(run, insn->b),
                         .pointers = run->regs[insn->c & (VM_REGS - 1)],
                         .capacity = capacity,
                         .between = between.length};
  /* It may lie where the text is made. */
  vm_slice(run, bank, between.bytes, between.length);
  run->joining.texts = run->joining.length = 0;
  run->joining.after = VM_JOIN_CUT;
  bpf_loop(VM_JOIN_MAX, vm_join_next, &join, 0);
  vm_u64 after = run->joining.after;
  if (after == VM_UNREAD) return vm_null_text(run, insn, run->joining.failed_at);
  vm_finish_text(run, bank, insn, run->joining.length);
  vm_spend(run, run->joining.texts * VM_BLOCK);
  return after == VM_JOINED ? VM_FAULT_none : VM_FAULT_string_cut;
}

#endif
