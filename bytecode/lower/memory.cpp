// Verbs on numbers and addresses: what they are in C, and what memory has there.

#include <algorithm>

#include "bytecode/cast.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

// Which structures hold an address of the internet, and where.
enum class Inet : uint8_t { none, v4, v6, socket };

Inet inet_of(std::string_view name) {
  size_t space = name.rfind(' ');
  if (space != std::string_view::npos) name.remove_prefix(space + 1);
  if (name == "in_addr") return Inet::v4;
  if (name == "in6_addr") return Inet::v6;
  return name.starts_with("sockaddr") ? Inet::socket : Inet::none;
}

constexpr int32_t family_inet = 2, family_inet6 = 10;  // AF_INET, AF_INET6 of Linux
constexpr int32_t inet_at = 4, inet6_at = 8;           // sin_addr, sin6_addr

}  // namespace

// The text at an address.
Operand Lowering::text_at(const Operand& address, std::optional<uint32_t> mark) {
  Operand result = address;
  result.type = Type::string;
  result.nullable = true;
  result.capacity = options_.string_bytes - 1;
  result.ctype = {};
  result.shown.reset();
  result.is_mut = false;
  bool is_word = address.home == Operand::Home::field && address.field->size == 8 &&
                 address.field->bit_size == 0;
  if (is_word) {
    Field field = *address.field;
    field.kind = FieldKind::string;
    result.field = interned(std::move(field));
    return result;
  }
  if (!mark) mark = code_.registers();
  Operand held = force(address);
  if (held.bad()) return held;
  if (held.reg >= *mark) code_.release_registers(*mark);
  result.home = Operand::Home::reg;
  result.constant = Value(Null{});
  result.computed = nullptr;
  result.builtin = nullptr;
  result.reg = code_.take_registers(1);
  code_.emit(VM_OP_str_read, result.reg, code_.take_blocks(result.capacity), held.reg,
             static_cast<int32_t>(options_.string_bytes));
  return result;
}

// The address that a text stands for: C has it in a `char *` that nobody has read yet. A number is
// itself; what else is text lies in an array, or in the heap.
Operand Lowering::address_behind(const Operand& value) {
  bool is_pointed = value.type == Type::string && value.home == Operand::Home::field &&
                    value.field->kind == FieldKind::string;
  if (!is_pointed) return value;
  Operand address = value;
  Field field = *value.field;
  field.kind = FieldKind::address;
  address.nullable = !field.deref.empty();
  address.field = interned(std::move(field));
  address.type = Type::integer;
  address.capacity = 0;
  return address;
}

// An instruction of one number, where it can be in place of its operand.
Operand Lowering::remade(vm_opcode op, const Operand& number, uint8_t c, int32_t imm, Span span) {
  uint32_t mark = code_.registers();
  Operand held = force(number);
  if (held.bad()) return held;
  Operand result;
  result.type = Type::integer;
  result.home = Operand::Home::reg;
  result.nullable = held.nullable;
  result.span = span;
  code_.release_registers(mark);
  result.reg = code_.take_registers(1u + result.nullable);
  code_.emit(op, result.reg, held.reg, c, imm);
  if (result.nullable && held.reg != result.reg)
    code_.emit(VM_OP_mov, result.reg + 1u, held.reg + 1u);
  return result;
}

// The low bytes of a number, as C converts it to a shorter one.
Operand Lowering::narrowed(const Operand& number, uint32_t size, bool is_signed, Span span) {
  const uint32_t drop = 64 - 8 * size;
  Operand result = number;
  result.span = span;
  result.shown.reset();
  if (const int64_t* known = number.integer()) {
    auto top = static_cast<uint64_t>(*known) << drop;
    int64_t cut = is_signed ? static_cast<int64_t>(top) >> drop : static_cast<int64_t>(top >> drop);
    return constant_operand(Value(cut), span);
  }
  if (size == 8) return result;
  const Field* read = number.home == Operand::Home::field ? number.field : nullptr;
  if (read && read->bit_size == 0 && read->size >= size) {
    Field field = *read;
    field.kind = FieldKind::integer;
    field.size = size;
    field.is_signed = is_signed;
    result.field = interned(std::move(field));
    return result;
  }
  return remade(VM_OP_bits, number, 0,
                static_cast<int32_t>(8 * size << 8) | (is_signed ? VM_BITS_SIGNED : 0), span);
}

// What to do where text came instead of an address. A name holds what was read, not where.
std::string Lowering::text_hint(const Operand& text, const std::string& hint) const {
  if (text.home != Operand::Home::reg) return hint;
  return hint + "; or name the pointer itself: $" + context_name_ + ".args.NAME";
}

