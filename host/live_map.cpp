#include "host/live_map.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "bytecode/isa_table.hpp"
#include "bytecode/wire.h"
#include "host/refusal.hpp"

namespace host {

using bytecode::Amount;
using bytecode::Error;
using bytecode::MapKind;
using bytecode::MapSpec;
using bytecode::Nothing;

namespace {

// Slots are taken from the back: the lowest first.
std::vector<uint32_t> countdown(uint32_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.rbegin(), numbers.rend(), 0u);
  return numbers;
}

bool is_tally(const LiveMap& map) { return bytecode::is_tally(map.spec.kind); }

// Of one element of the per-CPU array, on all CPUs.
size_t cell_words(const LiveMap& map) {
  return possible_cpus() * (is_tally(map) ? sizeof(vm_tally) / 8 : 1);
}

// Where vm_cell_places has a cell: those of tallies come second.
uint32_t place_index(const LiveMap& map) {
  return map.slot + (is_tally(map) ? uint32_t{VM_CELLS_MAX} : 0u);
}

Amount amount_of(bool are_tallies, std::span<const uint64_t> words) {
  if (!are_tallies) return Amount::of_words(words);
  std::vector<vm_tally> tallies(words.size_bytes() / sizeof(vm_tally));
  std::memcpy(tallies.data(), words.data(), tallies.size() * sizeof(vm_tally));
  return Amount::of_tallies(tallies);
}

// What a hash has, handed to `sink`, which outlives this.
EntrySink entries_to(const EntryTaker& sink, bool are_tallies) {
  return [&sink, are_tallies](std::span<const uint8_t> key, std::span<const uint64_t> words) {
    sink({{key.begin(), key.end()}, amount_of(are_tallies, words)});
  };
}

}  // namespace

Family LiveMap::family() const {
  if (spec.kind == MapKind::value) return spec.lru ? Family::recent : Family::values;
  return bytecode::is_tally(spec.kind) ? Family::tallies : Family::counts;
}

MapPlaces::MapPlaces(Loader& loader, Reclaimer& reclaimer, uint32_t entries)
    : loader_(loader), reclaimer_(reclaimer), entries_(entries) {
  for (auto& family : free_slots_)
    for (auto& slots : family) slots = countdown(VM_MAPS_MAX);
  for (auto& cells : free_cells_) cells = countdown(VM_CELLS_MAX);
  for (auto& places : free_places_) places = countdown(VM_CELLS_MAX);
}

const OuterMap& MapPlaces::outer_of(const LiveMap& map) const {
  return loader_.keyed(map.family(), map.spec.key_class);
}

EntryShape MapPlaces::shape_of(const LiveMap& map) const {
  const bool is_shared = map.spec.kind == MapKind::value;
  return {bytecode::key_class_bytes(map.spec.key_class), outer_of(map).inner.value_size,
          is_shared ? 1 : possible_cpus()};
}

std::vector<uint32_t>& MapPlaces::free_slots(const LiveMap& map) {
  if (!map.keyed()) return free_cells_[is_tally(map) ? 1 : 0];
  return free_slots_[static_cast<size_t>(map.family())][map.spec.key_class];
}

std::vector<uint32_t>& MapPlaces::free_places(const LiveMap& map) {
  return free_places_[is_tally(map) ? 1 : 0];
}

Result<Fd> MapPlaces::make_hash(const LiveMap& map) const {
  return outer_of(map).inner.create("vm_map", static_cast<uint32_t>(map.max));
}

Result<std::shared_ptr<LiveMap>> MapPlaces::make(std::string name, const MapSpec& spec, bool own) {
  auto map = std::make_shared<LiveMap>();
  map->name = std::move(name);
  map->spec = spec;
  map->own = own;
  std::vector<uint32_t>& free = free_slots(*map);
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
  map->max = !map->keyed() ? 1 : spec.entries != 0 ? spec.entries : entries_;
  if (map->keyed()) {
    Result<Fd> fd = make_hash(*map);
    if (!fd) return std::move(fd).error();
    if (Status placed = outer_of(*map).insert(map->slot, fd->get(), "vm_map"); !placed)
      return std::move(placed).error();
    map->fd = std::move(fd).value();
  } else if (Status placed = give_place(*map); !placed) {
    return std::move(placed).error();
  }
  free.pop_back();
  return map;
}

// The per-CPU array that a cell is in.
int MapPlaces::cells_of(const LiveMap& map) const {
  return is_tally(map) ? loader_.tally_cells() : loader_.cells();
}

// An element of the per-CPU array that has zeros, from now on the cell's.
Status MapPlaces::give_place(LiveMap& map) {
  std::vector<uint32_t>& free = free_places(map);
  while (free.empty() && reclaimer_.wait()) {
  }
  if (free.empty()) return refusal("find room for the map " + map.name, ENOSPC);
  const uint32_t place = free.back();
  const std::vector<uint64_t> zeros(cell_words(map));
  const uint32_t index = place_index(map);
  if (bpf_map_update_elem(cells_of(map), &place, zeros.data(), BPF_ANY) != 0 ||
      bpf_map_update_elem(loader_.cell_places(), &index, &place, BPF_ANY) != 0)
    return refusal("clear the map " + map.name, errno);
  free.pop_back();
  map.place = place;
  return Nothing{};
}

void MapPlaces::dispose(const std::shared_ptr<LiveMap>& map) {
  std::function<void()> work;
  if (map->keyed())
    work = [map, outer = outer_of(*map).fd] {
      bpf_map_delete_elem(outer, &map->slot);
      map->fd.reset();
    };
  // The slot is free when no run of a program that knew it can be left.
  reclaimer_.release({}, std::move(work), [this, map] {
    free_slots(*map).push_back(map->slot);
    if (!map->keyed()) free_places(*map).push_back(map->place);
  });
}

