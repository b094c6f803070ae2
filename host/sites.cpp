#include "host/sites.hpp"

#include "bytecode/compile.hpp"
#include "bytecode/wire.h"
#include "host/cgroups.hpp"

namespace host {

uint32_t Sites::intern(const std::string& probe, const std::string& func) {
  if (const auto known = numbers_.find({probe, func}); known != numbers_.end())
    return known->second;
  const uint32_t function = timer(bytecode::timer_of(func));
  const uint32_t number = VM_SITE(function, variants_[function]++);
  numbers_.emplace(Site{probe, func}, number);
  sites_.emplace(number, Site{probe, func});
  return number;
}

uint32_t Sites::timer(const std::string& name) {
  return timers_.emplace(name, static_cast<uint32_t>(timers_.size()) + 1).first->second;
}

const Sites::Site* Sites::find(uint32_t site) const {
  const auto found = sites_.find(site);
  return found == sites_.end() ? nullptr : &found->second;
}

std::string Sites::func(uint32_t site) const {
  const Site* found = find(site);
  return found ? found->second : std::string();
}

std::string Sites::probe(uint32_t site) const {
  const Site* found = find(site);
  return found ? found->first : std::string();
}

std::string Sites::text(uint32_t site) const {
  const std::string name = probe(site);
  return name.substr(name.find(':') + 1);
}

std::vector<std::string> Sites::stack(uint64_t number) const {
  return stacks_ ? stacks_->frames(number) : std::vector<std::string>();
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
