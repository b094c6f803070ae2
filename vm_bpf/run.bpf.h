/* One run: everything a closure touches while it executes, in a scratch slot of map memory. Nothing
 * of it is on the BPF stack: the verifier tracks every stack slot and the states of the loop would
 * never converge, while map memory is one unknown to it (README.md).
 *
 * The arrays are longer than their nominal size so that a masked index plus a masked length always
 * lies inside: the slack replaces a comparison, and the verifier sees the bound.
 */
#ifndef VM_RUN_BPF_H
#define VM_RUN_BPF_H

#include "../bytecode/wire.h"

enum {
  VM_HEAP_BYTES = VM_HEAP_BLOCKS * VM_BLOCK,
  VM_STR_MASK = VM_STR_MAX - 1, /* of a length without its NUL */
  VM_CODE_MASK = VM_CODE_MAX - 1,
  VM_POOL_WORD_MASK = (VM_POOL_BYTES - 1) & ~7,
  VM_KEY_WORD_MASK = (VM_KEY_MAX - 1) & ~7,
  VM_KEY_SIZE_MASK = (2 * VM_KEY_MAX - 1) & ~7,
};

/* A search for a part in a text (search.bpf.h): a window of the part's length moves over the text.
 */
struct vm_search {
  vm_u64 at;         /* where the window begins next */
  vm_u64 left;       /* places not looked at yet */
  vm_u64 move;       /* 1 or -1 */
  vm_u64 length;     /* of the part */
  vm_u64 hash;       /* of the window */
  vm_u64 wanted;     /* the hash of the part */
  vm_u64 power;      /* of VM_HASH_BASE, by the bytes hashed so far */
  vm_u64 enters;     /* what the byte that enters the window is multiplied by */
  vm_u64 leaves;     /* what the byte that leaves it was */
  vm_u64 shift;      /* what the hash is multiplied by between the two */
  vm_u64 place;      /* the first of the places looked at last */
  vm_u64 found;      /* the place compared last */
  vm_u64 candidates; /* of these, by bits, those where the hash is the part's */
};

/* What str.join has made so far (join.bpf.h). */
struct vm_joining {
  vm_u64 texts;
  vm_u64 length;
  vm_u64 after;     /* what has ended it */
  vm_u64 failed_at; /* the address that did not answer */
};

/* A walk over a map to one of its entries (values.bpf.h). */
struct vm_walk {
  vm_u64 before; /* entries still to be passed */
  vm_u64 value;
  vm_u64 found;
};

struct vm_run {
  vm_u32 busy;    /* 1 while a run owns the slot */
  vm_u32 pc;      /* between turns of the loop */
  vm_u32 fuel;    /* what is left */
  vm_u32 fields;  /* of the row under construction */
  vm_u32 site;    /* of the host: which target of the probe was hit */
  vm_u32 parks;   /* 1 while memory that is not there may still park the run (park.bpf.h) */
  vm_u64 context; /* the event's address, as a number */
  vm_u64 pid_tgid;
  vm_u64 time;    /* of the event; 0 until something asks for it */
  vm_u64 word[2]; /* where small reads land */
  struct vm_search search;
  vm_u64 regs[VM_REGS];
  struct vm_joining joining;
  struct vm_walk walk;
  vm_u8 key[3 * VM_KEY_MAX];
  vm_u8 heap[VM_HEAP_BYTES + 2 * VM_STR_MAX + VM_BLOCK];
  vm_u8 slice[VM_STR_MAX + VM_BLOCK]; /* a text apart from the heap, to be compared or changed */
  struct vm_row row;                  /* directly before its payload: both go out in one piece */
  vm_u8 payload[VM_ROW_MAX + VM_STR_MAX + 2 * VM_BLOCK];
};

/* What the loop's callback gets, on the stack of the entry: pointers only, written once before the
 * loop. The callback never writes here, so that all its turns look alike to the verifier. */
struct vm_frame {
  struct vm_run* run;
  const struct vm_probe* probe;
  const struct vm_bank* bank;
  struct vm_stats* stats;
  void* event; /* the program's context, for helpers that insist on it */
  vm_u32 slot;
};

#endif
