/* What the host and the kernel's interpreter share in memory: the code map of a probe, its
 * counters, and a row as it lies in the ring buffer. C and C++. All fields are fixed-width and in
 * the machine's own byte order: both sides run on one machine.
 */
#ifndef BYTECODE_WIRE_H
#define BYTECODE_WIRE_H

#include "isa.h"

enum {
  VM_PROBES_MAX =
      1024,            /* slots of the outer code map; slot 0 is never attached (tests run there) */
  VM_MAPS_MAX = 256,   /* slots of each key class's outer map */
  VM_CELLS_MAX = 1024, /* unkeyed counters and sums; unkeyed tallies */
  VM_TIMERS_MAX = 65536, /* timers that are under way, of all threads */
  VM_RINGS_MAX = 64,     /* ring 0 is shared, the others belong to one probe each */
  VM_BANKS = 4,
  VM_SYSCALLS_MAX = 512,    /* numbers that vm_syscall's table has */
  VM_RELATIVES_MAX = 65536, /* processes of all families */
  VM_PIDS_MAX = 16,         /* process ids of one probe's filter */
  VM_PARKED_MAX = 16384,    /* runs that wait for their system call to end */
  VM_PARKED_BYTES = 272,    /* of an event's context that such a run takes along: all of a system
                               call's tracepoint, all registers of a kprobe */
  VM_SCRATCH_PER_CPU =
      4, /* runs that can be under way on one CPU at once: task, softirq, irq, NMI */
};

/* One program. Written by the host only while no run can be in it. */
struct vm_bank {
  vm_u32 generation; /* of the closure, copied into each row, so that the host decodes it by the
                        right schema */
  vm_u32 length;     /* instructions */
  vm_u32 fuel;
  vm_u32 reserved;
  struct vm_insn code[VM_CODE_MAX];
  vm_u8 pool[VM_POOL_BYTES + VM_STR_MAX]; /* the last VM_STR_MAX bytes stay zero: a masked offset
                                             may read past the pool */
};

/* The cookie of a link: which slot a hit is of, and which of the host's sites it came from (a
 * target of a probe; ld.site). */
#define VM_COOKIE(slot, site) ((vm_u64)(site) << 32 | (vm_u32)(slot))
#define VM_COOKIE_SLOT(cookie) ((vm_u32)(cookie))
#define VM_COOKIE_SITE(cookie) ((vm_u32)((cookie) >> 32))

/* A site's number says which function was hit, whatever the probe's kind: a timer may be started at
 * a function's entry and stopped at its return. */
#define VM_SITE(function, variant) ((vm_u32)(variant) << 20 | (vm_u32)(function))
#define VM_SITE_FUNCTION(site) ((vm_u32)(site)&0xfffff)

/* What a probe asks of the current task before its closure runs; all that are set must hold. */
enum {
  VM_FILTER_SELF = 1,    /* not the tracing processes */
  VM_FILTER_PIDS = 2,    /* a process of pids[] */
  VM_FILTER_FAMILY = 4,  /* a process of vm_family: those named, and all that they have started */
  VM_FILTER_COMM = 8,    /* the task's name is comm[] */
  VM_FILTER_CGROUP = 16, /* below the control group vm_cgroups[slot] */
  VM_FILTER_NOBODY = 32, /* no task: the probe is deaf, its link is on the way out */
};

/* A member of a probe's family: the host puts in those that --pid names, the kernel their children
 * as they are forked. The value tells whether its own hits count (1), or its children's only (0).
 */
enum {
  VM_FAMILY_NAMED = 1u << 31
}; /* in `family`: put in by the host, by the number that the host
      has for the process; else by the kernel's own */
struct vm_relative {
  vm_u32 family; /* vm_probe's */
  vm_u32 pid;
};

/* The value of a probe's code map (an mmapable array of one). A run reads `active` once and stays
 * in that bank; the host fills an idle bank, flips `active`, and reuses the old bank after a grace
 * period. */
struct vm_probe {
  vm_u32 active;  /* bank index */
  vm_u32 ring;    /* slot of the ring buffer its rows go to */
  vm_u32 filters; /* VM_FILTER_* */
  vm_u32 pid_count;
  vm_u32 family; /* of VM_FILTER_FAMILY: the same in all slots of a probe */
  vm_u32 parks;  /* 1: a run at a system call's entry that meets memory which is not there yet,
                    before it had any effect, is run anew when the call ends (vm_parked) */
  vm_u32 pids[VM_PIDS_MAX]; /* process ids as the host sees them (vm_pid_namespace) */
  vm_u8 comm[VM_COMM_BYTES];
  struct vm_bank banks[VM_BANKS];
};