MapWalk::MapWalk(Fd hash, const EntryShape& shape, uint64_t max, bool tallies)
    : hash_(std::move(hash)), reader_(shape, max), tallies_(tallies) {}

Result<bool> MapWalk::next(const EntryTaker& sink) {
  return reader_.next(hash_.get(), entries_to(sink, tallies_));
}

Result<MapWalk> MapPlaces::walk_of(const LiveMap& map, Fd hash) const {
  if (!hash) return refusal("read the map " + map.name, errno);
  return MapWalk(std::move(hash), shape_of(map), map.max, is_tally(map));
}

Result<MapWalk> MapPlaces::walk(const LiveMap& map) const {
  return walk_of(map, Fd(fcntl(map.fd.get(), F_DUPFD_CLOEXEC, 0)));
}

Status MapPlaces::read_hash(const LiveMap& map, int fd, const EntryTaker& sink) const {
  return read_entries(fd, shape_of(map), map.max, entries_to(sink, is_tally(map)));
}

Status MapPlaces::read_cell(const LiveMap& map, uint32_t place, const EntryTaker& sink) const {
  std::vector<uint64_t> words(cell_words(map));
  if (bpf_map_lookup_elem(cells_of(map), &place, words.data()) != 0)
    return refusal("read the map " + map.name, errno);
  sink({{}, amount_of(is_tally(map), words)});
  return Nothing{};
}

Status MapPlaces::read(const LiveMap& map, const EntryTaker& sink) const {
  return map.keyed() ? read_hash(map, map.fd.get(), sink) : read_cell(map, map.place, sink);
}

MapPlaces::Extent MapPlaces::extent(const LiveMap& map) const {
  Extent extent;
  const auto add = [&extent](std::span<const uint64_t> words) {
    extent.sum = std::accumulate(words.begin(), words.end(), extent.sum + 1);
    ++extent.entries;
  };
  if (map.keyed()) {
    const Status read = read_entries(
        map.fd.get(), shape_of(map), map.max,
        [&](std::span<const uint8_t>, std::span<const uint64_t> words) { add(words); });
    return read ? extent : Extent{};
  }
  std::vector<uint64_t> words(cell_words(map));
  if (bpf_map_lookup_elem(cells_of(map), &map.place, words.data()) == 0) add(words);
  // What a cell has never been given counts as nothing.
  if (extent.sum == 1) extent = {};
  return extent;
}

Result<uint32_t> MapPlaces::move(LiveMap& map) {
  const uint32_t old = map.place;
  if (Status placed = give_place(map); !placed) return std::move(placed).error();
  return old;
}

void MapPlaces::free_later(const LiveMap& map, uint32_t place) {
  reclaimer_.release({}, {}, [&free = free_places(map), place] { free.push_back(place); });
}

// The hash that it had. Comes back when no run writes to that any more.
Result<Fd> MapPlaces::exchange(LiveMap& map, Fd fresh) {
  if (Status placed = outer_of(map).insert(map.slot, fresh.get(), "vm_map"); !placed)
    return std::move(placed).error();
  return std::exchange(map.fd, std::move(fresh));
}

Status MapPlaces::empty(LiveMap& map, Keys keys) {
  if (!map.keyed()) {
    const Result<uint32_t> old = move(map);
    if (!old) return old.error();
    free_later(map, *old);
    return Nothing{};
  }
  Result<Fd> fresh = make_hash(map);
  if (!fresh) return std::move(fresh).error();
  if (keys == Keys::kept) {
    const EntryShape shape = shape_of(map);
    const std::vector<uint64_t> zeros(size_t{shape.value_bytes} / 8 * shape.parts);
    Status read = read_entries(
        map.fd.get(), shape, map.max, [&](std::span<const uint8_t> key, std::span<const uint64_t>) {
          bpf_map_update_elem(fresh->get(), key.data(), zeros.data(), BPF_ANY);
        });
    if (!read) return read;
  }
  Result<Fd> old = exchange(map, std::move(fresh).value());
  return old ? Status(Nothing{}) : Status(std::move(old).error());
}

Result<Fd> MapPlaces::replace(LiveMap& map) {
  Result<Fd> fresh = make_hash(map);
  return fresh ? exchange(map, std::move(fresh).value()) : std::move(fresh);
}

Result<MapWalk> MapPlaces::take(LiveMap& map) {
  Result<Fd> old = replace(map);
  if (!old) return std::move(old).error();
  return walk_of(map, std::move(old).value());
}

Status MapPlaces::take(LiveMap& map, const EntryTaker& sink) {
  if (map.keyed()) {
    const Result<Fd> old = replace(map);
    return old ? read_hash(map, old->get(), sink) : Status(old.error());
  }
  const Result<uint32_t> old = move(map);
  if (!old) return old.error();
  reclaimer_.grace();
  Status done = read_cell(map, *old, sink);
  free_later(map, *old);
  return done;
}

Status MapPlaces::put(const LiveMap& map, std::span<const uint8_t> key, uint64_t word) const {
  if (bpf_map_update_elem(map.fd.get(), key.data(), &word, BPF_ANY) != 0)
    return refusal("write to the map " + map.name, errno);
  return Nothing{};
}

Status MapPlaces::remove(const LiveMap& map, std::span<const uint8_t> key) const {
  if (bpf_map_delete_elem(map.fd.get(), key.data()) != 0 && errno != ENOENT)
    return refusal("write to the map " + map.name, errno);
  return Nothing{};
}

}  // namespace host
