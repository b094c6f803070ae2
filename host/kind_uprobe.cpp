// Functions of programs and libraries: a file and an offset in it.
#include "host/binary_targets.hpp"
#include "host/target.hpp"

namespace host {

namespace {

Result<Target> resolve(Machine&, std::string_view target, std::string_view symbol) {
  Result<std::vector<Target>> targets = uprobe_targets(Kind::uprobe, target, symbol);
  if (!targets) return std::move(targets).error();
  return std::move(targets->front());
}

Result<Link> attach(Machine&, const Target& target, const bpf_program* program, uint64_t cookie) {
  Result<Fd> event = open_probe_event("uprobe", target.path, target.offset);
  if (!event) return std::move(event).error();
  return link_perf_event(std::move(event).value(), program, cookie, target.text);
}

}  // namespace

// Every uprobe event has a list of programs of its own, so one program serves any number.
const KindRecord uprobe_kind = {Kind::uprobe, "vm_uprobe", false, resolve, attach};

}  // namespace host
