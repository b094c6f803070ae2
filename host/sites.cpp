#include "host/sites.hpp"

#include "host/cgroups.hpp"

namespace host {

uint32_t Sites::intern(const std::string& probe, const std::string& func) {
  const auto [place, fresh] =
      numbers_.emplace(Site{probe, func}, static_cast<uint32_t>(sites_.size()) + 1);
  if (fresh) sites_.emplace_back(probe, func);
  return place->second;
}

std::string Sites::func(uint32_t site) const {
  return site == 0 || site > sites_.size() ? std::string() : sites_[site - 1].second;
}

std::string Sites::probe(uint32_t site) const {
  return site == 0 || site > sites_.size() ? std::string() : sites_[site - 1].first;
}

std::string Sites::text(uint32_t site) const {
  const std::string name = probe(site);
  return name.substr(name.find(':') + 1);
}

std::string Sites::cgroup(uint64_t id) const {
  if (const auto known = groups_.find(id); known != groups_.end()) return known->second;
  if (!looked_) root_ = open_cgroups();
  looked_ = true;
  std::string path = cgroup_path(root_, id);
  if (!path.empty()) groups_.emplace(id, path);
  return path;
}

}  // namespace host
