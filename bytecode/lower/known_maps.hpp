// What a closure knows of maps by their names, beside those that it has met so far.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/program.hpp"

namespace bytecode {

// The parts that keys of both kinds fit into; nothing where they differ in more than the room for a
// text and in whether a part may be null.
std::optional<std::vector<KeyPart>> widened(const std::vector<KeyPart>& parts,
                                            const std::vector<KeyPart>& others);

class KnownMaps {
 public:
  // The maps that there are already, which outlive it.
  explicit KnownMaps(const std::vector<MapSpec>& given);
  // Takes over what an earlier lowering of the closure knew, and the maps that it met.
  void learn(const KnownMaps& before, const std::vector<MapSpec>& met);

  // Met by that lowering, or there already; null where there is none.
  const MapSpec* find(std::string_view name) const;
  // The parts of a key, as wide as those of all keys to the map of this name until now, before long
  // texts give some up. They only grow, so that lowering again comes to an end.
  std::vector<KeyPart> widest(const std::string& map, std::vector<KeyPart> parts);

  // It was asked for before anything was put into it.
  void miss(const std::string& map) { missed_.insert(map); }
  bool is_missed(const std::string& map) const { return missed_.contains(map); }
  // Something wrong was to be put into it.
  void refuse(const std::string& map) { refused_.insert(map); }
  bool is_refused(const std::string& map) const { return refused_.contains(map); }

 private:
  const std::vector<MapSpec>& given_;
  std::vector<MapSpec> learnt_;
  std::map<std::string, std::vector<KeyPart>> widest_;
  std::set<std::string> missed_, refused_;
};

}  // namespace bytecode