// A type by its name in quotes or as a word; nothing where there is none, which has been reported.
std::optional<CRef> Lowering::cast_type(const ast::Expr& expr) {
  Operand given = value(expr);
  if (given.bad()) return std::nullopt;
  const std::string* words = given.text();
  if (!words) {
    fail(expr.span, "`as` takes the name of a C type", "not a constant string",
         "write $x | as i32, or as 'struct sock *'");
    return std::nullopt;
  }
  std::optional<Cast> cast = parse_cast(*words);
  if (!cast) {
    fail(expr.span, "this is not a type that a value can have", "not a name with * behind it",
         "write as i32, as 'unsigned int', as 'struct sock *'");
    return std::nullopt;
  }
  if (cast->name == "void") return CRef{0, std::max<uint8_t>(cast->pointers, 1)};
  TypeId type = own_type(cast->name);
  const TypeSource* types = schema_.types.get();
  if (type == 0 && types) type = types->find(cast->name);
  if (type != 0) return CRef{type, cast->pointers};
  if (!types) {
    fail(expr.span, "`" + cast->name + "` is not known here", "no types are known at this probe",
         "without BTF there are i8 i16 i32 i64 u8 u16 u32 u64 bool char, and pointers to them");
    return std::nullopt;
  }
  std::string stars = cast->pointers > 0 ? " " + std::string(cast->pointers, '*') : "";
  std::string hint = did_you_mean(cast->name, types->names_like(cast->name));
  for (std::string_view kind : {"struct ", "union ", "enum "})
    if (types->find(std::string(kind) + cast->name) != 0)
      hint = "write '" + std::string(kind) + cast->name + stars + "'";
  fail(expr.span, "unknown type `" + cast->name + "`", "not a type of this kernel or binary",
       hint.empty() ? "write it as C does: 'struct sock *', 'enum tcp_state', u32" : hint);
  return std::nullopt;
}

Operand Lowering::as_verb(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {1, 1, {}, "write $x | as i32, or as 'struct sock *'"});
  Operand value = address_behind(input_of(site, input));
  if (!given || value.bad()) return bad_operand(site.span);
  std::optional<CRef> type = cast_type(*given->values[0]);
  if (!type) return bad_operand(site.span);
  if (value.type == Type::boolean && value.is_constant())
    value = constant_operand(Value(*value.integer()), value.span);
  if (value.type != Type::integer)
    return fail(
        value.span.end > 0 ? value.span : site.name_span,
        "`as` says what an int or an address is in C", "this is " + with_article(value.type),
        value.type == Type::string ? text_hint(value, "it is text already") : "give it an int");
  Operand result = value;
  result.span = site.span;
  result.shown.reset();
  result.ctype = *type;
  CType c = shape(*type);
  switch (c.kind) {
    case CKind::pointer:
      return shape(pointee(*type)).kind == CKind::character ? text_at(result) : result;
    case CKind::boolean: {
      uint32_t mark = code_.registers();
      Operand zero = constant_operand(Value(0), value.span);
      return value_of(compare(ast::Op::not_equal, value, zero, mark), site.span, mark);
    }
    case CKind::integer:
    case CKind::character:
    case CKind::enumeration:
      if (c.size != 1 && c.size != 2 && c.size != 4 && c.size != 8) break;
      result = narrowed(value, c.size, c.is_signed, site.span);
      result.ctype = *type;
      if (c.kind == CKind::enumeration) result.shown = As::enumeration;
      return result;
    case CKind::structure:
    case CKind::array:
      return fail(given->values[0]->span, "an int cannot be a `" + c.name + "`", "not a value",
                  "an address can be that of one: as '" + c.name + " *'");
    case CKind::floating:
    case CKind::nothing:
      break;
  }
  return fail(given->values[0]->span, "a probe cannot have a `" + c.name + "`",
              "no int of 1, 2, 4 or 8 bytes", "write as i32, or as 'struct sock *'");
}

