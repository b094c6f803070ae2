/* The interpreter: the way into a run, its loop, and the hot tier. README.md has the picture.
 *
 * A program comes here with its event's address and a slot. The slot's probe says who is filtered
 * and which bank holds the code; a scratch slot is claimed; the loop runs; the slot is released.
 * Every index is masked and every size bounded, so that whatever lies in a bank is harmless.
 */
#ifndef VM_INTERP_BPF_H
#define VM_INTERP_BPF_H

#include "aggregate.bpf.h"
#include "arith.bpf.h"
#include "emit.bpf.h"
#include "filters.bpf.h"
#include "join.bpf.h"
#include "park.bpf.h"
#include "remake.bpf.h"
#include "search.bpf.h"
#include "stacks.bpf.h"
#include "timers.bpf.h"
#include "values.bpf.h"

enum {
  VM_HOT_STEPS = 4,               /* of one turn; then one heavy one */
  VM_TURNS_MAX = VM_FUEL_MAX + 1, /* the most that bpf_loop takes; a turn spends a step or more */
};

/* What a tier did with an instruction; below VM_FAULTS it is the fault that the instruction met. */
enum {
  VM_NEXT = VM_FAULT_none,
  VM_NOT_MINE = VM_FAULTS,
  VM_END,
};

enum {
  VM_FAULTS_ENDING = 0
#define FAULT(name, code, ends_run, sentence) | (ends_run) << (code)
#include "../bytecode/faults.def"
#undef FAULT
};

