// The rows of opcodes.def as data, for whoever looks at instructions without running them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bytecode/isa.h"

namespace bytecode {

// How an instruction uses its operands; isa.h has the meaning of each.
enum class Format : uint8_t {
  none,
  a,
  ab,
  abc,
  a_imm,
  ab_imm,
  ab_bits,
  ab_size,
  a_pool8,
  jump,
  test,
  branch,
  load_ctx,
  load_mem,
  str_dst,
  str_ctx,
  str_read,
  str_mem,
  str_join,
  str_lit,
  str_eqk,
  imm,
  key_int,
  key_int_at,
  key_str,
  word_at_key,
  text_at_key,
  a_bit,
  fault,
  abc_end,
  str_copy,
  str_trim,
  str_sub,
  map_key,
  a_map_key,
  load_key,
  next_key,
  tally_key,
  cell,
  a_cell,
  tally_cell,
  stack,
  timer,
  load_timer,
  site,
};

// Whether the immediate is an index into a Program's maps, or into its timers.
constexpr bool names_map(Format format) {
  return format == Format::map_key || format == Format::a_map_key || format == Format::load_key ||
         format == Format::next_key || format == Format::tally_key || format == Format::cell ||
         format == Format::a_cell || format == Format::tally_cell;
}
constexpr bool names_timer(Format format) {
  return format == Format::timer || format == Format::load_timer;
}

enum class Tier : uint8_t { hot, heavy };

struct OpInfo {
  vm_opcode op;
  std::string_view text;  // the mnemonic
  Format format;
  Tier tier;
  std::string_view synopsis;
};

// In the order of opcodes.def.
std::span<const OpInfo> op_table();

// The row of an opcode; null where no opcode has this number.
const OpInfo* op_info(uint8_t op);

// The name of a Format in opcodes.def.
std::string_view format_name(Format format);

struct FaultInfo {
  vm_fault kind;
  std::string_view name;
  bool ends_run;
  std::string_view sentence;
};

// The rows of faults.def, in order.
std::span<const FaultInfo> fault_table();

// The row of a fault; null where no fault has this number.
const FaultInfo* fault_info(uint32_t kind);

// Bytes of a key class; 0 where there is no such class.
uint32_t key_class_bytes(uint8_t key_class);

// The operands that share an immediate: an offset below, a size above.
inline uint32_t imm_low(const vm_insn& insn) { return static_cast<uint32_t>(insn.imm) & 0xffff; }
inline uint32_t imm_high(const vm_insn& insn) { return static_cast<uint32_t>(insn.imm) >> 16; }

// The target of a `branch`, whose immediate is taken.
inline uint32_t branch_target(const vm_insn& insn) {
  return static_cast<uint32_t>(insn.b) | static_cast<uint32_t>(insn.c) << 8;
}

// The sides that a `str_trim` takes white space from.
inline bool trims_start(const vm_insn& insn) { return (imm_high(insn) & 1) != 0; }
inline bool trims_end(const vm_insn& insn) { return (imm_high(insn) & 2) != 0; }

// What `bits` takes out of a register.
struct BitRange {
  uint32_t shift = 0;
  uint32_t width = 64;
  bool is_signed = false;
};
inline BitRange bit_range(const vm_insn& insn) {
  const auto imm = static_cast<uint32_t>(insn.imm);
  return {imm & 0xff, imm >> 8 & 0xff, (imm & VM_BITS_SIGNED) != 0};
}

// Blocks of the string heap that a text of `length` bytes takes with its NUL.
constexpr uint32_t text_blocks(uint32_t length) { return length / VM_BLOCK + 1; }

}  // namespace bytecode
