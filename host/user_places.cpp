#include "host/user_places.hpp"

#include <map>

namespace host {

namespace {

Result<Attachment> attach_one(Attaching& attaching, const AttachPlace& place, bool is_return) {
  const Target& target = *place.target;
  // Every uprobe event has a list of programs of its own, so one program serves any number.
  Result<const bpf_program*> program = attaching.programs.shared("vm_uprobe");
  if (!program) return std::move(program).error();
  Result<Fd> event = open_probe_event({.pmu = "uprobe",
                                       .where = target.path,
                                       .offset = target.offset,
                                       .is_return = is_return,
                                       .semaphore = target.semaphore});
  if (!event) return std::move(event).error();
  Result<Link> link =
      link_perf_event(std::move(event).value(), *program, place.cookie, target.text);
  if (!link) return std::move(link).error();
  return Attachment{std::move(link).value(), *program};
}

Result<Attachment> attach_together(Attaching& attaching, const std::vector<AttachPlace>& places,
                                   bool is_return) {
  Result<const bpf_program*> program = attaching.programs.shared("vm_uprobe_multi");
  if (!program) return std::move(program).error();
  PlaceSet set;
  set.path = places.front().target->path;
  set.is_return = is_return;
  for (const AttachPlace& place : places) {
    set.offsets.push_back(place.target->offset);
    set.semaphores.push_back(place.target->semaphore);
    set.cookies.push_back(place.cookie);
  }
  Result<Link> link = link_places(set, *program);
  if (!link) return std::move(link).error();
  return Attachment{std::move(link).value(), *program};
}

}  // namespace

Result<Attached> attach_user_places(Attaching& attaching, const std::vector<AttachPlace>& places,
                                    bool is_return) {
  Attached attached;
  std::map<std::string, std::vector<AttachPlace>> files;
  for (const AttachPlace& place : places) files[place.target->path].push_back(place);
  for (const auto& [path, in_file] : files) {
    if (in_file.size() > 1 && !attaching.machine.is_without("uprobe.multi")) {
      Result<Attachment> all = attach_together(attaching, in_file, is_return);
      if (all) {
        attached.attachments.push_back(std::move(all).value());
        continue;
      }
      attached.note = "attached one by one: " + all.error().message;
    } else if (in_file.size() > 1) {
      attached.note = "attached one by one, without uprobe.multi";
    }
    for (const AttachPlace& place : in_file) {
      Result<Attachment> one = attach_one(attaching, place, is_return);
      if (!one) return std::move(one).error();
      attached.attachments.push_back(std::move(one).value());
    }
  }
  return attached;
}

}  // namespace host
