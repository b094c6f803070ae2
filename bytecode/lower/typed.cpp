// C types: what lies below a typed pointer, a structure or an array, and what it is as a value.
//
// A path is folded into one Field: `$ctx.args.file.f_path.dentry.d_name.name` is a word of the
// context and the offsets that follow it. Where the path starts from a pointer in a register
// (Operand::base) it is the same without the word. Nothing is read before the value is needed, so
// structures and arrays on the way cost nothing: an operand of them is a place (Operand::is_place),
// and its parts are operands of their own.
//
//   pointer     an int that can be followed; in an output the address
//   structure   the record of those members that are values; embedded structures are left out
//   array       the list of its items, where they are values and at most 64
//   char[], char *: a string; unsigned char is a number, but for the kernel's names (qstr)
//   enum        an int in the kernel, its name in outputs
//   bool, integers, bitfields: what they are; 16 bytes and floats cannot be read

#include <algorithm>

#include "bytecode/cast.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

constexpr uint32_t most_items = 64;                 // of an array as a list
constexpr size_t most_members = VM_ROW_FIELDS_MAX;  // of a structure as a record
constexpr size_t most_names = 24;                   // of members in a hint

bool is_index(std::string_view name) {
  return !name.empty() && name.size() < 9 &&
         name.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string without_qualifiers(std::string name) {
  for (std::string_view word : {"const ", "volatile "})
    for (size_t at = name.find(word); at != std::string::npos; at = name.find(word))
      name.erase(at, word.size());
  return name;
}

// The kernel's names of files are text that C declares as unsigned bytes.
bool is_text_of_bytes(std::string_view structure, std::string_view member) {
  return structure.ends_with("struct qstr") && member == "name";
}

// Which of `size` bytes at a byte offset hold a bitfield, as C lays it out: one of its type's
// words where it fits, else as many bytes as it touches.
struct BitPlace {
  uint32_t offset = 0, size = 0;
  uint8_t shift = 0;
};
std::optional<BitPlace> bit_place(const CMember& member, uint32_t type_size) {
  const uint32_t word = type_size * 8;
  if (word > 0 && word <= 64) {
    const uint32_t start = member.bit_offset / word * word;
    if (member.bit_offset - start + member.bit_size <= word)
      return BitPlace{start / 8, type_size, static_cast<uint8_t>(member.bit_offset - start)};
  }
  const uint32_t shift = member.bit_offset % 8;
  for (uint32_t size : {1u, 2u, 4u, 8u})
    if (shift + member.bit_size <= size * 8)
      return BitPlace{member.bit_offset / 8, size, static_cast<uint8_t>(shift)};
  return std::nullopt;
}

}  // namespace

CType Lowering::shape(CRef type) const {
  if (type.pointers > 0) {
    CType pointer;
    pointer.kind = CKind::pointer;
    pointer.size = 8;
    CType of = shape({type.id, static_cast<uint8_t>(type.pointers - 1)});
    pointer.name = of.name.empty() ? "void *" : of.name + (of.kind == CKind::pointer ? "*" : " *");
    return pointer;
  }
  if (std::optional<CType> own = describe_own(type.id)) return *own;
  return schema_.types && type.id != 0 ? schema_.types->describe(type.id) : CType{};
}

CRef Lowering::pointee(CRef type) const {
  if (type.pointers > 0) return {type.id, static_cast<uint8_t>(type.pointers - 1)};
  return {shape(type).of, 0};
}

bool Lowering::is_pointer(const Operand& operand) const {
  return operand.type == Type::integer && operand.ctype &&
         shape(operand.ctype).kind == CKind::pointer;
}

// Whether nothing is lost where one stands for the other: both point to the same, and an output
// shows both alike. What C calls plain numbers does not matter.
bool Lowering::is_alike(const Operand& a, const Operand& b) const {
  if (a.shown != b.shown) return false;
  if (!is_pointer(a) && !is_pointer(b) && a.shown != As::enumeration) return true;
  return a.ctype == b.ctype ||
         without_qualifiers(shape(a.ctype).name) == without_qualifiers(shape(b.ctype).name);
}

