#include "bytecode/lower/assembler.hpp"

#include <algorithm>
#include <cstring>

#include "bytecode/error_at.hpp"
#include "bytecode/isa_table.hpp"

namespace bytecode {

Span Assembler::set_span(Span span) {
  Span before = span_;
  span_ = span;
  return before;
}

void Assembler::exceed(std::optional<Excess>& excess, uint32_t needed) {
  if (!excess) excess = Excess{needed, span_};
  excess->needed = std::max(excess->needed, needed);
}

uint32_t Assembler::emit(vm_opcode op, uint32_t a, uint32_t b, uint32_t c, int32_t imm) {
  uint32_t index = static_cast<uint32_t>(code_.size());
  if (index >= VM_CODE_MAX) exceed(code_excess_, index + 1);
  code_.push_back({static_cast<vm_u8>(op), static_cast<vm_u8>(a), static_cast<vm_u8>(b),
                   static_cast<vm_u8>(c), imm});
  spans_.push_back(span_);
  return index;
}

Assembler::Label Assembler::new_label() {
  labels_.push_back(UINT32_MAX);
  return static_cast<Label>(labels_.size() - 1);
}

void Assembler::bind(Label label) { labels_[label] = static_cast<uint32_t>(code_.size()); }

void Assembler::jump(vm_opcode op, uint32_t a, Label to) {
  fixups_.push_back({emit(op, a), to, true});
}

void Assembler::branch(vm_opcode op, uint32_t a, int32_t with, Label to) {
  fixups_.push_back({emit(op, a, 0, 0, with), to, false});
}

void Assembler::load(uint32_t a, int64_t value) {
  if (value == static_cast<int32_t>(value)) {
    emit_imm(VM_OP_ldi, a, static_cast<int32_t>(value));
    return;
  }
  auto [found, fresh] = words_.try_emplace(value, 0);
  if (fresh) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    found->second = pool_append({bytes, sizeof bytes}, sizeof bytes);
  }
  emit_imm(VM_OP_ldk, a, found->second);
}

int32_t Assembler::literal(std::string_view text) {
  auto found = literals_.find(text);
  if (found == literals_.end()) {
    // Zeros up to the next multiple of 64 after the text, counted from its start: at least one.
    std::string padded(text);
    padded.resize(size_t{text_blocks(static_cast<uint32_t>(text.size()))} * VM_BLOCK);
    found = literals_.emplace(std::string(text), pool_append(padded, 8)).first;
  }
  return found->second | static_cast<int32_t>(text.size()) << 16;
}

int32_t Assembler::pool_append(std::string_view bytes, size_t align) {
  pool_.resize((pool_.size() + align - 1) / align * align);
  size_t at = pool_.size();
  if (at + bytes.size() > VM_POOL_BYTES) {
    exceed(pool_excess_, static_cast<uint32_t>(at + bytes.size()));
    if (at > 4 * VM_POOL_BYTES) return 0;  // counting further tells nobody more
  }
  pool_.insert(pool_.end(), bytes.begin(), bytes.end());
  return static_cast<int32_t>(at);
}

uint8_t Assembler::take_registers(uint32_t count) {
  uint32_t first = registers_;
  registers_ += count;
  if (registers_ > VM_REGS) exceed(register_excess_, registers_);
  return static_cast<uint8_t>(first);
}

uint8_t Assembler::take_blocks(uint32_t text_bytes) {
  uint32_t first = blocks_;
  blocks_ += text_blocks(text_bytes);
  if (blocks_ > VM_HEAP_BLOCKS) exceed(block_excess_, blocks_);
  return static_cast<uint8_t>(first);
}

std::vector<Error> Assembler::finish(Program& program) {
  for (const Fixup& fixup : fixups_) {
    vm_insn& insn = code_[fixup.at];
    uint32_t target = labels_[fixup.label];
    if (fixup.wide) {
      insn.imm = static_cast<vm_s32>(target);
    } else {
      insn.b = static_cast<vm_u8>(target);
      insn.c = static_cast<vm_u8>(target >> 8);
    }
  }
  std::vector<Error> errors;
  auto report = [&](const std::optional<Excess>& excess, const std::string& what, uint32_t limit,
                    const char* hint) {
    if (!excess) return;
    errors.push_back(error_at(excess->span,
                              "too large for a probe: " + std::to_string(excess->needed) + " " +
                                  what + ", the limit is " + std::to_string(limit),
                              "the limit is passed here", hint));
  };
  report(code_excess_, "instructions", VM_CODE_MAX, "split it into several probes");
  report(register_excess_, "registers", VM_REGS, "keep fewer values at once");
  report(block_excess_, "blocks of 64 bytes for strings", VM_HEAP_BLOCKS,
         "keep fewer strings at once, or make them shorter with --str-len");
  report(pool_excess_, "bytes of constants", VM_POOL_BYTES, "use fewer or shorter strings");
  program.code = std::move(code_);
  program.spans = std::move(spans_);
  program.pool = std::move(pool_);
  return errors;
}

}  // namespace bytecode
