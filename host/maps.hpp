// The maps that closures write, by name: shared where names, kinds and keys agree, alive until they
// are deleted or give way to one of another type.
//
// A keyed map is a per-CPU hash in the outer map of its key's size; an unkeyed one is a cell of a
// per-CPU array. Values are merged over CPUs when they are read.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/decode.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/value.hpp"
#include "host/loader.hpp"
#include "host/reclaimer.hpp"
#include "host/session.hpp"

namespace host {

// A map's place in the kernel.
struct LiveMap {
  std::string name;
  bytecode::MapSpec spec;
  bool own = false;   // its closure gave it no name: no other probe joins it
  uint32_t slot = 0;  // in the outer map of its key class, or the cell
  Fd fd;              // keyed only
  uint64_t max = 0;
  std::vector<ProbeId> writers;
  uint64_t seen = 0;        // the sum of its counts when changed() last looked
  bool look_again = false;  // a writer has left since

  bool keyed() const { return !spec.key.empty(); }
};

class MapStore {
 public:
  MapStore(Loader& loader, Reclaimer& reclaimer, uint32_t entries);

  // The maps of a probe's programs, found or made: of each program in the order of Program::maps.
  // What has one name is one map. Nothing is visible to others until commit.
  using Maps = std::vector<std::shared_ptr<LiveMap>>;
  struct Plan {
    std::vector<Maps> maps;
    Maps fresh;  // those of them that are new
  };
  Result<Plan> prepare(ProbeId probe, const std::string& probe_name,
                       const std::vector<std::shared_ptr<const bytecode::Program>>& programs);
  // `program` with its map indexes replaced by the plan's slots and cells.
  static bytecode::Program relocate(const bytecode::Program& program, const Maps& maps);
  // Makes the plan's maps the ones that `probe` writes, and no others.
  void commit(ProbeId probe, const Plan& plan);
  void abandon(const Plan& plan);
  // `probe` writes no map any more; its maps stay.
  void leave(ProbeId probe);

  std::vector<std::string> names_of(ProbeId probe) const;
  std::vector<MapInfo> list() const;
  Result<Value> get(std::string_view name, bytecode::Clock clock,
                    const bytecode::Names* names) const;
  Status clear(std::string_view name);
  Status erase(std::string_view name);
  // Maps whose contents changed since the last call. `active` are the probes with hits since then:
  // where none of them writes a map, it is not read.
  std::vector<std::string> changed(const std::set<ProbeId>& active);

 private:
  Status plan(ProbeId probe, const std::string& probe_name, const bytecode::Program& program,
              Plan& plan);
  using Entry = std::pair<std::vector<uint8_t>, uint64_t>;

  std::shared_ptr<LiveMap> find(std::string_view name) const;
  Result<std::shared_ptr<LiveMap>> make(std::string name, const bytecode::MapSpec& spec, bool own);
  void dispose(const std::shared_ptr<LiveMap>& map);
  bytecode::Error missing(std::string_view name) const;
  Result<std::vector<Entry>> read(const LiveMap& map) const;
  Result<uint64_t> read_cell(const LiveMap& map) const;

  Loader& loader_;
  Reclaimer& reclaimer_;
  uint32_t entries_;
  std::map<std::string, std::shared_ptr<LiveMap>, std::less<>> by_name_;
  std::vector<uint32_t> free_slots_[VM_KEY_CLASS_COUNT];
  std::vector<uint32_t> free_cells_;
};

// All entries of a per-CPU hash of 64-bit counts, each merged over CPUs.
Result<std::vector<std::pair<std::vector<uint8_t>, uint64_t>>> read_counts(int fd,
                                                                           uint32_t key_bytes,
                                                                           uint64_t max);

}  // namespace host