/* One instruction of the hot tier: registers, jumps, the context. *pc goes to the next one. */
static __always_inline vm_u32 vm_hot(struct vm_run* run, const struct vm_bank* bank,
                                     const struct vm_insn* insn, vm_u32* pc) {
  vm_u64* a = &run->regs[insn->a & (VM_REGS - 1)];
  const vm_u64* b = &run->regs[insn->b & (VM_REGS - 1)];
  const vm_u64* c = &run->regs[insn->c & (VM_REGS - 1)];
  vm_s64 imm = insn->imm;
  vm_u32 next = *pc + 1;
  vm_u32 after = VM_NEXT;
  vm_u64 unused;

  switch (insn->op) {
    case VM_OP_exit:
      after = VM_END;
      break;
    case VM_OP_jmp:
      next = imm;
      break;
    case VM_OP_jz:
      if (*a == 0) next = imm;
      break;
    case VM_OP_jnz:
      if (*a != 0) next = imm;
      break;
#define VM_BRANCH(name, relation)                                       \
  case VM_OP_##name:                                                    \
    if ((vm_s64)*a relation imm) next = insn->b | (vm_u32)insn->c << 8; \
    break;
      VM_BRANCH(jeqi, ==)
      VM_BRANCH(jnei, !=)
      VM_BRANCH(jlti, <)
      VM_BRANCH(jlei, <=)
      VM_BRANCH(jgti, >)
      VM_BRANCH(jgei, >=)
#undef VM_BRANCH
    case VM_OP_trap:
      after = imm & (VM_FAULTS - 1);
      break;

    case VM_OP_mov:
      *a = *b;
      break;
    case VM_OP_ldi:
      *a = imm;
      break;
    case VM_OP_ldk:
      *a = *(const vm_u64*)(bank->pool + vm_masked(imm, VM_POOL_WORD_MASK));
      break;

    case VM_OP_add:
      after = vm_add(*b, *c, a);
      break;
    case VM_OP_sub:
      after = vm_subtract(*b, *c, a);
      break;
    case VM_OP_mul:
      after = vm_multiply(*b, *c, a);
      break;
    case VM_OP_div:
      after = vm_divide(*b, *c, a, &unused);
      break;
    case VM_OP_mod:
      after = vm_divide(*b, *c, &unused, a);
      break;
    case VM_OP_addi:
      after = vm_add(*b, imm, a);
      break;
    case VM_OP_bits:
      *a = vm_bits(*b, insn->imm);
      break;
    case VM_OP_log2:
      *a = vm_log2(*b, imm);
      break;
    case VM_OP_bswap:
      *a = vm_swap_bytes(*b, insn->c);
      break;
    case VM_OP_band:
      *a = *b & *c;
      break;
    case VM_OP_bor:
      *a = *b | *c;
      break;
    case VM_OP_bxor:
      *a = *b ^ *c;
      break;
    case VM_OP_shl:
      if (*c > 63)
        after = VM_FAULT_shift_range;
      else
        *a = *b << (*c & 63);
      break;
    case VM_OP_shr:
      if (*c > 63)
        after = VM_FAULT_shift_range;
      else
        *a = (vm_s64)*b >> (*c & 63);
      break;

    case VM_OP_eq:
      *a = *b == *c;
      break;
    case VM_OP_ne:
      *a = *b != *c;
      break;
    case VM_OP_lt:
      *a = (vm_s64)*b < (vm_s64)*c;
      break;
    case VM_OP_le:
      *a = (vm_s64)*b <= (vm_s64)*c;
      break;
    case VM_OP_not:
      *a = *b == 0;
      break;
    case VM_OP_isnull:
      *a = *b == VM_STR_NULL;
      break;
    case VM_OP_str_len:
      *a = *b == VM_STR_NULL ? 0 : *b & 0xffff;
      break;

    case VM_OP_ld_pid:
      *a = run->pid_tgid >> 32;
      break;
    case VM_OP_ld_tid:
      *a = (vm_u32)run->pid_tgid;
      break;
    case VM_OP_ld_uid:
      *a = (vm_u32)bpf_get_current_uid_gid();
      break;
    case VM_OP_ld_gid:
      *a = bpf_get_current_uid_gid() >> 32;
      break;
    case VM_OP_ld_cpu:
      *a = bpf_get_smp_processor_id();
      break;
    case VM_OP_ld_time:
      *a = vm_time(run);
      break;
    case VM_OP_ld_task:
      *a = bpf_get_current_task();
      break;
    case VM_OP_ld_cgroup:
      *a = bpf_get_current_cgroup_id();
      break;
    case VM_OP_ld_site:
      *a = run->site;
      break;
    case VM_OP_ld_ctx: {
      vm_u64 size = vm_masked(insn->b, 15);
      const void* from = (const void*)(run->context + (vm_u32)imm);
      if (bpf_probe_read_kernel(run->word, size, from) < 0) {
        *a = 0;
        after = VM_FAULT_bad_read;
      } else {
        *a = vm_extend(run, size, insn->c);
      }
      break;
    }

    case VM_OP_key_int:
      *(vm_u64*)(run->key + vm_masked(imm, VM_KEY_WORD_MASK)) = *a;
      break;
    case VM_OP_key_null:
      if (*a != 0) *(vm_u64*)run->key |= 1ull << (imm & 63);
      break;
    case VM_OP_ld_key:
      *a = *(vm_u64*)(run->key + vm_masked(imm, VM_KEY_WORD_MASK));
      break;
    case VM_OP_row_begin:
      vm_row_begin(run, insn);
      break;
    case VM_OP_row_int:
      after = vm_row_word(run, *a) ? VM_NEXT : VM_FAULT_bad_program;
      break;
    case VM_OP_row_null:
      if (*a != 0) run->row.nulls |= 1ull << (imm & 63);
      break;
    default:
      return VM_NOT_MINE;
  }
  if (after == VM_NEXT) *pc = next & VM_CODE_MASK;
  return after;
}

