#include "bytecode/validate_flow.hpp"

#include <cstring>
#include <vector>

#include "bytecode/isa_table.hpp"

namespace bytecode {
namespace {

using Mask = uint64_t;  // of registers, or of a key's 8-byte words
static_assert(VM_REGS <= 64 && VM_KEY_MAX / 8 <= 64);

constexpr Mask bit(unsigned index) { return Mask{1} << index; }
constexpr Mask words(uint32_t offset, uint32_t bytes) {
  const uint32_t count = bytes / 8;
  const Mask all = count >= 64 ? ~Mask{0} : bit(count) - 1;
  return count == 0 ? 0 : all << offset / 8;
}

// The row under construction.
struct OpenRow {
  bool open = false;
  uint16_t site = 0;
  uint32_t fields = 0;  // appended so far
  friend bool operator==(const OpenRow&, const OpenRow&) = default;
};

// What is known before an instruction, on every path to it. Paths that meet keep what all of them
// know, so that sets only shrink and the search ends.
struct Known {
  Mask written = 0;  // registers
  Mask handles = 0;  // registers that hold a string handle or the null string
  Mask key = 0;      // words of the key that are written
  OpenRow row;
  friend bool operator==(const Known&, const Known&) = default;
};

// Which registers an instruction takes and leaves.
struct Uses {
  Mask reads = 0;
  Mask handles_read = 0;  // of these, as handles
  Mask writes = 0;
  Mask handles_written = 0;
};

bool is_null_constant(const Program& program, const vm_insn& insn) {
  int64_t value = insn.imm;
  if (insn.op == VM_OP_ldk) std::memcpy(&value, program.pool.data() + insn.imm, sizeof value);
  return static_cast<uint64_t>(value) == VM_STR_NULL;
}

Uses uses_of(const Program& program, const vm_insn& insn, const Known& known) {
  // Operands that are no registers may be any byte; masks are made of those that are.
  const Mask a = insn.a < VM_REGS ? bit(insn.a) : 0;
  const Mask b = insn.b < VM_REGS ? bit(insn.b) : 0;
  const Mask c = insn.c < VM_REGS ? bit(insn.c) : 0;
  switch (static_cast<vm_opcode>(insn.op)) {
    case VM_OP_exit:
    case VM_OP_jmp:
    case VM_OP_trap:
    case VM_OP_key_zero:
    case VM_OP_key_comm:
    case VM_OP_count:
    case VM_OP_count_cell:
    case VM_OP_timer_start:
    case VM_OP_row_begin:
    case VM_OP_row_send:
      return {};
    case VM_OP_jz:
    case VM_OP_jnz:
    case VM_OP_jeqi:
    case VM_OP_jnei:
    case VM_OP_jlti:
    case VM_OP_jlei:
    case VM_OP_jgti:
    case VM_OP_jgei:
    case VM_OP_key_int:
    case VM_OP_key_null:
    case VM_OP_row_int:
    case VM_OP_row_null:
    case VM_OP_sum:
    case VM_OP_sum_cell:
    case VM_OP_tally:
    case VM_OP_tally_cell:
    case VM_OP_map_put:
    case VM_OP_map_add:
      return {.reads = a};
    case VM_OP_map_get:
    case VM_OP_stack:
    case VM_OP_timer_stop:
      return {.writes = a | a << 1};
    case VM_OP_map_delete:
      return {.writes = a};
    case VM_OP_map_next:
      return {.reads = a, .writes = a | a << 1 | a << 2};
    case VM_OP_key_str:
    case VM_OP_row_str:
      return {.reads = a, .handles_read = a};
    case VM_OP_mov:
      return {.reads = b, .writes = a, .handles_written = known.handles & b ? a : 0};
    case VM_OP_ldi:
    case VM_OP_ldk:
      return {.writes = a, .handles_written = is_null_constant(program, insn) ? a : 0};
    case VM_OP_add:
    case VM_OP_sub:
    case VM_OP_mul:
    case VM_OP_div:
    case VM_OP_mod:
    case VM_OP_pow:
    case VM_OP_band:
    case VM_OP_bor:
    case VM_OP_bxor:
    case VM_OP_shl:
    case VM_OP_shr:
    case VM_OP_eq:
    case VM_OP_ne:
    case VM_OP_lt:
    case VM_OP_le:
    case VM_OP_rand:
      return {.reads = b | c, .writes = a};
    case VM_OP_addi:
    case VM_OP_bits:
    case VM_OP_log2:
    case VM_OP_bswap:
    case VM_OP_not:
      return {.reads = b, .writes = a};
    case VM_OP_isnull:
    case VM_OP_str_eqk:
    case VM_OP_str_len:
      return {.reads = b, .handles_read = b, .writes = a};
    case VM_OP_str_cmp:
    case VM_OP_str_find:
    case VM_OP_str_starts:
    case VM_OP_str_ends:
      return {.reads = b | c, .handles_read = b | c, .writes = a};
    case VM_OP_ld_pid:
    case VM_OP_ld_tid:
    case VM_OP_ld_uid:
    case VM_OP_ld_gid:
    case VM_OP_ld_cpu:
    case VM_OP_ld_time:
    case VM_OP_ld_task:
    case VM_OP_ld_cgroup:
    case VM_OP_ld_site:
    case VM_OP_ld_ctx:
    case VM_OP_ld_key:
      return {.writes = a};
    case VM_OP_ld_mem:
      return {.reads = b, .writes = a | a << 1};
    case VM_OP_str_comm:
    case VM_OP_str_ctx:
    case VM_OP_str_loc:
    case VM_OP_str_bytes:
    case VM_OP_str_lit:
    case VM_OP_str_key:
      return {.writes = a, .handles_written = a};
    case VM_OP_str_read:
    case VM_OP_str_mem:
      return {.reads = c, .writes = a, .handles_written = a};
    case VM_OP_str_join:
      return {.reads = c | c << 1, .handles_read = c << 1, .writes = a, .handles_written = a};
    case VM_OP_str_lower:
    case VM_OP_str_upper:
    case VM_OP_str_trim:
      return {.reads = c, .handles_read = c, .writes = a, .handles_written = a};
    case VM_OP_str_sub:
      return {.reads = c | c << 1 | c << 2, .handles_read = c, .writes = a, .handles_written = a};
  }
  return {};
}

class Flow {
 public:
  explicit Flow(const Program& program) : program_(program), before_(program.code.size()) {}

