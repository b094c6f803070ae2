// Functions of programs and libraries, at their entry (uprobe) and when they return (uretprobe): a
// file and an offset in it.
#include "host/binary_targets.hpp"
#include "host/describe.hpp"
#include "host/target.hpp"
#include "host/user_places.hpp"

namespace host {

namespace {

template <Kind kind>
Result<std::vector<Target>> resolve(Machine& machine, const Request& request, std::string_view path,
                                    std::string_view symbol) {
  Result<std::vector<Target>> targets = uprobe_targets(kind, path, symbol, request.is_unsafe);
  if (!targets) return targets;
  for (Target& target : *targets) {
    target.schema.regs = named_registers();
    describe_task(machine, target.schema);
  }
  return targets;
}

template <Kind kind>
Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  return attach_user_places(attaching, places, kind == Kind::uretprobe);
}

}  // namespace

const KindRecord uprobe_kind = {Kind::uprobe, resolve<Kind::uprobe>, attach<Kind::uprobe>};
const KindRecord uretprobe_kind = {Kind::uretprobe, resolve<Kind::uretprobe>,
                                   attach<Kind::uretprobe>};

}  // namespace host
