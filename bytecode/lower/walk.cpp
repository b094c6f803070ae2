// map-each: a closure over the entries of a map of the closures' own.

#include <utility>

#include "bytecode/key_layout.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/show.hpp"

namespace bytecode {

// A part of the key that a walk has come to; null where its bit in the first word says so.
Operand Lowering::part_in_walk(const KeyPart& part, size_t index, Span span) {
  Operand value;
  value.type = kept_type(part.as);
  value.home = Operand::Home::reg;
  value.span = span;
  const auto null_bit = [&](uint8_t to) {
    code_.emit_imm(VM_OP_ld_key, to, 0);
    code_.emit(VM_OP_bits, to, to, 0, static_cast<int32_t>(index) | 1 << 8);
  };
  if (value.type != Type::string) {
    value.nullable = part.nullable;
    value.reg = code_.take_registers(part.nullable ? 2 : 1);
    code_.emit_imm(VM_OP_ld_key, value.reg, part.offset);
    if (part.nullable) null_bit(static_cast<uint8_t>(value.reg + 1));
    return value;
  }
  value.capacity = part.size;
  const auto read = [&] {
    value.reg = code_.take_registers(1);
    code_.emit(VM_OP_str_key, value.reg, code_.take_blocks(part.size), 0,
               part.offset | part.size << 16);
    return value;
  };
  if (!part.nullable) return read();
  return joined(span, [&](Join& join) {
    Assembler::Label is_null = code_.new_label();
    uint8_t flag = code_.take_registers(1);
    null_bit(flag);
    code_.jump(VM_OP_jnz, flag, is_null);
    join.take(read());
    code_.bind(is_null);
    join.take(null(span));
  });
}

// The whole key: a value, or a record.
std::optional<Operand> Lowering::key_in_walk(const CallSite& site, const MapSpec& map) {
  Operand record;
  record.type = Type::record;
  record.home = Operand::Home::aggregate;
  record.span = site.span;
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    if (as_of(kept_type(part.as)) != part.as) {
      fail(site.span, "`map-each` cannot read the keys of `" + map.name + "`",
           (part.name.empty() ? "they are" : "`" + part.name + "` is") + " of type " +
               std::string(as_name(part.as)),
           "the shell can: bpf-maps get " + map.name);
      return std::nullopt;
    }
    Operand value = part_in_walk(part, i, site.span);
    if (value.bad()) return std::nullopt;
    if (part.name.empty()) return value;
    record.members.emplace_back(part.name, std::move(value));
  }
  return record;
}

// map-each NAME {|key, value| ...}
Operand Lowering::map_each_verb(const CallSite& site, const Operand* input) {
  const std::string usage = "write map-each name {|key, value| ... }";
  std::optional<Arguments> given =
      arguments(site, {.least = 2, .most = 2, .flags = {}, .hint = usage});
  if (!given) return null(site.span);
  if (input)
    return fail(site.name_span, "`map-each` takes nothing from the pipe", "something comes to it",
                usage);
  if (!literal_name(*given->values[0]))
    return fail(given->values[0]->span, "the name of a map is a word", "not a word", usage);
  std::optional<const ast::Expr*> name = map_name(site, *given, "key", true);
  if (!name) return null(site.span);
  Operand closure = value(*given->values[1]);
  if (closure.bad()) return closure;
  if (closure.type != Type::closure)
    return fail(given->values[1]->span, "`map-each` takes a closure",
                "this is " + with_article(closure.type), usage);
  const MapSpec* known = map_of_values(**name);
  if (!known) return null(site.span);
  MapSpec map = *known;
  if (map.key.empty())
    return fail((*name)->span, "the map `" + map.name + "` has no keys", "one value only",
                "write map-get " + map.name);
  map.key = known_maps_.widest(map.name, std::move(map.key));
  fit_key(map.key, map.key_class);
  std::optional<MapUse> use = map_use(site, *name, map, nullptr);
  if (!use) return null(site.span);

  uint32_t mark = code_.registers(), blocks = code_.blocks();
  const uint8_t place = code_.take_registers(3);
  code_.emit_imm(VM_OP_ldi, place, 0);
  bool good = true;
  until_stable([&] {
    Assembler::Label top = code_.new_label(), end = code_.new_label();
    code_.bind(top);
    uint32_t inner = code_.registers(), inner_blocks = code_.blocks();
    code_.emit(VM_OP_map_next, place, 0, map.key_class, static_cast<int32_t>(use->map));
    code_.jump(VM_OP_jz, place + 2u, end);
    code_.emit(VM_OP_addi, place, place, 0, 1);
    std::optional<Operand> key = key_in_walk(site, map);
    Operand kept;
    kept.type = kept_type(map.as);
    kept.home = Operand::Home::reg;
    kept.reg = static_cast<uint8_t>(place + 1);
    kept.span = site.span;
    walks_.push_back({use->map, place});
    good = key && !call_closure(closure, {*key, kept}, *key).bad();
    walks_.pop_back();
    code_.release_registers(inner);
    code_.release_blocks(inner_blocks);
    code_.jump(VM_OP_jmp, 0, top);
    code_.bind(end);
  });
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return good ? null(site.span) : bad_operand(site.span);
}

}  // namespace bytecode
