// Keys of maps: which parts, how wide, and the instructions that build one in place.

#include <algorithm>

#include "bytecode/isa_table.hpp"
#include "bytecode/lower.hpp"
#include "bytecode/wire.h"

namespace bytecode {
namespace {

constexpr uint16_t long_string = 128;

// The smallest class that holds so many bytes, or VM_KEY_CLASS_COUNT.
uint8_t class_of(uint32_t bytes) {
  uint8_t found = 0;
  while (found < VM_KEY_CLASS_COUNT && key_class_bytes(found) < bytes) ++found;
  return found;
}

}  // namespace

// Nothing where the value cannot be a key; then the errors say why.
std::optional<Lowering::Key> Lowering::key_of(const Operand& operand) {
  Key key;
  bool is_record = operand.type == Type::record || operand.home == Operand::Home::context;
  if (is_record) {
    std::vector<std::pair<std::string, Operand>> members = members_of(operand);
    if (members.empty()) {
      fail(operand.span, "an empty record cannot be a key", "no fields",
           "for a plain number write count alone");
      return std::nullopt;
    }
    bool good = true;
    for (const auto& [name, value] : members) {
      if (name == "value") {
        fail(value.key_span, "a field of a key cannot be called `value`",
             "the result has a column of this name", "rename it");
        good = false;
      }
      good &= key_part(name, value, key);
    }
    if (!good) return std::nullopt;
  } else if (!key_part("", operand, key)) {
    return std::nullopt;
  }

  key.nullable = std::any_of(key.parts.begin(), key.parts.end(),
                             [](const KeyPart& part) { return part.nullable; });
  uint32_t bytes = lay_out(key);
  // The null bits push a string of 256 bytes into the class of 512. Where it saves that, long
  // strings give up their last 8 bytes; what is cut is counted.
  auto is_long = [](const KeyPart& part) { return part.size >= long_string; };
  uint32_t spare =
      8 * static_cast<uint32_t>(std::count_if(key.parts.begin(), key.parts.end(), is_long));
  if (class_of(bytes - spare) < class_of(bytes)) {
    for (KeyPart& part : key.parts)
      if (is_long(part)) part.size = static_cast<uint16_t>(part.size - 8);
    bytes = lay_out(key);
  }
  if (bytes > VM_KEY_MAX) {
    fail(operand.span, "a key of " + std::to_string(bytes) + " bytes", "too long",
         "the limit is " + std::to_string(VM_KEY_MAX) + "; make strings shorter with --str-len");
    return std::nullopt;
  }
  key.key_class = class_of(bytes);
  uint32_t whole = key_class_bytes(key.key_class);
  key.zeroed = bytes == whole && !key.nullable ? 0 : whole;
  return key;
}

// Places the parts one after another, after the null bits if there are any. Returns the length.
uint32_t Lowering::lay_out(Key& key) {
  uint32_t bytes = key.nullable ? 8 : 0;
  for (KeyPart& part : key.parts) {
    part.offset = static_cast<uint16_t>(std::min<uint32_t>(bytes, UINT16_MAX));
    bytes += part.size;
  }
  return bytes;
}

bool Lowering::key_part(const std::string& name, const Operand& value, Key& key) {
  if (value.bad()) return false;
  bool scalar = is_number(value.type) || value.type == Type::boolean || value.type == Type::string;
  if (!scalar) {
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
  KeyPart part;
  part.name = name;
  part.as = as_of(value.type);
  part.nullable = value.nullable;
  if (value.type == Type::string) {
    uint32_t bytes = std::clamp<uint32_t>((value.capacity + 7) / 8 * 8, 8, UINT16_MAX / 8 * 8);
    part.size = static_cast<uint16_t>(bytes);
  }
  if (value.builtin && value.type == Type::string) part.size = VM_COMM_BYTES;
  key.parts.push_back(std::move(part));
  key.values.push_back(value);
  return true;
}

void Lowering::write_key(const Key& key) {
  if (key.zeroed > 0) code_.emit_imm(VM_OP_key_zero, 0, static_cast<int32_t>(key.zeroed));
  for (size_t i = 0; i < key.parts.size(); ++i) {
    const KeyPart& part = key.parts[i];
    const Operand& value = key.values[i];
    if (value.home == Operand::Home::builtin && value.type == Type::string) {
      code_.emit_imm(VM_OP_key_comm, 0, part.offset);
      continue;
    }
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    Operand held = force(value);
    uint32_t flag = held.reg + 1u;
    if (held.type == Type::string) {
      code_.emit_imm(VM_OP_key_str, held.reg, part.offset | part.size << 16);
      if (part.nullable) {
        flag = code_.take_registers(1);
        code_.emit(VM_OP_isnull, flag, held.reg);
      }
    } else {
      code_.emit_imm(VM_OP_key_int, held.reg, part.offset);
    }
    if (part.nullable) code_.emit_imm(VM_OP_key_null, flag, static_cast<int32_t>(i));
    code_.release_registers(mark);
    code_.release_blocks(blocks);
  }
}

// The map that this call writes: the one of its name if the closure has it already.
std::optional<uint32_t> Lowering::map_for(const ast::Call& call, const std::optional<Key>& key) {
  MapSpec map;
  map.span = call.name_span;
  if (key) {
    map.key = key->parts;
    map.key_class = key->key_class;
  }
  if (!call.args.empty()) {
    map.name = *literal_name(*call.args[0]);
    map.span.end = call.args[0]->span.end;
    if (map.name.empty() || map.name.starts_with('#')) {
      fail(call.args[0]->span, "not a name for a map", "empty, or begins with #",
           "write count opens");
      return std::nullopt;
    }
  } else if (++unnamed_maps_ > 1) {
    map.name = "#" + std::to_string(unnamed_maps_);
  }
  for (size_t i = 0; i < program_.maps.size() && !call.args.empty(); ++i) {
    const MapSpec& other = program_.maps[i];
    if (other.name != map.name) continue;
    if (other.key == map.key) return static_cast<uint32_t>(i);
    fail(map.span, "map `" + map.name + "` has two different keys", "this key differs",
         "use another name");
    errors_.back().labels.push_back({other.span, "from the one here"});
    return std::nullopt;
  }
  if (program_.maps.size() >= VM_MAPS_MAX) {
    fail(map.span, "too many maps", "one too many", "the limit is " + std::to_string(VM_MAPS_MAX));
    return std::nullopt;
  }
  program_.maps.push_back(std::move(map));
  return static_cast<uint32_t>(program_.maps.size() - 1);
}

}  // namespace bytecode