/* One instruction of the heavy tier: whatever calls a helper that is long to verify. */
static __always_inline vm_u32 vm_heavy(const struct vm_frame* frame, struct vm_run* run,
                                       const struct vm_bank* bank, const struct vm_insn* insn) {
  switch (insn->op) {
    case VM_OP_pow:
      return vm_power(run->regs[insn->b & (VM_REGS - 1)], run->regs[insn->c & (VM_REGS - 1)],
                      &run->regs[insn->a & (VM_REGS - 1)]);
    case VM_OP_rand:
      return vm_random(run, insn);
    case VM_OP_ld_mem:
      return vm_load(run, insn);
    case VM_OP_str_comm:
      return vm_text_comm(run, bank, insn);
    case VM_OP_str_ctx:
      return vm_text_context(run, bank, insn);
    case VM_OP_str_loc:
      return vm_text_loc(run, bank, insn);
    case VM_OP_str_read:
      return vm_text_read(run, bank, insn);
    case VM_OP_str_mem:
    case VM_OP_str_bytes:
      return vm_text_bytes(run, bank, insn);
    case VM_OP_str_join:
      return vm_text_join(run, bank, insn);
    case VM_OP_str_lit:
      return vm_text_literal(run, bank, insn);
    case VM_OP_str_eqk:
      return vm_text_equals(run, bank, insn);
    case VM_OP_str_cmp:
      return vm_text_compare(run, insn);
    case VM_OP_str_find:
    case VM_OP_str_starts:
    case VM_OP_str_ends:
      return vm_text_find(run, bank, insn);
    case VM_OP_str_sub:
    case VM_OP_str_lower:
    case VM_OP_str_upper:
    case VM_OP_str_trim:
      return vm_text_remake(run, bank, insn);
    case VM_OP_key_zero:
      return vm_key_zero(run, bank, insn);
    case VM_OP_key_str:
      return vm_key_str(run, bank, insn);
    case VM_OP_key_comm:
      return vm_key_comm(run, insn);
    case VM_OP_str_key:
      return vm_text_key(run, bank, insn);
    case VM_OP_count:
      run->parks = 0;
      return vm_count(run, insn);
    case VM_OP_count_cell:
      run->parks = 0;
      return vm_count_cell(insn);
    case VM_OP_sum:
      run->parks = 0;
      return vm_sum(run, bank, insn);
    case VM_OP_sum_cell:
      run->parks = 0;
      return vm_sum_cell(run, insn);
    case VM_OP_tally:
      run->parks = 0;
      return vm_tally(run, bank, insn);
    case VM_OP_tally_cell:
      run->parks = 0;
      return vm_tally_cell(run, insn);
    case VM_OP_map_get:
    case VM_OP_map_put:
    case VM_OP_map_add:
    case VM_OP_map_delete:
      if (insn->op != VM_OP_map_get) run->parks = 0;
      return vm_value(run, bank, insn);
    case VM_OP_map_next:
      return vm_next_entry(run, bank, insn);
    case VM_OP_stack:
      return vm_take_stack(frame, run, insn);
    case VM_OP_timer_start:
      run->parks = 0;
      return vm_timer_start(run, bank, insn);
    case VM_OP_timer_stop:
      run->parks = 0;
      return vm_timer_stop(run, insn);
    case VM_OP_row_str:
      return vm_row_str(run, insn);
    case VM_OP_row_send:
      run->parks = 0;
      return vm_row_send(frame, run);
    default:
      return VM_NOT_MINE;
  }
}

static __always_inline void vm_note_fault(const struct vm_frame* frame, vm_u32 pc, vm_u32 kind) {
  struct vm_fault_key key = {
      .slot = frame->slot, .generation = frame->bank->generation, .pc = pc, .kind = kind};
  frame->run->parks = 0;
  __sync_fetch_and_add(&frame->stats->faults[kind & (VM_FAULTS - 1)], 1);
  vm_add_one(&vm_faults, &key);
}

/* One turn of the loop: up to VM_HOT_STEPS instructions of the hot tier, then at most one of the
 * heavy tier. 1 ends the run. */
static long vm_turn(vm_u32 index, void* context) {
  const struct vm_frame* frame = context;
  struct vm_run* run = frame->run;
  const struct vm_bank* bank = frame->bank;
  vm_u32 pc = run->pc & VM_CODE_MASK;
  vm_u32 after = VM_NEXT;
  (void)index;

  for (int step = 0; step < VM_HOT_STEPS; step++) {
    if (run->fuel == 0) {
      after = VM_FAULT_fuel;
      goto stopped;
    }
    after = vm_hot(run, bank, &bank->code[pc], &pc);
    if (after == VM_NOT_MINE) break;
    run->fuel--;
    if (after != VM_NEXT) goto stopped;
  }

  /* After a full round of hot steps the next instruction may be of either tier. */
  vm_u32 round_full = after == VM_NEXT;
  if (run->fuel != 0) {
    run->fuel--;
    after = vm_heavy(frame, run, bank, &bank->code[pc]);
    if (after == VM_FAULT_bad_read && vm_park(frame)) return 1;
    if (after == VM_NEXT) {
      pc++;
    } else if (after == VM_NOT_MINE && round_full) {
      run->fuel++;
      after = VM_NEXT;
    } else if (after == VM_NOT_MINE) {
      after = VM_FAULT_bad_program;
    }
  }

stopped:
  if (after == VM_END) return 1;
  if (after != VM_NEXT) {
    vm_note_fault(frame, pc, after);
    if (VM_FAULTS_ENDING >> (after & (VM_FAULTS - 1)) & 1) return 1;
    pc++;
  }
  run->pc = pc;
  return 0;
}

