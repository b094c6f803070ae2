// The maps that closures write, by name: shared where names, kinds and keys agree, alive until they
// are deleted or give way to one of another type.
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
#include "host/live_map.hpp"
#include "host/loader.hpp"
#include "host/reclaimer.hpp"
#include "host/session.hpp"
#include "host/stacks.hpp"

namespace host {

class MapStore {
 public:
  MapStore(Loader& loader, Reclaimer& reclaimer, uint32_t entries);

  // The maps of a probe's programs, found or made: of each program in the order of Program::maps.
  // What has one name is one map. Nothing is visible to others until commit.
  using Maps = std::vector<std::shared_ptr<LiveMap>>;
  struct Plan {
    std::vector<Maps> maps;
    Maps fresh;        // those of them that are new
    std::string note;  // what of the closure's wishes a map that is there already does not have
  };
  Result<Plan> prepare(ProbeId probe, const std::string& probe_name,
                       const std::vector<std::shared_ptr<const bytecode::Program>>& programs);
  // `program` with its map indexes replaced by the plan's slots and cells, its timers by their
  // numbers.
  static bytecode::Program relocate(const bytecode::Program& program, const Maps& maps,
                                    const std::vector<uint32_t>& timers);
  // Makes the plan's maps the ones that `probe` writes, and no others.
  void commit(ProbeId probe, const Plan& plan);
  void abandon(const Plan& plan);
  // `probe` writes no map any more; its maps stay.
  void leave(ProbeId probe);

  std::vector<std::string> names_of(ProbeId probe) const;
  // Null where there is no such map; until the next change.
  const LiveMap* look(std::string_view name) const { return find(name).get(); }
  std::vector<MapInfo> list() const;
  Result<Value> get(std::string_view name, bytecode::Clock clock,
                    const bytecode::Names* names) const;
  // What `get` gives, of all that was written until now; then the map is empty. Not one hit is in
  // neither or in both.
  Result<Value> take(std::string_view name, bytecode::Clock clock, const bytecode::Names* names);
  // What `get` or `take` gives, row by row; `names` outlives it. Of maps whose entries are rows
  // (bytecode::has_row_per_entry).
  Result<std::unique_ptr<MapRows>> rows(std::string_view name, bool taken, bytecode::Clock clock,
                                        const bytecode::Names* names);
  // What has changed since the snapshot, which becomes the map as it is now.
  Result<Value> growth(std::string_view name, bytecode::Snapshot& since, bytecode::Clock clock,
                       const bytecode::Names* names) const;
  Status clear(std::string_view name);
  Status zero(std::string_view name);  // keeps the keys
  // Of a map of the closures' own, which is made if there is none; of one without a key the key is
  // null.
  Status set(std::string_view name, const Value& key, const Value& value, bytecode::Clock clock);
  // One entry.
  Status remove(std::string_view name, const Value& key, bytecode::Clock clock);
  // The maps that closures have named: what those to come may share.
  std::vector<bytecode::MapSpec> shared() const;
  Status erase(std::string_view name);
  // Maps whose contents changed since the last call. `active` are the probes with hits since then:
  // where none of them writes a map, it is not read.
  // One whose stacks have no names yet is left for the next call.
  std::vector<std::string> changed(const std::set<ProbeId>& active, Stacks& stacks);
  // Whether the stacks in its keys have names.
  bool ready(std::string_view name, Stacks& stacks) const;
  // Whether any map has stacks as keys.
  bool has_stacks() const;

 private:
  Status plan(ProbeId probe, const std::string& probe_name, const bytecode::Program& program,
              Plan& plan);
  struct Aim {
    std::shared_ptr<LiveMap> map;
    std::vector<uint8_t> key;
  };

  std::shared_ptr<LiveMap> find(std::string_view name) const;
  Status make_for(std::string_view name, const Value& key, const Value& value);
  Result<std::vector<bytecode::Entry>> entries_of(const LiveMap& map) const;
  Result<Aim> aim(std::string_view name, const Value& key, bytecode::Clock clock) const;
  bytecode::Error missing(std::string_view name) const;

  MapPlaces places_;
  std::map<std::string, std::shared_ptr<LiveMap>, std::less<>> by_name_;
};

}  // namespace host
