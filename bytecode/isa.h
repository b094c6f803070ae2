/* The instruction format that the host writes and the kernel runs. C and C++.
 *
 * An instruction is 8 bytes: op, three 8-bit operands, a 32-bit immediate. A run has VM_REGS 64-bit
 * registers, a string heap, one key and one row under construction, all in a scratch slot that the
 * run has claimed for itself; registers are not cleared between runs, so a program writes before it
 * reads (validate.hpp checks it).
 *
 * Formats (the fourth column of opcodes.def), with what the validator asks of each operand:
 *   none        -
 *   a, ab, abc  registers, < VM_REGS
 *   a_imm       register, any immediate
 *   ab_imm      two registers, any immediate
 *   ab_bits     two registers; imm: first bit | bits << 8 | 1 << 16 for signed; all within 64
 *   ab_size     two registers; c is 2, 4 or 8 bytes
 *   a_pool8     register; imm a multiple of 8 and imm + 8 within the pool
 *   jump        imm: an instruction index
 *   test        a register; imm: an instruction index
 *   branch      a register; imm the number compared with; the target is b | c << 8
 *   load_ctx    a register; b is 1, 2, 4 or 8 bytes; c 1 for signed; imm the offset in the context
 *   load_mem    a register with a + 1; b the register with the address; c is the size, | VM_SIGNED
 *   str_dst     a register; b a heap block
 *   str_ctx     a register; b a heap block; imm: offset | bytes << 16; bytes at least 1
 *   str_read    a register; b a heap block; c the register with the address; imm 1 to VM_STR_MAX
 *   str_mem     likewise; imm: bytes, 1 to VM_STR_MAX - 1 | 1 << 16 for text
 *   str_join    as str_read, and c + 1 a register with a string
 *   str_lit     a register; b a heap block; imm: pool offset (a multiple of 8) | length << 16
 *   str_eqk     a, b registers; imm as in str_lit
 *   imm         a byte count <= VM_KEY_MAX, a multiple of 8
 *   key_int     a register; imm a multiple of 8, + 8 <= VM_KEY_MAX
 *   key_int_at  imm a multiple of 8, + 16 <= VM_KEY_MAX
 *   key_str     a register; imm: offset | capacity << 16, multiples of 8, the sum <= VM_KEY_MAX
 *   word_at_key as key_int
 *   text_at_key as key_str; b a heap block
 *   a_bit       a register; imm a bit, 0 to 63
 *   fault       imm a fault that ends the run
 *   abc_end     registers; imm 0 or 1
 *   str_copy    a register; b a heap block; c a register; imm a text's most bytes, < VM_STR_MAX
 *   str_trim    likewise, with the sides in imm >> 16: 1, 2 or 3
 *   str_sub     likewise without sides; c + 1 and c + 2 registers too
 *   map_key     c a key class; imm a map (in a Program an index into its maps, loaded a slot)
 *   a_map_key   likewise, and a register
 *   load_key    likewise, and a register with a + 1
 *   next_key    likewise, and a register with a + 1 and a + 2; b is 0 in a Program: the host
 *               writes there how many buckets the map has, as a power of two
 *   tally_key   likewise, and a register; b: VM_TALLY_*, 1 at least
 *   cell        imm a map without a key
 *   a_cell      likewise, and a register
 *   tally_cell  likewise, and a register; b: VM_TALLY_*, 1 at least
 *   stack       a register with a + 1; b is 1 for the process's, 0 for the kernel's; imm addresses,
 *               1 to VM_STACK_MAX (wire.h)
 *   timer       imm a timer (in a Program an index into its timers, loaded a number), or -1
 *   load_timer  likewise, and a register with a + 1
 *   site        imm an index into the Program's rows
 *
 * A literal in the pool is zero-filled up to the next multiple of 64 bytes after its text (at least
 * one zero byte), so that text is compared and copied in whole blocks.
 *
 * A string handle is length | block << 16, the length in bytes without the NUL; VM_STR_NULL is the
 * null string. heap[b] is the byte at b * VM_BLOCK. Text in the heap is zero-filled up to the next
 * multiple of VM_BLOCK after its NUL.
 */
