#include "host/maps.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "bytecode/bad_argument.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/suggest.hpp"
#include "bytecode/wire.h"
#include "host/refusal.hpp"
#include "host/target.hpp"

namespace host {

using bytecode::Entry;
using bytecode::Error;
using bytecode::KeyPart;
using bytecode::MapKind;
using bytecode::MapSpec;
using bytecode::Nothing;
using bytecode::Program;
using bytecode::Record;

namespace {

std::string type_text(bytecode::As as) {
  switch (as) {
    case bytecode::As::integer:
      return "int";
    case bytecode::As::boolean:
      return "bool";
    case bytecode::As::string:
      return "string";
    case bytecode::As::date:
      return "datetime";
    case bytecode::As::duration:
      return "duration";
    case bytecode::As::filesize:
      return "filesize";
    case bytecode::As::binary:
      return "binary";
    case bytecode::As::enumeration:
    case bytecode::As::func:
    case bytecode::As::probe:
    case bytecode::As::cgroup:
      return "string";
    case bytecode::As::stack:
      return "list<string>";
  }
  return {};
}

std::string key_text(const std::vector<KeyPart>& key) {
  if (key.empty()) return {};
  if (key.size() == 1 && key.front().name.empty()) return type_text(key.front().as);
  std::string text;
  for (const KeyPart& part : key) {
    text += text.empty() ? "record<" : ", ";
    text += part.name + ": " + type_text(part.as);
  }
  return text + ">";
}

// The parts of a key that are the user's.
std::vector<KeyPart> shown_key(const MapSpec& spec) {
  std::vector<KeyPart> parts = spec.key;
  if (spec.kind == MapKind::hist && !parts.empty()) parts.pop_back();
  return parts;
}

std::string value_text(const MapSpec& spec) {
  const std::string of = type_text(spec.as);
  if (spec.kind == MapKind::stats)
    return "record<count: int, sum: " + of + ", avg: " + of + ", min: " + of + ", max: " + of + ">";
  return spec.kind == MapKind::hist || spec.kind == MapKind::count ? "int" : of;
}

// "a sum of durations by string"
std::string describe(const MapSpec& spec) {
  const std::string key = key_text(shown_key(spec));
  std::string text =
      (spec.kind == MapKind::avg ? "an " : "a ") + std::string(bytecode::map_kind_name(spec.kind));
  if (spec.kind == MapKind::hist && spec.buckets.is_linear)
    text += " of " + std::to_string(spec.buckets.step) + " wide buckets";
  else if (spec.kind == MapKind::hist && spec.buckets.bits > 0)
    text += " of --bits " + std::to_string(spec.buckets.bits);
  if (spec.as != bytecode::As::integer) text += " of " + type_text(spec.as) + "s";
  return text + (key.empty() ? " without a key" : " by " + key);
}

std::string probe_list(const std::vector<ProbeId>& probes) {
  std::string text = probes.size() == 1 ? "probe " : "probes ";
  for (size_t i = 0; i < probes.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(probes[i]);
  return text;
}

Error clash(const LiveMap& map, const MapSpec& spec, const std::vector<ProbeId>& writers) {
  Error error;
  error.message = "the map " + map.name + " already has another type";
  std::string difference =
      "this is " + describe(spec) + ", " + map.name + " is " + describe(map.spec);
  if (describe(spec) == describe(map.spec))
    difference = "this key has other room for a text than that of " + map.name;
  error.labels.push_back({spec.span, difference + ": " + map.origin});
  error.hint = writers.empty()
                   ? "give one of the two another name"
                   : "give it another name, or detach " + probe_list(writers) + " first";
  return error;
}

std::vector<ProbeId> others(const std::vector<ProbeId>& writers, ProbeId probe) {
  std::vector<ProbeId> rest;
  std::copy_if(writers.begin(), writers.end(), std::back_inserter(rest),
               [probe](ProbeId id) { return id != probe; });
  return rest;
}

// The words that made a map.
std::string origin_of(const Program& program, const MapSpec& spec, ProbeId probe,
                      const std::string& probe_name) {
  const std::string words = program.source.substr(spec.span.start, spec.span.end - spec.span.start);
  return "`" + words + "` in probe " + std::to_string(probe) + " (" + probe_name + ")";
}

}  // namespace

MapStore::MapStore(Loader& loader, Reclaimer& reclaimer, uint32_t entries)
    : places_(loader, reclaimer, entries) {}

std::shared_ptr<LiveMap> MapStore::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Result<MapStore::Plan> MapStore::prepare(
    ProbeId probe, const std::string& probe_name,
    const std::vector<std::shared_ptr<const Program>>& programs) {
  Plan made;
  for (const auto& program : programs) {
    Status planned = plan(probe, probe_name, *program, made);
    if (planned) continue;
    abandon(made);
    return std::move(planned).error();
  }
  return made;
}

Status MapStore::plan(ProbeId probe, const std::string& probe_name, const Program& program,
                      Plan& plan) {
  const auto planned = [&plan](std::string_view name) -> std::shared_ptr<LiveMap> {
    for (const Maps& maps : plan.maps)
      for (const auto& map : maps)
        if (map->name == name) return map;
    return nullptr;
  };
  plan.maps.emplace_back();
  for (const MapSpec& spec : program.maps) {
    const bool own = spec.name.empty() || spec.name.starts_with('#');
    std::string name = own ? probe_name + spec.name : spec.name;
    std::shared_ptr<LiveMap> map = find(name);
    if (own && map && !others(map->writers, probe).empty()) {
      // Another live probe of the same name: each keeps its own.
      name = probe_name + "@" + std::to_string(probe) + spec.name;
      map = find(name);
    }
    if (auto twice = planned(name)) map = twice;
    const bool usable = map && bytecode::same_map_type(map->spec, spec);
    // What a closure left unnamed starts anew with each probe, but goes on through a swap.
    const bool stale = map && own && map->writers.empty() && !planned(name);
    if (usable && !stale) {
      if (spec.lru && !map->spec.lru)
        add_note(plan.note, "the map " + name + " is there already, and was made without --lru");
      if (spec.entries != 0 && map->keyed() && spec.entries != map->max)
        add_note(plan.note, "the map " + name + " is there already, with room for " +
                                std::to_string(map->max));
      plan.maps.back().push_back(map);
      continue;
    }
    if (map && (planned(name) || map->from_shell || !others(map->writers, probe).empty()))
      return clash(*map, spec, others(map->writers, probe));
    Result<std::shared_ptr<LiveMap>> made = places_.make(name, spec, own);
    if (!made) return std::move(made).error();
    (*made)->origin = origin_of(program, spec, probe, probe_name);
    plan.maps.back().push_back(*made);
    plan.fresh.push_back(std::move(made).value());
  }
  return Nothing{};
}

Program MapStore::relocate(const Program& program, const Maps& maps,
                           const std::vector<uint32_t>& timers) {
  Program copy = program;
  for (vm_insn& insn : copy.code) {
    const bytecode::OpInfo* info = bytecode::op_info(insn.op);
    if (info == nullptr || insn.imm < 0) continue;
    const auto index = static_cast<size_t>(insn.imm);
    if (bytecode::names_map(info->format)) {
      insn.imm = static_cast<vm_s32>(maps[index]->slot);
      if (maps[index]->family() == Family::recent) insn.c |= VM_RECENT;
      // The kernel rounds them up.
      if (info->format == bytecode::Format::next_key)
        insn.b = static_cast<vm_u8>(std::bit_width(maps[index]->max - 1));
    }
    if (bytecode::names_timer(info->format)) insn.imm = static_cast<vm_s32>(timers[index]);
  }
  return copy;
}

void MapStore::commit(ProbeId probe, const Plan& plan) {
  leave(probe);
  for (const auto& map : plan.fresh) {
    std::shared_ptr<LiveMap>& place = by_name_[map->name];
    if (place) places_.dispose(place);
    place = map;
  }
  for (const Maps& maps : plan.maps)
    for (const auto& map : maps)
      if (std::find(map->writers.begin(), map->writers.end(), probe) == map->writers.end())
        map->writers.push_back(probe);
}

void MapStore::abandon(const Plan& plan) {
  for (const auto& map : plan.fresh) places_.dispose(map);
}

void MapStore::leave(ProbeId probe) {
  for (const auto& [name, map] : by_name_)
    if (std::erase(map->writers, probe) != 0) map->look_again = true;
}

std::vector<std::string> MapStore::names_of(ProbeId probe) const {
  std::vector<std::string> names;
  for (const auto& [name, map] : by_name_)
    if (std::find(map->writers.begin(), map->writers.end(), probe) != map->writers.end())
      names.push_back(name);
  return names;
}

std::vector<MapInfo> MapStore::list() const {
  std::vector<MapInfo> infos;
  for (const auto& [name, map] : by_name_) {
    MapInfo info;
    info.name = name;
    info.kind = bytecode::map_kind_name(map->spec.kind);
    info.key = key_text(shown_key(map->spec));
    info.value = value_text(map->spec);
    info.max = map->max;
    info.lru = map->spec.lru;
    info.probes = map->writers;
    info.entries = places_.extent(*map).entries;
    infos.push_back(std::move(info));
  }
  return infos;
}

std::vector<MapSpec> MapStore::shared() const {
  std::vector<MapSpec> specs;
  for (const auto& [name, map] : by_name_) {
    if (map->own) continue;
    specs.push_back(map->spec);
    specs.back().name = name;
  }
  return specs;
}

Error MapStore::missing(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [other, map] : by_name_) names.push_back(other);
  std::string hint = bytecode::did_you_mean(name, names);
  if (hint.empty()) hint = "bpf-maps list shows those there are";
  return bytecode::bad_argument("name", "there is no map " + std::string(name), std::move(hint));
}

Result<std::vector<Entry>> MapStore::entries_of(const LiveMap& map) const {
  std::vector<Entry> entries;
  Status read = places_.read(map, [&](Entry&& entry) { entries.push_back(std::move(entry)); });
  if (!read) return std::move(read).error();
  return entries;
}

Result<Value> MapStore::get(std::string_view name, bytecode::Clock clock,
                            const bytecode::Names* names) const {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  Result<std::vector<Entry>> entries = entries_of(*map);
  if (!entries) return std::move(entries).error();
  return map_value(map->spec, std::move(entries).value(), clock, names);
}

Result<Value> MapStore::take(std::string_view name, bytecode::Clock clock,
                             const bytecode::Names* names) {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  map->seen = 0;
  std::vector<Entry> entries;
  Status taken = places_.take(*map, [&](Entry&& entry) { entries.push_back(std::move(entry)); });
  if (!taken) return std::move(taken).error();
  return map_value(map->spec, std::move(entries), clock, names);
}

namespace {

class WalkedRows : public MapRows {
 public:
  WalkedRows(const MapSpec& spec, MapWalk walk, bytecode::Clock clock, const bytecode::Names* names)
      : spec_(spec), walk_(std::move(walk)), clock_(clock), names_(names) {}

