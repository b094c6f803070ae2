// Verbs that keep something in the kernel: counts, sums and the like, and the closure's own maps.

#include <algorithm>

#include "bytecode/lower/lower.hpp"
#include "bytecode/wire.h"

namespace bytecode {
namespace {

bool can_be_kept(Type type) { return is_number(type) || type == Type::boolean; }

}  // namespace

// The map's name, if one was given; nothing, which has been reported, where the argument is another
// thing: it comes from the pipe.
std::optional<const ast::Expr*> Lowering::map_name(const CallSite& site, const Arguments& given,
                                                   const std::string& from_pipe, bool needed) {
  const ast::Expr* name = given.values.empty() ? nullptr : given.values.front();
  if (!name && needed) {
    fail(site.name_span, "`" + site.name + "` needs the name of a map", "which one?",
         "write $x | " + site.name + " name --by $key");
    return std::nullopt;
  }
  if (!name) return nullptr;
  if (!literal_name(*name)) {
    fail(name->span, "the " + from_pipe + " of `" + site.name + "` comes from the pipe",
         "here stands the map's name",
         "write " + std::string(text(name->span)) + " | " + site.name);
    return std::nullopt;
  }
  std::string known = *literal_name(*name);
  if (!known.empty() && !known.starts_with('#')) return name;
  fail(name->span, "not a name for a map", "empty, or begins with #",
       "write " + site.name + " opens");
  return std::nullopt;
}

std::optional<Operand> Lowering::by(const Arguments& given) {
  if (!given.has("--by")) return std::nullopt;
  return value(*given.flags.at("--by"));
}

// The key, which comes from the pipe or by --by, if there is one. False, and reported, where both
// have one.
bool Lowering::take_key(const Arguments& given, const Operand* input, std::string hint,
                        std::optional<Operand>& key) {
  key = by(given);
  if (key && input) {
    fail(given.flag_spans.at("--by"), "two keys", "another one comes from the pipe",
         std::move(hint));
    return false;
  }
  if (input) key = *input;
  return true;
}

// The map that a verb uses, and the key to it. Nothing where that is not possible, which has been
// reported.
std::optional<Lowering::MapUse> Lowering::map_use(const CallSite& site, const ast::Expr* name,
                                                  MapSpec map, const Operand* key,
                                                  const Operand* bucket) {
  map.span = site.name_span;
  if (name) {
    map.name = *literal_name(*name);
    map.span = {std::min(map.span.start, name->span.start), std::max(map.span.end, name->span.end)};
  }
  MapUse use;
  if (key && key->bad()) return std::nullopt;
  if (key || bucket) {
    use.key = key_of(key, map, bucket);
    if (!use.key) return std::nullopt;
    map.key = use.key->parts;
    map.key_class = use.key->key_class;
  }
  std::optional<uint32_t> index = map_for(site, name, std::move(map));
  if (!index) return std::nullopt;
  use.map = *index;
  return use;
}

// The map that this call writes: the one of its name if the closure has it already.
std::optional<uint32_t> Lowering::map_for(const CallSite& site, const ast::Expr* name,
                                          MapSpec map) {
  if (!name && ++unnamed_maps_ > 1) map.name = "#" + std::to_string(unnamed_maps_);
  for (size_t i = 0; i < program_.maps.size() && name; ++i) {
    const MapSpec& other = program_.maps[i];
    if (other.name != map.name) continue;
    if (same_map_type(other, map)) return static_cast<uint32_t>(i);
    bool one_kind = other.kind == map.kind && other.as == map.as && other.buckets == map.buckets;
    // This key needed more room than the ones before: all are lowered again, with the widest.
    if (one_kind && widened(other.key, map.key)) {
      lower_again_ = true;
      return static_cast<uint32_t>(i);
    }
    fail(map.span,
         "map `" + map.name + "` has " +
             (one_kind ? "two different keys" : "values of two different kinds"),
         one_kind ? "this key differs" : "here it has others", "use another name");
    errors_.back().labels.push_back({other.span, "from the one here"});
    return std::nullopt;
  }
  if (program_.maps.size() >= VM_MAPS_MAX) {
    fail(map.span, "more than " + std::to_string(VM_MAPS_MAX) + " maps", "one too many",
         "keep several things in one map, by a key: {kind: a, key: $x} | " + site.name);
    return std::nullopt;
  }
  // What this puts was asked for before it: then it is known from the beginning.
  lower_again_ |= known_maps_.is_missed(map.name);
  map.entries = options_.map_entries;
  map.lru = options_.lru && map.kind == MapKind::value && !map.key.empty();
  program_.maps.push_back(std::move(map));
  return static_cast<uint32_t>(program_.maps.size() - 1);
}

Operand Lowering::count_verb(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {.least = 0,
                       .most = 1,
                       .flags = {{"--by", "-b", true}},
                       .hint = "the key comes from the pipe: $ctx.comm | count name"});
  if (!given) return null(site.span);
  std::optional<const ast::Expr*> name = map_name(site, *given, "key");
  if (!name) return null(site.span);
  std::optional<Operand> key;
  if (!take_key(*given, input, "count a record of both: {a: $x, b: $y} | count", key))
    return null(site.span);
  std::optional<MapUse> use = map_use(site, *name, {.kind = MapKind::count}, key ? &*key : nullptr);
  if (!use) return null(site.span);
  if (use->key) {
    write_key(*use->key);
    code_.emit(VM_OP_count, 0, 0, use->key_class(), static_cast<int32_t>(use->map));
  } else {
    code_.emit(VM_OP_count_cell, 0, 0, 0, static_cast<int32_t>(use->map));
  }
  return null(site.span);
}