  std::optional<FlowError> check() {
    reach(0, {});
    while (!pending_.empty() && !error_) {
      const size_t index = pending_.back();
      pending_.pop_back();
      step(index);
    }
    return error_;
  }

 private:
  void refuse(size_t index, std::string reason) {
    if (!error_) error_ = FlowError{index, std::move(reason)};
  }

  // A path arrives before an instruction.
  void reach(size_t index, const Known& known) {
    std::optional<Known>& before = before_[index];
    if (!before) {
      before = known;
      pending_.push_back(index);
      return;
    }
    if (before->row != known.row)
      return refuse(index, "paths meet here with different rows under way");
    const Known both{before->written & known.written, before->handles & known.handles,
                     before->key & known.key, before->row};
    if (both == *before) return;
    before = both;
    pending_.push_back(index);
  }

  void step(size_t index) {
    const vm_insn& insn = program_.code[index];
    Known known = *before_[index];
    const Uses uses = uses_of(program_, insn, known);
    if (const Mask missing = uses.reads & ~known.written; missing != 0)
      return refuse(index, "register " + std::to_string(__builtin_ctzll(missing)) +
                               " is read before it is written on every path");
    if (const Mask missing = uses.handles_read & ~known.handles; missing != 0)
      return refuse(index, "register " + std::to_string(__builtin_ctzll(missing)) +
                               " does not hold a string on every path");
    known.written |= uses.writes;
    known.handles = (known.handles & ~uses.writes) | uses.handles_written;
    if (const char* reason = apply(insn, known)) return refuse(index, reason);
    go_on(index, insn, known);
  }

