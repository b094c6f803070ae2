#include "host/maps.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <numeric>

#include "bytecode/isa_table.hpp"
#include "bytecode/suggest.hpp"
#include "bytecode/wire.h"
#include "host/refusal.hpp"

namespace host {

using bytecode::Error;
using bytecode::ErrorKind;
using bytecode::KeyPart;
using bytecode::MapKind;
using bytecode::MapSpec;
using bytecode::Nothing;
using bytecode::Program;
using bytecode::Record;

namespace {

std::string kind_text(MapKind kind) {
  switch (kind) {
    case MapKind::count:
      return "count";
  }
  return {};
}

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

bool same_type(const MapSpec& a, const MapSpec& b) {
  return a.kind == b.kind && a.key == b.key && a.key_class == b.key_class;
}

std::string describe(const MapSpec& spec) {
  const std::string key = key_text(spec.key);
  return "a " + kind_text(spec.kind) + (key.empty() ? " without a key" : " by " + key);
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
  error.labels.push_back(
      {spec.span, "this is " + describe(spec) + ", " + map.name + " is " + describe(map.spec)});
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

// Slots are taken from the back: the lowest first.
std::vector<uint32_t> countdown(uint32_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.rbegin(), numbers.rend(), 0u);
  return numbers;
}

}  // namespace

MapStore::MapStore(Loader& loader, Reclaimer& reclaimer, uint32_t entries)
    : loader_(loader), reclaimer_(reclaimer), entries_(entries) {
  for (auto& slots : free_slots_) slots = countdown(VM_MAPS_MAX);
  free_cells_ = countdown(VM_CELLS_MAX);
}

std::shared_ptr<LiveMap> MapStore::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<LiveMap>> MapStore::make(std::string name, const MapSpec& spec, bool own) {
  auto map = std::make_shared<LiveMap>();
  map->name = std::move(name);
  map->spec = spec;
  map->own = own;
  std::vector<uint32_t>& free = map->keyed() ? free_slots_[spec.key_class] : free_cells_;
  while (free.empty() && reclaimer_.wait()) {
  }
  if (free.empty()) {
    Error error;
    error.message = "no room for another map";
    error.labels.push_back({spec.span, "this one"});
    error.hint = "bpf-maps delete those that are done with";
    return error;
  }
  map->slot = free.back();
  if (map->keyed()) {
    const OuterMap& outer = loader_.keyed(spec.key_class);
    Result<Fd> fd = outer.inner.create("vm_keyed", entries_);
    if (!fd) return std::move(fd).error();
    if (Status placed = outer.insert(map->slot, fd->get(), "vm_keyed"); !placed)
      return std::move(placed).error();
    map->fd = std::move(fd).value();
    map->max = entries_;
  } else {
    const std::vector<uint64_t> zeros(possible_cpus());
    if (bpf_map_update_elem(loader_.cells(), &map->slot, zeros.data(), BPF_ANY) != 0)
      return refusal("clear a counter", errno);
    map->max = 1;
  }
  free.pop_back();
  return map;
}

void MapStore::dispose(const std::shared_ptr<LiveMap>& map) {
  std::function<void()> work;
  if (map->keyed())
    work = [map, outer = loader_.keyed(map->spec.key_class).fd] {
      bpf_map_delete_elem(outer, &map->slot);
      map->fd.reset();
    };
  // The slot is free when no run of a program that knew it can be left.
  reclaimer_.release({}, std::move(work), [this, map] {
    auto& free = map->keyed() ? free_slots_[map->spec.key_class] : free_cells_;
    free.push_back(map->slot);
  });
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
    const bool usable = map && same_type(map->spec, spec);
    // What a closure left unnamed starts anew with each probe, but goes on through a swap.
    const bool stale = map && own && map->writers.empty() && !planned(name);
    if (usable && !stale) {
      plan.maps.back().push_back(map);
      continue;
    }
    if (map && (planned(name) || !others(map->writers, probe).empty()))
      return clash(*map, spec, others(map->writers, probe));
    Result<std::shared_ptr<LiveMap>> made = make(name, spec, own);
    if (!made) return std::move(made).error();
    plan.maps.back().push_back(*made);
    plan.fresh.push_back(std::move(made).value());
  }
  return Nothing{};
}

Program MapStore::relocate(const Program& program, const Maps& maps) {
  Program copy = program;
  for (vm_insn& insn : copy.code) {
    const bytecode::OpInfo* info = bytecode::op_info(insn.op);
    if (info == nullptr ||
        (info->format != bytecode::Format::map_key && info->format != bytecode::Format::cell))
      continue;
    insn.imm = static_cast<vm_s32>(maps[static_cast<size_t>(insn.imm)]->slot);
  }
  return copy;
}

