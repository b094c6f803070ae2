// Places that a program's author marked (USDT): a uprobe at each, with the semaphore that tells the
// program that somebody looks.
#include "host/binary_targets.hpp"
#include "host/describe.hpp"
#include "host/target.hpp"
#include "host/user_places.hpp"

namespace host {

namespace {

Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view path,
                                    std::string_view probe) {
  Result<std::vector<Target>> targets = usdt_targets(path, probe);
  if (!targets) return targets;
  for (Target& target : *targets) {
    target.schema.regs = named_registers();
    describe_task(machine, target.schema);
  }
  return targets;
}

Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  return attach_user_places(attaching, places, false);
}

}  // namespace

const KindRecord usdt_kind = {Kind::usdt, resolve, attach};

}  // namespace host
