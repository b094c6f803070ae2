#include "host/programs.hpp"

#include <set>

#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

bytecode::Error too_many_programs(size_t count, std::string_view what, std::string hint) {
  return no_target(std::to_string(count) + " " + std::string(what) +
                       " at once: each needs a program of its own, and the limit is " +
                       std::to_string(own_programs_max),
                   std::move(hint));
}

Result<const bpf_program*> Programs::shared(const std::string& name) {
  return loader_.program(name);
}

Result<Programs::Lease> Programs::lease(const std::string& name, const std::string& target) {
  const std::string key = name + " " + target;
  while (true) {
    std::erase_if(uses_, [](const std::weak_ptr<Use>& use) { return use.expired(); });
    std::set<size_t> taken;
    bool closing = false;
    for (const std::weak_ptr<Use>& weak : uses_) {
      const std::shared_ptr<Use> use = weak.lock();
      if (!use || use->target != key) continue;
      taken.insert(use->instance);
      closing = closing || use->closing;
    }
    size_t instance = 0;
    while (taken.count(instance) != 0) ++instance;
    // Waiting for a link to close is as fast as loading once more, and leaves nothing behind.
    const bool loaded = instance == 0 || instance < loader_.instances(name);
    if (!loaded && closing && reclaimer_.wait()) continue;
    Result<const bpf_program*> program = loader_.program(name, instance);
    if (!program) return std::move(program).error();
    auto use = std::make_shared<Use>(Use{key, instance});
    uses_.push_back(use);
    return Lease{*program, std::move(use)};
  }
}

Result<std::shared_ptr<const bpf_program>> Programs::own(const std::string& name,
                                                         const Constants& constants) {
  return loader_.load_own(name, constants);
}

}  // namespace host