namespace {

// A constant from 1 to `most`; nothing where it is none.
std::optional<uint32_t> size_of(const Operand& given, int64_t most) {
  const int64_t* number =
      given.type == Type::integer || given.type == Type::filesize ? given.integer() : nullptr;
  if (!number || *number < 1 || *number > most) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

}  // namespace

// The address that a verb reads at: through the pipe, or its first argument.
std::optional<Operand> Lowering::address_for(const CallSite& site, const Operand* input,
                                             const Arguments& given) {
  Operand address = address_behind(input ? *input : value(*given.values.front()));
  if (address.bad()) return std::nullopt;
  if (address.type == Type::integer) return address;
  fail(address.span.end > 0 ? address.span : site.name_span, "`" + site.name + "` takes an address",
       "this is " + with_article(address.type),
       address.type == Type::string ? text_hint(address, "remove " + site.name)
                                    : "addresses are ints");
  return std::nullopt;
}

Operand Lowering::read_int_verb(const CallSite& site, const Operand* input) {
  const std::string usage = "write read-int $" + context_name_ + ".arg1 --size 4";
  std::optional<Arguments> given =
      arguments(site, {.least = input ? 0u : 1u,
                       .most = input ? 0u : 1u,
                       .flags = {{"--size", "-n", true}, {"--signed", "-s", false}},
                       .hint = usage});
  if (!given) return bad_operand(site.span);
  uint32_t size = 8;
  if (given->has("--size")) {
    Operand asked = value(*given->flags["--size"]);
    if (asked.bad()) return asked;
    std::optional<uint32_t> bytes = size_of(asked, 8);
    if (!bytes || (*bytes & (*bytes - 1)) != 0)
      return fail(asked.span, "an int has 1, 2, 4 or 8 bytes", "not such a size", usage);
    size = *bytes;
  }
  std::optional<Operand> address = address_for(site, input, *given);
  if (!address) return bad_operand(site.span);
  CRef type{own_type((given->has("--signed") ? "i" : "u") + std::to_string(8 * size)), 0};
  Operand place = pointed_at(*address);
  if (place.bad()) return place;
  return part_at(place, 0, {}, site.span, type, true);
}

Operand Lowering::read_mem_verb(const CallSite& site, const Operand* input) {
  const std::string usage = "write read-mem $" + context_name_ + ".arg1 16";
  uint32_t count = input ? 1 : 2;
  std::optional<Arguments> given =
      arguments(site, {.least = count, .most = count, .flags = {}, .hint = usage});
  if (!given) return bad_operand(site.span);
  uint32_t mark = code_.registers();
  std::optional<Operand> address = address_for(site, input, *given);
  Operand asked = value(*given->values.back());
  if (!address || asked.bad()) return bad_operand(site.span);
  std::optional<uint32_t> bytes = size_of(asked, VM_STR_MAX - 1);
  if (!bytes)
    return fail(asked.span, "`read-mem` reads a fixed number of bytes",
                "not a constant from 1 to " + std::to_string(VM_STR_MAX - 1), usage);
  Operand held = force(std::move(*address));
  if (held.bad()) return held;
  if (held.reg >= mark) code_.release_registers(mark);
  Operand result;
  result.type = Type::binary;
  result.home = Operand::Home::reg;
  result.span = site.span;
  result.nullable = true;
  result.capacity = *bytes;
  result.reg = code_.take_registers(1);
  code_.emit(VM_OP_str_mem, result.reg, code_.take_blocks(*bytes), held.reg,
             static_cast<int32_t>(*bytes));
  return result;
}

// The bytes of an int in the other order, as many as its C type has.
Operand Lowering::bswap_verb(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {0, 0, {{"--size", "-n", true}}, "write $port | bswap --size 2"});
  Operand number = input_of(site, input);
  if (!given || number.bad()) return bad_operand(site.span);
  if (number.type != Type::integer || is_host_only(number)) return unfit(site, number, "an int");
  CType c = shape(number.ctype);
  std::optional<uint32_t> size;
  if (c.kind == CKind::integer) size = c.size;
  if (given->has("--size")) {
    Operand asked = value(*given->flags["--size"]);
    if (asked.bad()) return asked;
    size = size_of(asked, 8);
    if (!size || (*size != 2 && *size != 4 && *size != 8))
      return fail(asked.span, "`bswap` swaps 2, 4 or 8 bytes", "not such a size",
                  "write $port | bswap --size 2");
  }
  if (!size)
    return fail(site.name_span, "`bswap` does not know how many bytes this int has",
                "its C type is not known", "say it: bswap --size 2");
  if (*size == 1) return number;
  if (const int64_t* known = number.integer()) {
    auto word = static_cast<uint64_t>(*known);
    uint64_t swapped = 0;
    for (uint32_t byte = 0; byte < *size; ++byte)
      swapped |= (word >> 8 * byte & 0xff) << 8 * (*size - 1 - byte);
    return constant_operand(Value(static_cast<int64_t>(swapped)), site.span);
  }
  if (*size != 2 && *size != 4 && *size != 8)
    return unfit(site, number, "an int of 2, 4 or 8 bytes");
  return remade(VM_OP_bswap, number, static_cast<uint8_t>(*size), 0, site.span);
}

