/* Rows: built in scratch, then copied to the ring buffer in one piece (as cheap as a reservation,
 * which would need sizes known to the verifier). run->row.length is what the payload has so far.
 */
#ifndef VM_EMIT_BPF_H
#define VM_EMIT_BPF_H

#include "maps.bpf.h"
#include "strings.bpf.h"

/* One time for the whole event, read when first asked for: the clock is the dearest helper. */
static __always_inline vm_u64 vm_time(struct vm_run* run) {
  if (run->time == 0) run->time = bpf_ktime_get_ns();
  return run->time;
}

/* row.begin */
static __always_inline void vm_row_begin(struct vm_run* run, const struct vm_insn* insn) {
  run->row.site = insn->imm;
  run->row.length = 0;
  run->row.nulls = 0;
  run->fields = 0;
}

/* Appends 8 bytes; 0 if the row is full. */
static __always_inline int vm_row_word(struct vm_run* run, vm_u64 word) {
  vm_u64 used = run->row.length;
  if (used > VM_ROW_MAX - 8) return 0;
  *(vm_u64*)(run->payload + vm_masked(used, VM_ROW_MAX - 8)) = word;
  run->row.length = used + 8;
  run->fields++;
  return 1;
}

/* row.str */
static __always_inline vm_u32 vm_row_str(struct vm_run* run, const struct vm_insn* insn) {
  struct vm_text text;
  if (!vm_text_of(run, run->regs[insn->a & (VM_REGS - 1)], &text)) return VM_FAULT_bad_program;
  vm_u64 used = run->row.length;
  vm_u64 room = used + 8 < VM_ROW_TEXT_END ? VM_ROW_TEXT_END - 8 - used : 0;
  vm_u64 length = text.length < room ? text.length : room;
  if (text.is_null) run->row.nulls |= 1ull << (run->fields & 63);
  if (!vm_row_word(run, length)) return VM_FAULT_bad_program;
  length = vm_masked(length, VM_STR_MASK);
  vm_u64 padded = (length + 7) & ~7ull;
  vm_copy(run->payload + 8 + vm_masked(used, VM_ROW_MAX - 8), padded, text.bytes);
  run->row.length = used + 8 + padded;
  vm_spend(run, length);
  return length < text.length ? VM_FAULT_string_cut : VM_FAULT_none;
}

/* row.send. `rows` counts what was produced, `lost` what of it the ring buffer had no room for. */
static __always_inline vm_u32 vm_row_send(const struct vm_frame* frame, struct vm_run* run) {
  vm_u64 length = run->row.length;
  if (length > VM_ROW_MAX) return VM_FAULT_bad_program;
  run->row.generation = frame->bank->generation;
  run->row.slot = frame->slot;
  run->row.place = run->site;
  run->row.reserved = 0;
  run->row.time = vm_time(run);
  run->row.pid = run->pid_tgid >> 32;
  run->row.tid = run->pid_tgid;
  run->row.cpu = bpf_get_smp_processor_id();
  vm_comm(run->row.comm);
  __sync_fetch_and_add(&frame->stats->rows, 1);
  vm_u32 slot = frame->probe->ring;
  void* ring = bpf_map_lookup_elem(&vm_rings, &slot);
  if (!ring || bpf_ringbuf_output(ring, &run->row, sizeof(run->row) + length, 0) < 0)
    __sync_fetch_and_add(&frame->stats->lost, 1);
  return VM_FAULT_none;
}

#endif