// The number that comes through the pipe, in a register; bad where there is none, which has been
// reported.
Operand Lowering::number_for(const CallSite& site, const Operand* input, bool may_be_date) {
  if (!input)
    return fail(site.name_span, "`" + site.name + "` needs a number", "nothing comes to it",
                "write $x | " + site.name);
  if (input->bad() || input->never) return *input;
  if (input->type == Type::null && input->is_constant()) return *input;
  if (is_host_only(*input))
    return fail(input->span, "the kernel adds up before the host computes this",
                "computed on the host",
                "give it the raw number, with // for a whole quotient, and compute in Nushell on "
                "the table");
  Operand number = force(*input);
  if (number.bad()) return number;
  bool fits = number.type == Type::integer || number.type == Type::duration ||
              number.type == Type::filesize || (may_be_date && number.type == Type::date);
  if (number.is_named_by_host() || !fits)
    return unfit(site, *input, "a number",
                 number.type == Type::boolean ? "by a bool you can count: $x | count"
                                              : "give it an int, a duration or a filesize");
  return number;
}

// sum, avg, min, max, stats and hist.
Operand Lowering::aggregate(const CallSite& site, const Operand* input, MapKind kind) {
  Signature signature{
      .least = 0,
      .most = 1,
      .flags = {{"--by", "-b", true}},
      .hint = "the number comes from the pipe: $x | " + site.name + " name --by $key"};
  if (kind == MapKind::hist) {
    signature.flags.push_back({"--linear", "-l", true});
    signature.flags.push_back({"--step", "-s", true});
    signature.flags.push_back({"--bits", "", true});
  }
  std::optional<Arguments> given = arguments(site, signature);
  if (!given) return null(site.span);
  std::optional<const ast::Expr*> name = map_name(site, *given, "number");
  if (!name) return null(site.span);
  MapSpec map{.kind = kind};
  if (kind == MapKind::hist) {
    std::optional<Buckets> buckets = buckets_of(site, *given);
    if (!buckets) return null(site.span);
    map.buckets = *buckets;
  }
  uint32_t mark = code_.registers();
  Operand number = number_for(site, input, kind == MapKind::min || kind == MapKind::max);
  if (number.bad() || number.never) return number.never ? number : null(site.span);
  if (number.type == Type::null) return null(site.span);  // there never is one
  map.as = as_of(number.type);
  std::optional<Operand> key = by(*given);

  // What is null is no number: nothing is added.
  Assembler::Label done = code_.new_label();
  if (number.nullable) code_.jump(VM_OP_jnz, number.reg + 1u, done);
  std::optional<Operand> bucket;
  if (kind == MapKind::hist) {
    bucket = number;
    bucket->nullable = false;
    bucket->type = Type::integer;
    bucket->reg = bucket_register(map.buckets, number.reg);
  }
  std::optional<MapUse> use =
      map_use(site, *name, map, key ? &*key : nullptr, bucket ? &*bucket : nullptr);
  if (use) {
    if (use->key) write_key(*use->key);
    uint32_t key_class = use->key ? use->key->key_class : 0;
    auto index = static_cast<int32_t>(use->map);
    uint32_t keeps = kind == MapKind::avg   ? VM_TALLY_SUM
                     : kind == MapKind::min ? VM_TALLY_MIN
                     : kind == MapKind::max ? VM_TALLY_MAX
                                            : VM_TALLY_ALL;
    if (kind == MapKind::hist)
      code_.emit(VM_OP_count, 0, 0, key_class, index);
    else if (kind == MapKind::sum)
      code_.emit(use->key ? VM_OP_sum : VM_OP_sum_cell, number.reg, 0, key_class, index);
    else
      code_.emit(use->key ? VM_OP_tally : VM_OP_tally_cell, number.reg, keeps, key_class, index);
  }
  code_.bind(done);
  code_.release_registers(mark);
  return null(site.span);
}

