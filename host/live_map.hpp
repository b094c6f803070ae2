// A map's place in the kernel: made, read, emptied.
//
// A keyed map is a hash in the outer map of its values' family and its key's size; one without a
// key is a cell of a per-CPU array. What probes write meanwhile is never lost: a map is emptied by
// putting an empty one in its place, and what the old one has is complete a grace period later.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bytecode/entries.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "host/loader.hpp"
#include "host/map_read.hpp"
#include "host/reclaimer.hpp"
#include "host/session.hpp"

namespace host {

struct LiveMap {
  std::string name;
  bytecode::MapSpec spec;
  std::string origin;       // where it was first written, in words
  bool own = false;         // its closure gave it no name: no other probe joins it
  bool from_shell = false;  // it stays what it is, whoever writes it
  uint32_t slot = 0;        // in the outer map; or which cell it is
  uint32_t place = 0;       // of a cell, at present: its element of the per-CPU array
  Fd fd;                    // keyed only
  uint64_t max = 0;
  std::vector<ProbeId> writers;
  uint64_t seen = 0;        // the sum of its words when it was last looked at
  bool look_again = false;  // a writer has left since

  // Whether it is a hash; else a cell.
  bool keyed() const { return !spec.key.empty() || spec.kind == bytecode::MapKind::value; }
  Family family() const;
};

using EntryTaker = std::function<void(bytecode::Entry&&)>;

// Goes through the entries of a keyed map's hash, also when it has given way to another meanwhile.
class MapWalk {
 public:
  MapWalk(Fd hash, const EntryShape& shape, uint64_t max, bool tallies);
  // Hands the next entries to `sink`, as EntryReader::next does. False when there are no more.
  Result<bool> next(const EntryTaker& sink);

 private:
  Fd hash_;
  EntryReader reader_;
  bool tallies_;
};

class MapPlaces {
 public:
  MapPlaces(Loader& loader, Reclaimer& reclaimer, uint32_t entries);

  // A new and empty map of `entries` entries, which the closures of `spec` may write at once.
  // Its label, where there is no room, is the spec's span.
  Result<std::shared_ptr<LiveMap>> make(std::string name, const bytecode::MapSpec& spec, bool own);
  // No program writes it any more, but runs may still be under way.
  void dispose(const std::shared_ptr<LiveMap>& map);

  // Each entry, of a map without a key one with the empty key.
  Status read(const LiveMap& map, const EntryTaker& sink) const;
  // Of a keyed map.
  Result<MapWalk> walk(const LiveMap& map) const;
  // The sum of all words, and how many entries there are.
  struct Extent {
    uint64_t sum = 0, entries = 0;
  };
  Extent extent(const LiveMap& map) const;

  enum class Keys : uint8_t { dropped, kept };
  // Empties it, or puts zeros in the place of its values. Waits for a grace period where the map is
  // keyed.
  Status empty(LiveMap& map, Keys keys);
  // Empties it; `sink` gets exactly what was in it. Waits for a grace period.
  Status take(LiveMap& map, const EntryTaker& sink);
  Result<MapWalk> take(LiveMap& map);  // of a keyed map
  // Of a map of the closures' own. A key that is not there is no error to `remove`.
  Status put(const LiveMap& map, std::span<const uint8_t> key, uint64_t word) const;
  Status remove(const LiveMap& map, std::span<const uint8_t> key) const;

 private:
  const OuterMap& outer_of(const LiveMap& map) const;
  EntryShape shape_of(const LiveMap& map) const;
  std::vector<uint32_t>& free_slots(const LiveMap& map);
  std::vector<uint32_t>& free_places(const LiveMap& map);
  int cells_of(const LiveMap& map) const;
  Result<MapWalk> walk_of(const LiveMap& map, Fd hash) const;
  Status read_hash(const LiveMap& map, int fd, const EntryTaker& sink) const;
  Status read_cell(const LiveMap& map, uint32_t place, const EntryTaker& sink) const;
  Status give_place(LiveMap& map);
  Result<Fd> make_hash(const LiveMap& map) const;
  Result<Fd> exchange(LiveMap& map, Fd fresh);
  Result<Fd> replace(LiveMap& map);  // exchanges it for an empty one
  // Another place, with zeros; the one that it had. Runs may still write to that.
  Result<uint32_t> move(LiveMap& map);
  void free_later(const LiveMap& map, uint32_t place);

  Loader& loader_;
  Reclaimer& reclaimer_;
  uint32_t entries_;
  std::vector<uint32_t> free_slots_[family_count][VM_KEY_CLASS_COUNT];
  // Cells and their places: of counts and sums, of tallies.
  std::vector<uint32_t> free_cells_[2], free_places_[2];
};

}  // namespace host
