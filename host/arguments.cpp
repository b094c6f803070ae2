// Types to fields: what lies in a register, in a word of a context, at a place in a structure.
#include <optional>

#include "host/btf.hpp"
#include "host/target.hpp"

namespace host {

using bytecode::CKind;
using bytecode::CType;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::TypeId;
using bytecode::TypeSource;

namespace {

constexpr uint32_t word_bytes = 8;
// A larger structure is returned through an address that the caller passes as a hidden first
// argument.
constexpr uint32_t returned_bytes = 2 * word_bytes;

bool is_word(uint32_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

bool is_text(const TypeSource& types, TypeId type) {
  return types.describe(type).kind == CKind::character;
}

}  // namespace

Field typed_field(const TypeSource& types, std::string name, TypeId type, uint32_t offset) {
  const CType described = types.describe(type);
  Field field;
  field.name = std::move(name);
  field.offset = offset;
  field.size = described.size;
  field.is_signed = described.is_signed;
  field.type = described.name;
  field.ctype = type;
  switch (described.kind) {
    case CKind::integer:
    case CKind::boolean:
    case CKind::character:
    case CKind::enumeration:
      field.kind = is_word(described.size) ? FieldKind::integer : FieldKind::array;
      break;
    case CKind::pointer:
      field.kind = is_text(types, described.of) ? FieldKind::string : FieldKind::address;
      break;
    case CKind::array:
      field.kind = described.size != 0 && is_text(types, described.of) ? FieldKind::char_array
                                                                       : FieldKind::array;
      break;
    case CKind::structure:
      field.kind = FieldKind::structure;
      break;
    case CKind::floating:
    case CKind::nothing:
      field.kind = FieldKind::array;
      field.ctype = 0;
      break;
  }
  return field;
}

std::vector<Field> register_arguments(const TypeSource& types, const Prototype& prototype) {
  const std::vector<Field> registers = call_registers();
  std::vector<Field> fields;
  const CType returned = types.describe(prototype.returns);
  size_t next = returned.kind == CKind::structure && returned.size > returned_bytes ? 1 : 0;
#if defined(__aarch64__)
  next = 0;  // that address has a register of its own
#endif
  for (const auto& [name, type] : prototype.args) {
    const CType described = types.describe(type);
    // Those lie in registers of their own, which no context has.
    if (described.kind == CKind::floating) continue;
    if (next >= registers.size() || described.size > word_bytes || described.kind == CKind::nothing)
      break;
    fields.push_back(typed_field(types, name, type, registers[next++].offset));
  }
  return fields;
}

std::vector<Field> word_arguments(const TypeSource& types, const Prototype& prototype) {
  std::vector<Field> fields;
  uint32_t offset = 0;
  for (const auto& [name, type] : prototype.args) {
    const CType described = types.describe(type);
    if (described.size > returned_bytes || described.kind == CKind::nothing) break;
    fields.push_back(typed_field(types, name, type, offset));
    offset += (described.size + word_bytes - 1) / word_bytes * word_bytes;
  }
  return fields;
}

std::optional<Field> returned_field(const TypeSource& types, const Prototype& prototype,
                                    uint32_t offset) {
  const CType described = types.describe(prototype.returns);
  if (described.kind == CKind::nothing || described.kind == CKind::floating ||
      described.size > word_bytes || described.size == 0)
    return std::nullopt;
  return typed_field(types, "retval", prototype.returns, offset);
}

}  // namespace host
