// Which loaded program a link gets. The kernel takes one program twice neither on one tracepoint
// nor, for its guard against recursion, should several raw tracepoints share one: those get an
// instance of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bytecode/result.hpp"
#include "host/link.hpp"
#include "host/loader.hpp"
#include "host/reclaimer.hpp"

namespace host {

// How many targets one probe may have where each needs a program of its own: loading one takes 30
// ms and more, and nothing else is done meanwhile.
constexpr size_t own_programs_max = 128;
bytecode::Error too_many_programs(size_t count, std::string_view what, std::string hint);

// An instance of a program on a target that takes each instance once.
struct Use {
  std::string target;
  size_t instance = 0;
  bool closing = false;  // its link is on the way out
};

// A link with what it runs.
struct Attachment {
  Link link;
  const bpf_program* program = nullptr;
  std::shared_ptr<Use> use = {};  // as long as the link may be there
};

class Programs {
 public:
  Programs(Loader& loader, Reclaimer& reclaimer) : loader_(loader), reclaimer_(reclaimer) {}

  // The one instance that serves any number of links.
  bytecode::Result<const bpf_program*> shared(const std::string& name);
  // An instance that the kernel takes for `target`, and that it is taken.
  struct Lease {
    const bpf_program* program = nullptr;
    std::shared_ptr<Use> use;
  };
  bytecode::Result<Lease> lease(const std::string& name, const std::string& target);
  // A program for one link alone, loaded with its constants.
  bytecode::Result<std::shared_ptr<const bpf_program>> own(const std::string& name,
                                                           const Constants& constants);

 private:
  Loader& loader_;
  Reclaimer& reclaimer_;
  std::vector<std::weak_ptr<Use>> uses_;
};

}  // namespace host
