// Which target of a probe was hit: a number in the cookie of its link, a name for people. Numbers
// are the session's: rows of a swapped closure and the maps of several probes read alike.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/decode.hpp"
#include "host/fd.hpp"
#include "host/stacks.hpp"

namespace host {

class Sites : public bytecode::Names {
 public:
  // The number of a target: the same for the same words. 0 is no target. Targets of one function
  // have one VM_SITE_FUNCTION.
  uint32_t intern(const std::string& probe, const std::string& func);

  // The number of a timer by its name: of one that is called as a function, the function's.
  uint32_t timer(const std::string& name);

  std::string func(uint32_t site) const override;
  std::string probe(uint32_t site) const override;
  // The probe without its kind.
  std::string text(uint32_t site) const;
  // From the kernel, and remembered: a group that is gone has a name in the rows before.
  std::string cgroup(uint64_t id) const override;
  // Of the session's stacks, once it has some.
  std::vector<std::string> stack(uint64_t number) const override;
  void know(const Stacks& stacks) { stacks_ = &stacks; }

 private:
  const Stacks* stacks_ = nullptr;

  using Site = std::pair<std::string, std::string>;  // probe, func
  const Site* find(uint32_t site) const;

  std::map<Site, uint32_t> numbers_;
  std::map<uint32_t, Site> sites_;
  std::map<std::string, uint32_t> timers_;
  std::map<uint32_t, uint32_t> variants_;  // of a function, how many there are
  mutable std::map<uint64_t, std::string> groups_;
  mutable Fd root_;  // of the control groups
  mutable bool looked_ = false;
};

}  // namespace host