#ifndef BYTECODE_ISA_H
#define BYTECODE_ISA_H

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t vm_u8;
typedef uint16_t vm_u16;
typedef uint32_t vm_u32;
typedef int32_t vm_s32;
typedef uint64_t vm_u64;
typedef int64_t vm_s64;
#else
typedef unsigned char vm_u8;
typedef unsigned short vm_u16;
typedef unsigned int vm_u32;
typedef int vm_s32;
typedef unsigned long long vm_u64;
typedef long long vm_s64;
#endif

#ifdef __cplusplus
#define VM_STATIC_ASSERT(c, m) static_assert(c, m)
#else
#define VM_STATIC_ASSERT(c, m) _Static_assert(c, m)
#endif

struct vm_insn {
  vm_u8 op;
  vm_u8 a;
  vm_u8 b;
  vm_u8 c;
  vm_s32 imm;
};
VM_STATIC_ASSERT(sizeof(struct vm_insn) == 8, "an instruction is one 64-bit word");

enum vm_opcode {
#define VM_OP(name, code, text, format, tier, synopsis) VM_OP_##name = (code),
#include "opcodes.def"
#undef VM_OP
};

enum vm_fault {
  VM_FAULT_none = 0,
#define FAULT(name, code, ends_run, sentence) VM_FAULT_##name = (code),
#include "faults.def"
#undef FAULT
  VM_FAULTS = 16, /* room for the codes, a power of two so that the kernel can mask */
};

enum {
  VM_REGS = 64,
  VM_CODE_MAX = 1024,   /* instructions of one program */
  VM_POOL_BYTES = 8192, /* constants of one program */
  VM_BLOCK = 64,        /* grain of the string heap */
  VM_HEAP_BLOCKS = 256, /* 16 KB of strings a run */
  VM_STR_MAX = 4096,    /* bytes of one string with its NUL: the longest path */
  VM_KEY_MAX = 512,
  VM_ROW_MAX = 8192,      /* payload bytes of one row */
  VM_ROW_FIELDS_MAX = 64, /* null bits of a row */
  /* Text in a row stops here, so that its words always find room behind it. */
  VM_ROW_TEXT_END = VM_ROW_MAX - 8 * VM_ROW_FIELDS_MAX,
  VM_COMM_BYTES = 16, /* a task's name with its NUL */
  VM_FUEL = 65536, /* steps of one run unless asked otherwise; a string step costs 1 + bytes / 64 */
  VM_FUEL_MAX = (1 << 23) - 1, /* bpf_loop takes 2^23 turns, and a turn spends a step */
  VM_SIGNED = 0x80,            /* ld.mem: sign-extend */
  VM_BITS_SIGNED = 1 << 16,    /* bits: sign-extend */
  VM_MEM_TEXT = 1 << 16,       /* str.mem: text, that a NUL may end */
  VM_JOIN_MAX = 64,            /* texts of one str.join */
  /* Nothing is mapped in the first page: an address in it is a null pointer, or that of a member
   * behind one. A read that fails there makes null and is no fault: null is what C says there. */
  VM_NULL_PAGE = 4096,
  /* What tally keeps, beside how many values there were. */
  VM_TALLY_SUM = 1,
  VM_TALLY_MIN = 2,
  VM_TALLY_MAX = 4,
  VM_TALLY_ALL = 7,
  VM_WALK_GRAIN = 16,      /* entries that map.next passes on its way: a step for so many */
  VM_BUCKET_GRAIN = 128,   /* likewise buckets of the map, which it passes all at worst */
  VM_MAP_PLACES = 1 << 24, /* the most entries of a map; a place is taken modulo this */
  VM_TIMER_DEPTH = 16,     /* starts of one timer in one thread that wait for their stops */
};

#define VM_STR_NULL ((vm_u64)-1)

/* Keys come in fixed sizes, because a map inside a map must have its template's key size: a key is
 * zero-filled to the next one. VM_KEY_CLASS(class index, bytes). */
#define VM_KEY_CLASSES(X) X(0, 8) X(1, 16) X(2, 32) X(3, 64) X(4, 128) X(5, 256) X(6, 512)
enum { VM_KEY_CLASS_COUNT = 7 };
/* In `c` of a placed map.put and the like, beside the class: of a map that, where it is full, drops
 * what was used the longest ago (the host sets it; no program comes with it). */
enum { VM_RECENT = 8 };

#endif