Operand Lowering::sum_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::sum);
}
Operand Lowering::avg_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::avg);
}
Operand Lowering::min_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::min);
}
Operand Lowering::max_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::max);
}
Operand Lowering::stats_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::stats);
}
Operand Lowering::hist_verb(const CallSite& site, const Operand* input) {
  return aggregate(site, input, MapKind::hist);
}

// A map of the closure's own, as this closure or another has made it.
const MapSpec* Lowering::known_map(std::string_view name) const {
  for (const MapSpec& map : program_.maps)
    if (map.name == name) return &map;
  return known_maps_.find(name);
}

// The map of values that a closure asks for, if there is one; else it has been reported.
const MapSpec* Lowering::map_of_values(const ast::Expr& name) {
  const std::string called = *literal_name(name);
  const MapSpec* known = known_map(called);
  // What puts something there has been refused: that is what is wrong.
  if (!known && known_maps_.is_refused(called)) return nullptr;
  if (!known) {
    fail(name.span, "nothing is put into the map `" + called + "`", "not known yet",
         "attach what has `map-put " + called + "` first, or both in one bpf-trace");
    errors_.back().subject = called;
    known_maps_.miss(called);
    return nullptr;
  }
  if (known->kind == MapKind::value) return known;
  fail(name.span, "`" + called + "` is no map of values",
       "this is a " + std::string(map_kind_name(known->kind)),
       "the shell reads it: bpf-maps get " + called + "; a closure keeps values by map-put");
  return nullptr;
}

// A map of the closure's own without a key has zeros as its only one.
void Lowering::write_key_of(const MapUse& use) {
  if (use.key)
    write_key(*use.key);
  else
    code_.emit_imm(VM_OP_key_zero, 0, 8);
}

// Takes the entry at the key, which is built, out of a map. Walks over that map go back by one
// where there was one: most often the entry that they have come to.
void Lowering::remove_entry(uint32_t map, uint32_t key_class) {
  uint32_t mark = code_.registers();
  const uint8_t had = code_.take_registers(1);
  code_.emit(VM_OP_map_delete, had, 0, key_class, static_cast<int32_t>(map));
  for (const Walk& walk : walks_)
    if (walk.map == map) code_.emit(VM_OP_sub, walk.place, walk.place, had);
  code_.release_registers(mark);
}

// map-put and map-add: the value from the pipe, the key by --by.
Operand Lowering::store_verb(const CallSite& site, const Operand* input, vm_opcode op) {
  std::optional<Arguments> given =
      arguments(site, {.least = 0,
                       .most = 1,
                       .flags = {{"--by", "-b", true}},
                       .hint = "write $value | " + site.name + " name --by $key"});
  if (!given) return null(site.span);
  std::optional<const ast::Expr*> name = map_name(site, *given, "value", true);
  if (!name) return null(site.span);
  const size_t errors = errors_.size();
  Operand result = store(site, input, op, **name, *given);
  if (errors_.size() != errors) known_maps_.refuse(*literal_name(**name));
  return result;
}