/* A run that waits for the end of its thread's system call. The context is the entry's, copied;
 * what its addresses lead to is read when the run is resumed. */
struct vm_parked_key {
  vm_u32 slot;
  vm_u32 tid; /* the kernel's number of the thread */
};
struct vm_parked {
  vm_u64 time; /* of the entry */
  vm_u32 site;
  vm_u32 reserved;
  vm_u8 context[VM_PARKED_BYTES];
};

/* Per CPU and slot. Changed by atomic adds only: runs on one CPU can interrupt each other. */
struct vm_stats {
  vm_u64 hits;    /* runs begun: past the filters, scratch slot or not */
  vm_u64 rows;    /* rows produced, delivered or not */
  vm_u64 lost;    /* rows the ring buffer refused */
  vm_u64 skipped; /* hits with no scratch slot left */
  vm_u64 faults[VM_FAULTS];
};

/* A value of the maps that tally writes, a CPU's part; all zero is nothing yet. Lowest and highest
 * are kept so that the greater word, unsigned, always wins and zero loses to every other. */
struct vm_tally {
  vm_u64 count;
  vm_u64 sum;
  vm_u64 low;  /* VM_TALLY_LOW(the lowest) */
  vm_u64 high; /* VM_TALLY_HIGH(the highest) */
};
#define VM_TALLY_HIGH(value) ((vm_u64)(value) ^ (1ull << 63))
#define VM_TALLY_LOW(value) (~VM_TALLY_HIGH(value))

/* The starts of one timer in one thread. The value is the thread's own: no other changes it. */
struct vm_timer_key {
  vm_u32 timer;
  vm_u32 tid; /* the kernel's number of the thread */
};
struct vm_timer {
  vm_u64 task;  /* its address: another thread may get the number */
  vm_u64 depth; /* starts without a stop */
  vm_u64 starts[VM_TIMER_DEPTH];
};

/* A stack, by its number. The addresses come leaf first; the number is made of them, and of the
 * process where they are its own. */
enum { VM_STACK_MAX = 127, VM_STACKS_MAX = 32768 };
struct vm_stack {
  vm_u64 time; /* CLOCK_MONOTONIC, ns, of the hit that met it first */
  vm_u32 pid;  /* as the host sees it; of a kernel stack 0 */
  vm_u32 is_user;
  vm_u32 depth;
  vm_u32 reserved;
  vm_u64 addresses[VM_STACK_MAX];
};
#define VM_STACK_SEED(pid, is_user) (0x9e3779b97f4a7c15ull + ((vm_u64)(pid) << 1 | (is_user)))
#define VM_STACK_MIX(number, address)                         \
  ((((number) ^ (vm_u64)(address)) * 0xff51afd7ed558ccdull) ^ \
   ((((number) ^ (vm_u64)(address)) * 0xff51afd7ed558ccdull) >> 29))

/* Where a fault happened; the map's value is a vm_u64 count. */
struct vm_fault_key {
  vm_u32 slot;
  vm_u32 generation;
  vm_u32 pc;
  vm_u32 kind;
};

/* A row: this header, then `length` bytes of payload. The payload has the site's fields in order: a
 * word is 8 bytes; a string is its length in 8 bytes, then its bytes zero-filled to a multiple
 * of 8. Bit i of `nulls` says that field i is null (its bytes are there all the same). */
struct vm_row {
  vm_u32 generation;
  vm_u16 slot;
  vm_u16 site;
  vm_u64 time; /* CLOCK_MONOTONIC, ns */
  vm_u32 pid;
  vm_u32 tid;
  vm_u32 cpu;
  vm_u32 length;
  vm_u32 place; /* which of the probe's targets was hit: VM_COOKIE_SITE */
  vm_u32 reserved;
  vm_u64 nulls;
  vm_u8 comm[VM_COMM_BYTES];
};
VM_STATIC_ASSERT(sizeof(struct vm_row) == 64, "no padding in what crosses");
VM_STATIC_ASSERT(sizeof(struct vm_fault_key) == 16, "no padding in a key");
VM_STATIC_ASSERT(sizeof(struct vm_insn) * VM_CODE_MAX == 8192, "a program is two pages");

#endif