// A mut keeps what it points to, and what its numbers stand for.
bool Lowering::may_hold(const Operand& variable, const Operand& value, const ast::Assign& assign) {
  if (is_alike(variable, value) || value.is_constant()) return true;
  bool is_typed = is_pointer(variable) || variable.shown.has_value();
  if (!is_typed) return true;  // a pointer is an int
  std::string what =
      variable.ctype ? "`" + shape(variable.ctype).name + "`" : "another kind of int";
  fail(assign.value->span, "`$" + assign.name + "` holds " + what,
       value.ctype ? "this is `" + shape(value.ctype).name + "`" : "this is a plain int",
       is_pointer(variable)
           ? "say what it points to: ($x | as '" + shape(variable.ctype).name + "')"
           : "use another variable, or make both ints: into int");
  return false;
}

EnumNames Lowering::enumerators(const Operand& operand) const {
  return schema_.types ? schema_.types->enumerators(operand.ctype.id) : EnumNames{};
}

// `$state == TCP_LISTEN`: the name becomes its number. False where there is no such name, which has
// been reported.
bool Lowering::name_enumerator(Operand& left, Operand& right) {
  for (auto [number, name] : {std::pair(&left, &right), std::pair(&right, &left)}) {
    if (number->shown != As::enumeration || !name->text()) continue;
    std::vector<std::string> names;
    EnumNames known = enumerators(*number);
    const std::string& wanted = *name->text();
    auto found = std::find_if(known.begin(), known.end(),
                              [&](const auto& one) { return one.second == wanted; });
    if (found != known.end()) {
      *name = constant_operand(Value(found->first), name->span);
      return true;
    }
    for (auto& [value, text] : known) names.push_back(std::move(text));
    std::string hint = did_you_mean(*name->text(), names);
    if (names.size() > most_names) names.resize(most_names);
    fail(name->span, "`" + shape(number->ctype).name + "` has no `" + *name->text() + "`",
         "not one of its names", hint.empty() ? "there are:" + bytecode::joined(names) : hint);
    return false;
  }
  return true;
}

const Field* Lowering::interned(Field field) {
  for (const Field& known : fields_)
    if (known == field) return &known;
  return &fields_.emplace_back(std::move(field));
}

// What a pointer points to.
Operand Lowering::pointed_at(const Operand& pointer) {
  Operand place;
  place.span = pointer.span;
  place.home = Operand::Home::field;
  Field field;
  bool is_word = pointer.home == Operand::Home::field && pointer.field->bit_size == 0 &&
                 pointer.field->size == 8 && !pointer.is_text();
  if (is_word) {
    field.offset = pointer.field->offset;
    field.deref = pointer.field->deref;
    place.base = pointer.base;
    place.builtin = pointer.builtin;
    place.is_mut = pointer.is_mut;
  } else if (pointer.home == Operand::Home::builtin) {
    place.builtin = pointer.builtin;
  } else {
    Operand held = force(pointer);
    if (held.bad()) return held;
    place.base = held.reg;
    place.is_mut = held.is_mut;
  }
  field.deref.push_back(0);
  place.field = interned(std::move(field));
  place.ctype = pointee(pointer.ctype);
  return place;
}