  // The key and the row; null, or what is wrong.
  const char* apply(const vm_insn& insn, Known& known) const {
    const auto imm = static_cast<uint32_t>(insn.imm);
    switch (insn.op) {
      case VM_OP_exit:
        return known.row.open ? "the run ends with a row under way" : nullptr;
      case VM_OP_key_zero:
        known.key |= words(0, imm);
        return nullptr;
      case VM_OP_key_int:
        known.key |= words(imm, 8);
        return nullptr;
      case VM_OP_key_comm:
        known.key |= words(imm, VM_COMM_BYTES);
        return nullptr;
      case VM_OP_key_str:
        known.key |= words(imm_low(insn), imm_high(insn));
        return nullptr;
      case VM_OP_map_next:
        known.key |= words(0, key_class_bytes(insn.c));
        return nullptr;
      case VM_OP_ld_key:
      case VM_OP_str_key: {
        const uint32_t bytes = insn.op == VM_OP_ld_key ? 8 : imm_high(insn);
        return (words(imm_low(insn), bytes) & ~known.key) == 0
                   ? nullptr
                   : "this of the key is not written on every path";
      }
      case VM_OP_key_null:
        return known.key & 1 ? nullptr : "the key's first word is not written on every path";
      case VM_OP_count:
      case VM_OP_sum:
      case VM_OP_tally:
      case VM_OP_map_get:
      case VM_OP_map_put:
      case VM_OP_map_add:
      case VM_OP_map_delete:
        return (words(0, key_class_bytes(insn.c)) & ~known.key) == 0
                   ? nullptr
                   : "the key is not written to the end of its class on every path";
      case VM_OP_row_begin:
        if (known.row.open) return "another row is under way";
        known.row = {true, static_cast<uint16_t>(imm), 0};
        return nullptr;
      case VM_OP_row_int:
        return append(known.row, Raw::word);
      case VM_OP_row_str:
        return append(known.row, Raw::text);
      case VM_OP_row_null:
        if (!known.row.open) return "no row is under way";
        return imm < fields(known.row).size() ? nullptr : "the row has no such field";
      case VM_OP_row_send:
        if (!known.row.open) return "no row is under way";
        if (known.row.fields != fields(known.row).size()) return "the row lacks fields";
        known.row = {};
        return nullptr;
      default:
        return nullptr;
    }
  }

  const std::vector<Raw>& fields(const OpenRow& row) const {
    return program_.rows[row.site].fields;
  }

  const char* append(OpenRow& row, Raw raw) const {
    if (!row.open) return "no row is under way";
    if (row.fields >= fields(row).size()) return "the row has all its fields";
    if (fields(row)[row.fields] != raw) return "the row's next field is of the other kind";
    ++row.fields;
    return nullptr;
  }

  void go_on(size_t index, const vm_insn& insn, const Known& known) {
    // The fault of a trap drops a row under way, so that one may be open there.
    bool falls_through = insn.op != VM_OP_exit && insn.op != VM_OP_trap;
    switch (op_info(insn.op)->format) {
      case Format::jump:
        falls_through = false;
        reach(static_cast<size_t>(insn.imm), known);
        break;
      case Format::test:
        reach(static_cast<size_t>(insn.imm), known);
        break;
      case Format::branch:
        reach(branch_target(insn), known);
        break;
      default:
        break;
    }
    if (!falls_through) return;
    if (index + 1 < program_.code.size())
      reach(index + 1, known);
    else
      refuse(index, "the program can run past its end");
  }

  const Program& program_;
  std::vector<std::optional<Known>> before_;  // nothing where no path has arrived
  std::vector<size_t> pending_;
  std::optional<FlowError> error_;
};

}  // namespace

std::optional<FlowError> check_flow(const Program& program) { return Flow(program).check(); }

}  // namespace bytecode
