// How a builtin or a field gets into a register.

#include <algorithm>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

// The instructions that read a builtin or a field into a fresh register; a nullable number takes
// two.
Operand Lowering::fetch(const Operand& operand) {
  SpanScope scope(code_, operand.span);
  Operand result = operand;
  result.home = Operand::Home::reg;
  result.base.reset();
  if (operand.home == Operand::Home::builtin) {
    result.builtin = nullptr;
    result.reg = code_.take_registers(1);
    if (operand.is_text())
      code_.emit(operand.builtin->opcode, result.reg, code_.take_blocks(operand.capacity));
    else
      code_.emit(operand.builtin->opcode, result.reg);
    return result;
  }
  const Field& field = *operand.field;
  result.field = nullptr;
  result.builtin = nullptr;
  if (result.is_text()) return fetch_string(operand, std::move(result));
  bool has_bits = field.bit_size > 0;
  bool is_signed = field.is_signed && !has_bits;
  result.reg = code_.take_registers(1);
  if (field.deref.empty()) {
    code_.emit(VM_OP_ld_ctx, result.reg, field.size, is_signed, static_cast<int32_t>(field.offset));
  } else {
    uint8_t from = load_address(operand, result.reg);
    code_.take_registers(1);  // the null flag
    code_.emit(VM_OP_ld_mem, result.reg, from, field.size | (is_signed ? VM_SIGNED : 0),
               field.deref.back());
  }
  if (has_bits)
    code_.emit(VM_OP_bits, result.reg, result.reg, 0,
               field.bit_shift | field.bit_size << 8 | (field.is_signed ? VM_BITS_SIGNED : 0));
  return result;
}

Operand Lowering::fetch_string(const Operand& operand, Operand result) {
  const Field& field = *operand.field;
  bool in_context = field.deref.empty();
  result.reg = code_.take_registers(1);
  if (in_context && field.kind != FieldKind::string) {
    bool located = field.kind == FieldKind::data_loc;
    uint32_t bytes = located ? options_.string_bytes : result.capacity;
    code_.emit(located ? VM_OP_str_loc : VM_OP_str_ctx, result.reg,
               code_.take_blocks(result.capacity), 0,
               static_cast<int32_t>(field.offset | bytes << 16));
    return result;
  }
  uint8_t from = load_address(operand, result.reg);
  if (field.kind == FieldKind::char_array) {
    uint32_t bytes = std::max<uint32_t>(result.capacity, 1);
    code_.emit(VM_OP_addi, result.reg, from, 0, field.deref.back());
    code_.emit(VM_OP_str_mem, result.reg, code_.take_blocks(bytes), result.reg,
               static_cast<int32_t>(bytes | VM_MEM_TEXT));
    return result;
  }
  if (!in_context) {
    code_.take_registers(1);
    code_.emit(VM_OP_ld_mem, result.reg, from, 8, field.deref.back());
    code_.release_registers(result.reg + 1u);
  }
  uint32_t bytes = options_.string_bytes;
  code_.emit(VM_OP_str_read, result.reg, code_.take_blocks(bytes - 1), result.reg,
             static_cast<int32_t>(bytes));
  return result;
}

// Follows all steps but the last, in `into`, the register taken last: the one that the last step
// starts from is that, or the path's own base. A step that fails leaves 0, so that the next one
// meets a null pointer, which is counted no more.
uint8_t Lowering::load_address(const Operand& operand, uint8_t into) {
  const Field& field = *operand.field;
  uint8_t from = operand.base.value_or(into);
  if (operand.builtin)
    code_.emit(operand.builtin->opcode, into);
  else if (!operand.base)
    code_.emit(VM_OP_ld_ctx, into, 8, 0, static_cast<int32_t>(field.offset));
  for (size_t i = 0; i + 1 < field.deref.size(); ++i) {
    code_.take_registers(1);  // the step's null flag
    code_.emit(VM_OP_ld_mem, into, from, 8, field.deref[i]);
    code_.release_registers(into + 1u);
    from = into;
  }
  return from;
}

}  // namespace bytecode