// An address of the internet as text: the host writes it, of bytes that the kernel reads where they
// lie in memory.
Operand Lowering::ip_addr_verb(const CallSite& site, const Operand* input) {
  Operand given = input_of(site, input);
  if (!arguments(site, {0, 0, {}, "write $x | ip-addr"}) || given.bad())
    return bad_operand(site.span);
  bool is_structure = given.is_place() && given.type == Type::record;
  if (!is_structure && !is_pointer(given))
    return computed(bytecode::Function::ip_addr, {given}, site.span);
  CRef type = is_structure ? given.ctype : pointee(given.ctype);
  Inet inet = inet_of(shape(type).name);
  if (inet == Inet::none)
    return fail(site.name_span, "`ip-addr` does not know what is in a `" + shape(type).name + "`",
                "not an in_addr, an in6_addr or a sockaddr", "name the member that is an address");
  Operand place = is_structure ? given : pointed_at(given);
  if (place.bad()) return place;
  if (inet != Inet::socket) {
    Operand bytes = bytes_at(place, inet == Inet::v4 ? 4 : 16);
    return computed(bytecode::Function::ip_addr, {bytes}, site.span);
  }
  return computed(bytecode::Function::ip_addr, {socket_address(place, site.span)}, site.span);
}

// The address in a sockaddr, by its family: 4 bytes, 16, or null.
Operand Lowering::socket_address(const Operand& place, Span span) {
  SpanScope scope(code_, span);
  Operand result;
  result.type = Type::binary;
  result.home = Operand::Home::reg;
  result.span = span;
  result.nullable = true;
  result.capacity = 16;
  result.reg = code_.take_registers(1);
  uint8_t block = code_.take_blocks(16);
  uint32_t mark = code_.registers();
  bool in_context = place.field->deref.empty();
  uint8_t address = in_context ? code_.take_registers(1) : address_of(place);
  uint8_t family = code_.take_registers(2);
  if (in_context)
    code_.emit(VM_OP_ld_ctx, family, 2, 0, static_cast<int32_t>(place.field->offset));
  else
    code_.emit(VM_OP_ld_mem, family, address, 2, 0);
  Assembler::Label v6 = code_.new_label(), v4 = code_.new_label(), end = code_.new_label();
  code_.emit_imm(VM_OP_ldi, result.reg, -1);  // VM_STR_NULL
  code_.branch(VM_OP_jeqi, family, family_inet, v4);
  code_.branch(VM_OP_jeqi, family, family_inet6, v6);
  code_.jump(VM_OP_jmp, 0, end);
  auto read = [&](Assembler::Label label, int32_t at, int32_t bytes) {
    code_.bind(label);
    if (in_context) {
      code_.emit(VM_OP_str_bytes, result.reg, block, 0,
                 static_cast<int32_t>(place.field->offset) + at + (bytes << 16));
    } else {
      code_.emit(VM_OP_addi, address, address, 0, at);
      code_.emit(VM_OP_str_mem, result.reg, block, address, bytes);
    }
  };
  read(v4, inet_at, 4);
  code_.jump(VM_OP_jmp, 0, end);
  read(v6, inet6_at, 16);
  code_.bind(end);
  code_.release_registers(mark);
  return result;
}

// `str join` of an array of pointers to text, up to a null one; anything else is the host's.
Operand Lowering::str_join(const CallSite& site, const Operand* input) {
  Operand given = input_of(site, input);
  bool is_texts = is_pointer(given) && shape(pointee(given.ctype)).kind == CKind::pointer &&
                  shape(pointee(pointee(given.ctype))).kind == CKind::character;
  if (!is_texts) return function_command(site, *find_function_command("str join"), input);
  std::optional<Arguments> parts = arguments(site, {0, 1, {}, "write $texts | str join ' '"});
  if (!parts) return bad_operand(site.span);
  Operand between = constant_operand(Value(""), site.span);
  if (!parts->values.empty()) between = value(*parts->values[0]);
  if (between.bad()) return between;
  if (between.type != Type::string || is_host_only(between))
    return fail(between.span, "what stands between the texts is a string of the kernel's",
                "this is " + with_article(between.type), "write str join ' '");
  SpanScope scope(code_, site.span);
  uint32_t mark = code_.registers();
  Operand address = force(given), text = force(between);
  if (address.bad() || text.bad()) return bad_operand(site.span);
  uint8_t pair = code_.take_registers(2);
  code_.emit(VM_OP_mov, pair, address.reg);
  code_.emit(VM_OP_mov, pair + 1u, text.reg);
  Operand result;
  result.type = Type::string;
  result.home = Operand::Home::reg;
  result.span = site.span;
  result.nullable = true;
  result.capacity = options_.string_bytes - 1;
  code_.release_registers(mark);
  result.reg = code_.take_registers(1);
  code_.emit(VM_OP_str_join, result.reg, code_.take_blocks(result.capacity), pair,
             static_cast<int32_t>(options_.string_bytes));
  return result;
}

}  // namespace bytecode