void MapStore::commit(ProbeId probe, const Plan& plan) {
  leave(probe);
  for (const auto& map : plan.fresh) {
    std::shared_ptr<LiveMap>& place = by_name_[map->name];
    if (place) dispose(place);
    place = map;
  }
  for (const Maps& maps : plan.maps)
    for (const auto& map : maps)
      if (std::find(map->writers.begin(), map->writers.end(), probe) == map->writers.end())
        map->writers.push_back(probe);
}

void MapStore::abandon(const Plan& plan) {
  for (const auto& map : plan.fresh) dispose(map);
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

Result<std::vector<MapStore::Entry>> MapStore::read(const LiveMap& map) const {
  return read_counts(map.fd.get(), bytecode::key_class_bytes(map.spec.key_class), map.max);
}

Result<uint64_t> MapStore::read_cell(const LiveMap& map) const {
  std::vector<uint64_t> values(possible_cpus());
  if (bpf_map_lookup_elem(loader_.cells(), &map.slot, values.data()) != 0)
    return refusal("read the map " + map.name, errno);
  return std::accumulate(values.begin(), values.end(), uint64_t{0});
}

std::vector<MapInfo> MapStore::list() const {
  std::vector<MapInfo> infos;
  for (const auto& [name, map] : by_name_) {
    MapInfo info;
    info.name = name;
    info.kind = kind_text(map->spec.kind);
    info.key = key_text(map->spec.key);
    info.value = "int";
    info.max = map->max;
    info.probes = map->writers;
    if (map->keyed()) {
      if (auto entries = read(*map)) info.entries = entries->size();
    } else if (auto count = read_cell(*map)) {
      info.entries = *count != 0 ? 1 : 0;
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

Error MapStore::missing(std::string_view name) const {
  Error error;
  error.kind = ErrorKind::argument;
  error.subject = "name";
  error.message = "there is no map " + std::string(name);
  std::vector<std::string> names;
  for (const auto& [other, map] : by_name_) names.push_back(other);
  error.hint = bytecode::did_you_mean(name, names);
  if (error.hint.empty()) error.hint = "bpf-maps list shows those there are";
  return error;
}

Result<Value> MapStore::get(std::string_view name, bytecode::Clock clock,
                            const bytecode::Names* names) const {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  if (!map->keyed()) {
    Result<uint64_t> count = read_cell(*map);
    if (!count) return std::move(count).error();
    return Value(static_cast<int64_t>(*count));
  }
  Result<std::vector<Entry>> entries = read(*map);
  if (!entries) return std::move(entries).error();
  bytecode::List rows;
  rows.reserve(entries->size());
  for (const auto& [key, count] : *entries) {
    Record row = bytecode::decode_key(map->spec, key, clock, names);
    for (auto& [column, value] : row)
      if (column.empty()) column = "key";
    row.emplace_back("value", static_cast<int64_t>(count));
    rows.emplace_back(std::move(row));
  }
  return Value(std::move(rows));
}

Status MapStore::clear(std::string_view name) {
  const std::shared_ptr<LiveMap> map = find(name);
  if (!map) return missing(name);
  map->seen = 0;
  if (!map->keyed()) {
    const std::vector<uint64_t> zeros(possible_cpus());
    if (bpf_map_update_elem(loader_.cells(), &map->slot, zeros.data(), BPF_ANY) != 0)
      return refusal("clear the map " + map->name, errno);
    return Nothing{};
  }
  Result<std::vector<Entry>> entries = read(*map);
  if (!entries) return std::move(entries).error();
  for (const auto& [key, count] : *entries) bpf_map_delete_elem(map->fd.get(), key.data());
  return Nothing{};
}

Status MapStore::erase(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return missing(name);
  if (!found->second->writers.empty()) {
    Error error;
    error.kind = ErrorKind::argument;
    error.subject = "name";
    error.message = "the map " + std::string(name) + " is in use";
    error.hint = "detach " + probe_list(found->second->writers) + " first, or bpf-maps clear it";
    return error;
  }
  dispose(found->second);
  by_name_.erase(found);
  return Nothing{};
}

std::vector<std::string> MapStore::changed(const std::set<ProbeId>& active) {
  std::vector<std::string> names;
  for (const auto& [name, map] : by_name_) {
    const auto& writers = map->writers;
    const bool written = std::any_of(writers.begin(), writers.end(),
                                     [&](ProbeId id) { return active.count(id) != 0; });
    if (!std::exchange(map->look_again, false) && !written) continue;
    uint64_t sum = 0;
    if (map->keyed()) {
      if (auto entries = read(*map))
        for (const auto& [key, count] : *entries) sum += count;
    } else if (auto count = read_cell(*map)) {
      sum = *count;
    }
    if (std::exchange(map->seen, sum) != sum) names.push_back(name);
  }
  return names;
}

}  // namespace host