  Result<bytecode::List> next() override {
    std::vector<Entry> entries;
    Result<bool> more = walk_.next([&](Entry&& entry) { entries.push_back(std::move(entry)); });
    if (!more) return std::move(more).error();
    Value rows = map_value(spec_, std::move(entries), clock_, names_);
    return std::move(*rows.get_if<bytecode::List>());
  }

 private:
  MapSpec spec_;
  MapWalk walk_;
  bytecode::Clock clock_;
  const bytecode::Names* names_;
};

}  // namespace

Result<std::unique_ptr<MapRows>> MapStore::rows(std::string_view name, bool taken,
                                                bytecode::Clock clock,
                                                const bytecode::Names* names) {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  if (taken) map->seen = 0;
  Result<MapWalk> walk = taken ? places_.take(*map) : places_.walk(*map);
  if (!walk) return std::move(walk).error();
  return std::unique_ptr<MapRows>(
      std::make_unique<WalkedRows>(map->spec, std::move(walk).value(), clock, names));
}

Result<Value> MapStore::growth(std::string_view name, bytecode::Snapshot& since,
                               bytecode::Clock clock, const bytecode::Names* names) const {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  Result<std::vector<Entry>> entries = entries_of(*map);
  if (!entries) return std::move(entries).error();
  return map_value(map->spec, bytecode::growth(map->spec, since, std::move(entries).value()), clock,
                   names);
}

Status MapStore::clear(std::string_view name) {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  map->seen = 0;
  return places_.empty(*map, MapPlaces::Keys::dropped);
}

Status MapStore::zero(std::string_view name) {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  return places_.empty(*map, MapPlaces::Keys::kept);
}

// The map, if it is one of values of the closures' own, and the key to its entry.
Result<MapStore::Aim> MapStore::aim(std::string_view name, const Value& key,
                                    bytecode::Clock clock) const {
  std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  Result<std::vector<uint8_t>> bytes = bytecode::encode_key(map->spec, key, clock);
  if (!bytes) return std::move(bytes).error();
  return Aim{std::move(map), std::move(bytes).value()};
}

// A map of the closures' own, made by the shell.
Status MapStore::make_for(std::string_view name, const Value& key, const Value& value) {
  constexpr uint32_t text_bytes = 256;  // as texts that closures read have, unless said otherwise
  if (name.empty() || name.starts_with('#')) return missing(name);
  Result<MapSpec> spec = bytecode::spec_for(key, value, text_bytes);
  if (!spec) return std::move(spec).error();
  Result<std::shared_ptr<LiveMap>> made = places_.make(std::string(name), *spec, false);
  if (!made) return std::move(made).error();
  (*made)->from_shell = true;
  (*made)->origin = "bpf-maps set";
  by_name_[std::string(name)] = std::move(made).value();
  return Nothing{};
}

Status MapStore::set(std::string_view name, const Value& key, const Value& value,
                     bytecode::Clock clock) {
  if (!find(name))
    if (Status made = make_for(name, key, value); !made) return made;
  Result<Aim> at = aim(name, key, clock);
  if (!at) return std::move(at).error();
  if (at->map->spec.kind != MapKind::value)
    return bytecode::bad_argument(
        "name", "the map " + std::string(name) + " is written by its probes alone",
        "bpf-maps clear and zero begin it anew; what closures keep by map-put can be set");
  Result<uint64_t> word = bytecode::encode_word(at->map->spec.as, value, clock);
  if (!word) return std::move(word).error();
  return places_.put(*at->map, at->key, *word);
}

Status MapStore::remove(std::string_view name, const Value& key, bytecode::Clock clock) {
  Result<Aim> at = aim(name, key, clock);
  if (!at) return std::move(at).error();
  return places_.remove(*at->map, at->key);
}

Status MapStore::erase(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return missing(name);
  if (!found->second->writers.empty())
    return bytecode::bad_argument(
        "name", "the map " + std::string(name) + " is in use",
        "detach " + probe_list(found->second->writers) + " first, or bpf-maps clear it");
  places_.dispose(found->second);
  by_name_.erase(found);
  return Nothing{};
}

bool MapStore::ready(std::string_view name, Stacks& stacks) const {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map || !bytecode::has_stacks(map->spec)) return true;
  std::vector<uint64_t> numbers;
  const Status read = places_.read(*map, [&](Entry&& entry) {
    const std::vector<uint64_t> more = bytecode::stacks_of(map->spec, entry.key);
    numbers.insert(numbers.end(), more.begin(), more.end());
  });
  return !read || stacks.ready(numbers);
}

bool MapStore::has_stacks() const {
  return std::any_of(by_name_.begin(), by_name_.end(),
                     [](const auto& map) { return bytecode::has_stacks(map.second->spec); });
}

std::vector<std::string> MapStore::changed(const std::set<ProbeId>& active, Stacks& stacks) {
  std::vector<std::string> names;
  for (const auto& [name, map] : by_name_) {
    const auto& writers = map->writers;
    const bool written = std::any_of(writers.begin(), writers.end(),
                                     [&](ProbeId id) { return active.count(id) != 0; });
    if (!std::exchange(map->look_again, false) && !written) continue;
    const uint64_t sum = places_.extent(*map).sum;
    if (map->seen == sum) continue;
    if (!ready(name, stacks)) {
      map->look_again = true;
      continue;
    }
    map->seen = sum;
    names.push_back(name);
  }
  return names;
}

}  // namespace host