// The value into the map at the key.
Operand Lowering::store(const CallSite& site, const Operand* input, vm_opcode op,
                        const ast::Expr& name, const Arguments& given) {
  uint32_t mark = code_.registers();
  Operand kept;
  if (op == VM_OP_map_add) {
    kept = number_for(site, input, false);
  } else if (!input) {
    kept = fail(site.name_span, "`map-put` needs a value", "nothing comes to it",
                "write $value | " + site.name + " name --by $key");
  } else {
    if (is_host_only(*input))
      return fail(input->span, "the kernel keeps values before the host computes this",
                  "computed on the host", "keep the raw value, and compute where it is got");
    kept = input->never ? *input : force(*input);
  }
  if (kept.never) return kept;
  if (kept.bad()) return null(site.span);
  bool is_null = kept.type == Type::null;
  if (!is_null && (!can_be_kept(kept.type) || kept.is_named_by_host()))
    return unfit(site, kept, "an int, a bool, a duration, a filesize or a time",
                 kept.is_text() ? "keep a text as a key: $value | map-put name --by $text"
                                : "keep its parts, each in a map of its own");
  std::optional<Operand> key = by(given);
  MapSpec map{.kind = MapKind::value, .as = is_null ? As::integer : as_of(kept.type)};
  if (const MapSpec* known = known_map(*literal_name(name)); is_null && known) map.as = known->as;
  std::optional<MapUse> use = map_use(site, &name, map, key ? &*key : nullptr);
  if (!use) return null(site.span);
  auto index = static_cast<int32_t>(use->map);
  uint32_t key_class = use->key_class();
  write_key_of(*use);
  // Null is what a map has where it has nothing.
  Assembler::Label none = code_.new_label(), done = code_.new_label();
  if (kept.nullable) code_.jump(VM_OP_jnz, kept.reg + 1u, none);
  if (!is_null) code_.emit(op, kept.reg, 0, key_class, index);
  if (kept.nullable) code_.jump(VM_OP_jmp, 0, done);
  code_.bind(none);
  if (op == VM_OP_map_put && (is_null || kept.nullable)) remove_entry(use->map, key_class);
  code_.bind(done);
  code_.release_registers(mark);
  return null(site.span);
}

Operand Lowering::map_put_verb(const CallSite& site, const Operand* input) {
  return store_verb(site, input, VM_OP_map_put);
}
Operand Lowering::map_add_verb(const CallSite& site, const Operand* input) {
  return store_verb(site, input, VM_OP_map_add);
}

// map-get, map-has and map-delete: the key from the pipe or by --by. The key is built.
std::optional<Lowering::MapUse> Lowering::look_up(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(site, {.least = 0,
                                                    .most = 1,
                                                    .flags = {{"--by", "-b", true}},
                                                    .hint = "write $key | " + site.name + " name"});
  if (!given) return std::nullopt;
  std::optional<const ast::Expr*> name = map_name(site, *given, "key", true);
  if (!name) return std::nullopt;
  std::optional<Operand> key;
  if (!take_key(*given, input, "take one of them, or a record of both", key)) return std::nullopt;
  const MapSpec* known = map_of_values(**name);
  if (!known) return std::nullopt;
  std::optional<MapUse> use =
      map_use(site, *name, {.kind = MapKind::value, .as = known->as}, key ? &*key : nullptr);
  if (use) write_key_of(*use);
  return use;
}

Operand Lowering::map_get_verb(const CallSite& site, const Operand* input) {
  uint32_t mark = code_.registers();
  std::optional<MapUse> use = look_up(site, input);
  if (!use) return bad_operand(site.span);
  As as = program_.maps[use->map].as;
  code_.release_registers(mark);
  Operand found;
  found.home = Operand::Home::reg;
  found.reg = code_.take_registers(2);
  found.nullable = true;
  found.span = site.span;
  found.type = kept_type(as);
  code_.emit(VM_OP_map_get, found.reg, 0, use->key_class(), static_cast<int32_t>(use->map));
  return found;
}

Operand Lowering::map_has_verb(const CallSite& site, const Operand* input) {
  Operand found = map_get_verb(site, input);
  if (found.bad()) return found;
  code_.emit(VM_OP_not, found.reg, found.reg + 1u);
  found.type = Type::boolean;
  found.nullable = false;
  code_.release_registers(found.reg + 1u);
  return found;
}

Operand Lowering::map_delete_verb(const CallSite& site, const Operand* input) {
  uint32_t mark = code_.registers();
  std::optional<MapUse> use = look_up(site, input);
  if (!use) return null(site.span);
  remove_entry(use->map, use->key_class());
  code_.release_registers(mark);
  return null(site.span);
}

}  // namespace bytecode