// The part of a place at an offset, as a value of this type; bits of it where it is a bitfield.
// Refuses what has no value, at `span`, where it is asked to.
Operand Lowering::part_at(const Operand& place, uint64_t offset, const CMember& member, Span span,
                          CRef type, bool refuses) {
  CType c = shape(type);
  Operand part = place;
  part.type = Type::integer;
  part.span = span;
  part.shown.reset();
  part.ctype = type;
  part.capacity = 0;
  part.is_mut = false;
  Field field;
  field.offset = place.field->offset;
  field.deref = place.field->deref;
  field.size = c.size;
  field.is_signed = c.is_signed;
  field.type = c.name;
  bool is_whole = c.size == 1 || c.size == 2 || c.size == 4 || c.size == 8;
  auto refused = [&](const std::string& label, std::string hint) {
    return refuses ? fail(span, "`" + c.name + "` is not a value that a probe can have", label,
                          std::move(hint))
                   : bad_operand(span);
  };
  if (member.bit_size > 0) {
    std::optional<BitPlace> bits = bit_place(member, c.size);
    if (!bits) return refused("a bitfield over more than 8 bytes", "use another member");
    offset += bits->offset;
    field.size = bits->size;
    field.bit_shift = bits->shift;
    field.bit_size = static_cast<uint8_t>(member.bit_size);
    is_whole = true;
  } else {
    offset += member.bit_offset / 8;
  }
  if (offset > INT32_MAX) return refused("too far away", "use a smaller index");
  if (field.deref.empty()) {
    field.offset += static_cast<uint32_t>(offset);
  } else {
    field.deref.back() += static_cast<int32_t>(offset);
    part.nullable = true;
  }
  auto as_text = [&](FieldKind kind, uint32_t capacity) {
    field.kind = kind;
    part.type = Type::string;
    part.capacity = capacity;
    part.ctype = {};
    part.nullable |= kind == FieldKind::string;
  };
  switch (c.kind) {
    case CKind::integer:
    case CKind::character:
      if (!is_whole)
        return refused("an integer of " + std::to_string(c.size) + " bytes",
                       "read its halves: read-int ADDRESS --size 8");
      break;
    case CKind::boolean:
      part.type = Type::boolean;
      break;
    case CKind::enumeration:
      if (!is_whole) return refused("an enum of no size", "use another member");
      part.shown = As::enumeration;
      break;
    case CKind::pointer:
      if (shape(pointee(type)).kind == CKind::character ||
          is_text_of_bytes(shape(place.ctype).name, member.name))
        as_text(FieldKind::string, options_.string_bytes - 1);
      break;
    case CKind::structure:
      field.kind = FieldKind::structure;
      part.type = Type::record;
      part.nullable = false;
      part.is_mut = place.is_mut;
      break;
    case CKind::array:
      if (shape({c.of, 0}).kind == CKind::character) {
        uint32_t bytes = c.count > 0 ? c.count : options_.string_bytes - 1;
        field.size = std::min<uint32_t>(bytes, VM_STR_MAX - 1);
        as_text(FieldKind::char_array, field.size);
        break;
      }
      field.kind = FieldKind::array;
      part.type = Type::list;
      part.nullable = false;
      part.is_mut = place.is_mut;
      break;
    case CKind::floating:
      return refused("the kernel has no floats",
                     "read its bits: read-mem ADDRESS " + std::to_string(c.size));
    case CKind::nothing:
      return refused("nothing is known of it", "use another member");
  }
  if (part.type == Type::record || part.type == Type::list) part.nullable = false;
  part.field = interned(std::move(field));
  return part;
}

// A step of a path below a pointer, a structure or an array.
Operand Lowering::c_member(const Operand& base, const ast::Member& step,
                           std::string_view base_text) {
  Operand place = base;
  if (is_pointer(base)) place = pointed_at(base);
  if (place.bad()) return place;
  CType c = shape(place.ctype);
  const std::string name = "`" + std::string(base_text) + "`";
  if (is_index(step.name)) {
    uint64_t index = std::stoul(step.name);
    bool is_array = base.is_place() && c.kind == CKind::array;
    CRef item = is_array ? CRef{c.of, 0} : place.ctype;
    if (base.is_place() && !is_array)
      return fail(step.span, name + " is a `" + c.name + "`", "it has members, not items",
                  "name the member");
    if (is_array && c.count > 0 && index >= c.count)
      return step.optional
                 ? null(step.span)
                 : fail(step.span, "no such item in `" + c.name + "`",
                        "not one of its " + std::to_string(c.count), "items count from 0");
    return part_at(place, index * shape(item).size, {}, step.span, item, true);
  }
  if (c.kind == CKind::pointer || c.kind == CKind::array) {
    std::string of = c.kind == CKind::array ? shape({c.of, 0}).name : c.name;
    return fail(step.span, name + " has items of type `" + of + "`", "they go by their number",
                "write ." + std::string("0.") + step.name);
  }
  if (c.kind != CKind::structure)
    return fail(step.span, name + " is a `" + shape(base.ctype).name + "`",
                c.kind == CKind::nothing ? "what it points to is not known" : "no structure",
                c.kind == CKind::nothing
                    ? "say what it points to: ($x | as 'struct file *')." + step.name
                    : "its value is " + std::string(base_text) + ".0");
  std::optional<CMember> member = schema_.types->member(place.ctype.id, step.name);
  if (member) return part_at(place, 0, *member, step.span, {member->type, 0}, true);
  if (step.optional) return null(step.span);
  std::vector<std::string> names;
  for (CMember& one : schema_.types->members(place.ctype.id)) names.push_back(std::move(one.name));
  std::string hint = did_you_mean(step.name, names);
  bool all = names.size() <= most_names;
  if (!all) names.resize(most_names);
  if (hint.empty()) hint = "there are:" + bytecode::joined(names) + (all ? "" : " ...");
  return fail(step.span, "`" + c.name + "` has no member `" + step.name + "`",
              "not a member of " + name, std::move(hint));
}