/* A free scratch slot of this CPU, now this run's, or null. It is needed in every program type: a
 * run can be preempted (uprobe) or interrupted by another type's on the same CPU. */
static __always_inline struct vm_run* vm_claim(void) {
  vm_u32 first = bpf_get_smp_processor_id() * VM_SCRATCH_PER_CPU;
  for (vm_u32 i = 0; i < VM_SCRATCH_PER_CPU; i++) {
    vm_u32 slot = first + i;
    struct vm_run* run = bpf_map_lookup_elem(&vm_scratch, &slot);
    if (!run) return 0;
    if (__sync_val_compare_and_swap(&run->busy, 0, 1) == 0) return run;
  }
  return 0;
}

/* Programs do not migrate while they run, so only this CPU looks at the slot: a plain store will
 * do, after everything before it. */
static __always_inline void vm_release(struct vm_run* run) {
  barrier();
  *(volatile vm_u32*)&run->busy = 0;
}

/* Runs the closure of a slot on an event: on a hit, or, with `parked`, for one that was put by. */
static __always_inline void vm_run_closure(void* event, vm_u32 slot, vm_u32 site, vm_u64 context,
                                           const struct vm_parked* parked) {
  vm_u32 only = 0;
  void* code = bpf_map_lookup_elem(&vm_code, &slot);
  if (!code) return;
  const struct vm_probe* probe = bpf_map_lookup_elem(code, &only);
  if (!probe) return;
  vm_u64 pid_tgid = vm_pid_tgid();
  if (parked ? vm_is_deaf(probe) : vm_is_filtered(probe, slot, pid_tgid >> 32)) return;
  struct vm_stats* stats = bpf_map_lookup_elem(&vm_stats, &slot);
  if (!stats) return;
  if (!parked) __sync_fetch_and_add(&stats->hits, 1);
  if (!parked && probe->parks && vm_find_parked(slot) && vm_forget_parked(slot))
    __sync_fetch_and_add(&stats->skipped, 1);
  struct vm_run* run = vm_claim();
  if (!run) {
    __sync_fetch_and_add(&stats->skipped, 1);
    return;
  }

  /* Read once: the host may flip it at any time, and the run stays in the bank it began in. */
  vm_u32 active = *(const volatile vm_u32*)&probe->active;
  struct vm_frame frame = {.run = run,
                           .probe = probe,
                           .bank = &probe->banks[vm_masked(active, VM_BANKS - 1)],
                           .stats = stats,
                           .event = event,
                           .slot = slot};
  vm_u32 fuel = frame.bank->fuel;
  run->fuel = fuel < VM_FUEL_MAX ? fuel : VM_FUEL_MAX;
  run->pc = 0;
  run->site = site;
  run->parks = parked ? 0 : probe->parks;
  run->context = context;
  run->pid_tgid = pid_tgid;
  run->time = parked ? parked->time : 0;
  bpf_loop(VM_TURNS_MAX, vm_turn, &frame, 0);
  vm_release(run);
}

/* Runs the closure of a link's cookie on an event. */
static __always_inline int vm_enter(void* context, vm_u64 cookie) {
  vm_run_closure(context, VM_COOKIE_SLOT(cookie), VM_COOKIE_SITE(cookie), (vm_u64)context, 0);
  return 0;
}

/* At the end of a system call: runs the closure that was put by at its entry, if one was. */
static __always_inline int vm_resume(void* event, vm_u64 cookie) {
  vm_u32 slot = VM_COOKIE_SLOT(cookie);
  const struct vm_parked* parked = vm_find_parked(slot);
  if (!parked) return 0;
  vm_run_closure(event, slot, parked->site, (vm_u64)parked->context, parked);
  vm_forget_parked(slot);
  return 0;
}

#endif
