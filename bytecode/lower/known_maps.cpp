#include "bytecode/lower/known_maps.hpp"

#include <algorithm>
#include <utility>

namespace bytecode {

std::optional<std::vector<KeyPart>> widened(const std::vector<KeyPart>& parts,
                                            const std::vector<KeyPart>& others) {
  if (parts.size() != others.size()) return std::nullopt;
  std::vector<KeyPart> result = parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool alike = parts[i].name == others[i].name && parts[i].as == others[i].as &&
                 parts[i].names == others[i].names && parts[i].bytes == others[i].bytes;
    if (!alike) return std::nullopt;
    result[i].size = std::max(parts[i].size, others[i].size);
    result[i].nullable |= others[i].nullable;
  }
  return result;
}

KnownMaps::KnownMaps(const std::vector<MapSpec>& given) : given_(given) {
  for (const MapSpec& map : given) widest_.emplace(map.name, map.key);
}

void KnownMaps::learn(const KnownMaps& before, const std::vector<MapSpec>& met) {
  widest_ = before.widest_;
  learnt_ = met;
}

const MapSpec* KnownMaps::find(std::string_view name) const {
  for (const std::vector<MapSpec>* maps : {&learnt_, &given_})
    for (const MapSpec& map : *maps)
      if (map.name == name) return &map;
  return nullptr;
}

std::vector<KeyPart> KnownMaps::widest(const std::string& map, std::vector<KeyPart> parts) {
  std::vector<KeyPart>& known = widest_.try_emplace(map, parts).first->second;
  std::optional<std::vector<KeyPart>> both = widened(parts, known);
  if (!both) return parts;
  known = *both;
  return std::move(*both);
}

}  // namespace bytecode