// The members of a structure and the items of an array, as values. Says so where it cannot be one.
std::vector<std::pair<std::string, Operand>> Lowering::parts_of_place(const Operand& place) {
  std::vector<std::pair<std::string, Operand>> parts;
  CType c = shape(place.ctype);
  if (c.kind == CKind::array) {
    CRef type{c.of, 0};
    CType item = shape(type);
    if (c.count > most_items || c.count == 0 || item.kind == CKind::structure ||
        item.kind == CKind::array) {
      fail(place.span, "`" + c.name + "` is not a list that a probe can have",
           c.count > most_items ? "of " + std::to_string(c.count) + " items"
           : c.count == 0       ? "its length is not known"
                                : "its items are no plain values",
           "take an item by its number: .0; lists have up to " + std::to_string(most_items) +
               " plain values");
      return parts;
    }
    for (uint32_t i = 0; i < c.count; ++i) {
      Operand part = part_at(place, uint64_t{i} * item.size, {}, place.span, type, i == 0);
      if (part.bad()) return {};
      parts.emplace_back("", std::move(part));
    }
    return parts;
  }
  for (const CMember& member : schema_.types->members(place.ctype.id)) {
    if (member.name.empty()) continue;
    CKind kind = shape({member.type, 0}).kind;
    if (kind == CKind::structure) continue;
    Operand part = part_at(place, 0, member, place.span, {member.type, 0}, false);
    if (!part.bad() && !part.is_place()) parts.emplace_back(member.name, std::move(part));
  }
  if (parts.empty() || parts.size() > most_members) {
    fail(place.span, "`" + c.name + "` as a whole is not a value",
         parts.empty() ? "none of its members is a plain value"
                       : "it has " + std::to_string(parts.size()) +
                             " members; a record has up to " + std::to_string(most_members),
         "name the members that you need: {a: $x.a, b: $x.b}");
    parts.clear();
  }
  return parts;
}

// Whether a field has a value that `emit $ctx` can send.
bool Lowering::has_value(const Operand& operand) const {
  if (!operand.is_place()) return !operand.bad();
  CType c = shape(operand.ctype);
  if (c.kind != CKind::array) return false;
  CKind item = shape({c.of, 0}).kind;
  return c.count > 0 && c.count <= most_items &&
         (item == CKind::integer || item == CKind::boolean || item == CKind::enumeration ||
          item == CKind::pointer);
}

// A place as it is now: where its path starts from a variable, from a copy of it.
Operand Lowering::kept_place(Operand place) {
  if (!place.is_mut || !place.base) return place;
  uint8_t copy = code_.take_registers(1);
  code_.emit(VM_OP_mov, copy, *place.base);
  place.base = copy;
  place.is_mut = false;
  return place;
}

// A register with the address of a place in memory.
uint8_t Lowering::address_of(const Operand& place) {
  uint8_t address = code_.take_registers(1);
  uint8_t from = load_address(place, address);
  code_.emit(VM_OP_addi, address, from, 0, place.field->deref.back());
  return address;
}

// The bytes of a place, as a binary.
Operand Lowering::bytes_at(const Operand& place, uint32_t bytes) {
  SpanScope scope(code_, place.span);
  Operand result;
  result.type = Type::binary;
  result.home = Operand::Home::reg;
  result.span = place.span;
  result.nullable = true;
  result.capacity = bytes;
  if (place.field->deref.empty()) {
    result.reg = code_.take_registers(1);
    code_.emit(VM_OP_str_bytes, result.reg, code_.take_blocks(bytes), 0,
               static_cast<int32_t>(place.field->offset | bytes << 16));
    return result;
  }
  result.reg = address_of(place);
  code_.emit(VM_OP_str_mem, result.reg, code_.take_blocks(bytes), result.reg,
             static_cast<int32_t>(bytes));
  return result;
}

}  // namespace bytecode
