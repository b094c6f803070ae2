// Keys of maps: which parts, how wide, and the instructions that build one in place.

#include <algorithm>

#include "bytecode/entries.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/key_layout.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/wire.h"

namespace bytecode {

// The key of a map's entry, of a value or of none, with the bucket of a histogram behind it.
// Nothing where the value cannot be a key; then the errors say why.
std::optional<Lowering::Key> Lowering::key_of(const Operand* operand, const MapSpec& map,
                                              const Operand* bucket) {
  Key key;
  if (operand && !key_parts(*operand, map.kind, key)) return std::nullopt;
  if (bucket) {
    key.parts.push_back({.name = "low", .as = map.as});
    key.values.push_back(*bucket);
  }
  // A map without a name is this call's alone.
  if (!map.name.empty()) key.parts = known_maps_.widest(map.name, std::move(key.parts));
  if (!fit(key, operand ? operand->span : map.span)) return std::nullopt;
  return key;
}

bool Lowering::key_parts(const Operand& operand, MapKind kind, Key& key) {
  bool is_record = operand.type == Type::record || operand.home == Operand::Home::context;
  if (is_record) {
    std::vector<std::pair<std::string, Operand>> members = members_of(operand);
    if (members.empty()) {
      fail(operand.span, "an empty record cannot be a key", "no fields",
           "for a plain number write " + std::string(map_kind_name(kind)) + " alone");
      return false;
    }
    std::vector<std::string_view> taken = value_columns(kind);
    if (kind == MapKind::hist) taken.push_back("bar");
    bool good = true;
    for (const auto& [name, value] : members) {
      if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
        fail(value.key_span, "a field of a key cannot be called `" + name + "`",
             "the result has a column of this name", "rename it");
        good = false;
      }
      good &= key_part(name, value, key);
    }
    return good;
  }
  return key_part("", operand, key);
}

// Gives the parts their places and the key its class.
bool Lowering::fit(Key& key, Span span) {
  uint32_t bytes = fit_key(key.parts, key.key_class);
  if (bytes > VM_KEY_MAX) {
    fail(span, "a key of " + std::to_string(bytes) + " bytes", "too long",
         "the limit is " + std::to_string(VM_KEY_MAX) +
             "; take fewer fields, or shorter strings with --str-len");
    return false;
  }
  key.nullable = has_null_bits(key.parts);
  uint32_t whole = key_class_bytes(key.key_class);
  key.zeroed = bytes == whole && !key.nullable ? 0 : whole;
  return true;
}

bool Lowering::key_part(const std::string& name, const Operand& given, Key& key) {
  if (given.bad()) return false;
  Operand value = given;
  bool by_host = is_host_only(value) && !(value.type == Type::date && value.is_constant()) &&
                 !value.is_named_by_host();
  if (by_host) {
    fail(value.span, "the kernel needs the key before the host computes it", "computed on the host",
         "use the raw values as the key, and compute in Nushell on the table");
    return false;
  }
  bool is_binary = value.type == Type::binary && value.home != Operand::Home::choice;
  if (!is_scalar(value.type) && !is_binary && !value.is_named_by_host()) {
    bool tree =
        value.type == Type::record || value.type == Type::args || value.type == Type::context;
    fail(value.span,
         with_article(value.type) + " cannot be " + (name.empty() ? "a key" : "a field of a key"),
         "not an int, a bool, a string or a time",
         tree ? "write its fields side by side: {a: $x, b: $y}"
              : "use a value of one of these types");
    return false;
  }
  if (value.type == Type::date && value.is_constant()) {
    fail(value.span, "a date of the calendar is not known in the kernel", "not a key",
         "use its number: an int");
    return false;
  }
  if (value.computed || value.home == Operand::Home::choice) value = force(std::move(value));
  if (value.bad()) return false;
  KeyPart part;
  part.name = name;
  part.as = value.shown.value_or(as_of(value.type));
  if (part.as == As::enumeration) part.names = enumerators(value);
  if (is_binary && value.is_constant()) value = force(std::move(value));
  if (is_binary) part.bytes = static_cast<uint16_t>(value.capacity);
  part.nullable = value.nullable;
  if (value.is_text()) {
    uint32_t bytes = std::clamp<uint32_t>((value.capacity + 7) / 8 * 8, 8, UINT16_MAX / 8 * 8);
    part.size = static_cast<uint16_t>(bytes);
  }
  if (value.home == Operand::Home::builtin && value.is_text()) part.size = VM_COMM_BYTES;
  key.parts.push_back(std::move(part));
  key.values.push_back(std::move(value));
  return true;
}

void Lowering::write_key(const Key& key) {
  if (key.zeroed > 0) code_.emit_imm(VM_OP_key_zero, 0, static_cast<int32_t>(key.zeroed));
  for (size_t i = 0; i < key.parts.size(); ++i) {
    const KeyPart& part = key.parts[i];
    const Operand& value = key.values[i];
    bool is_comm = value.home == Operand::Home::builtin && value.is_text();
    if (is_comm && part.size == VM_COMM_BYTES) {
      code_.emit_imm(VM_OP_key_comm, 0, part.offset);
      continue;
    }
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    Operand held = force(value);
    uint32_t flag = held.reg + 1u;
    if (held.is_text()) {
      code_.emit_imm(VM_OP_key_str, held.reg, part.offset | part.size << 16);
      if (value.nullable) {
        flag = code_.take_registers(1);
        code_.emit(VM_OP_isnull, flag, held.reg);
      }
    } else {
      code_.emit_imm(VM_OP_key_int, held.reg, part.offset);
    }
    if (value.nullable) code_.emit_imm(VM_OP_key_null, flag, static_cast<int32_t>(i));
    code_.release_registers(mark);
    code_.release_blocks(blocks);
  }
}

}  // namespace bytecode
