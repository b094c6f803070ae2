#include "host/user_places.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <span>

#include "host/together.hpp"
#include "host/trial.hpp"

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

Result<Attachment> attach_set(Attaching& attaching, std::span<const AttachPlace> places,
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

// Tried on a function of this program that nobody calls.
bool can_link_sets(Attaching& attaching) {
  Result<const bpf_program*> program = attaching.programs.shared("vm_uprobe_multi");
  const trial::OwnPlace own = trial::own_function();
  if (!program || own.offset == 0) return false;
  PlaceSet set;
  set.path = own.path;
  set.offsets = {own.offset};
  set.semaphores = set.cookies = {0};
  return static_cast<bool>(link_places(set, *program));
}

}  // namespace

Result<Attached> attach_user_places(Attaching& attaching, const std::vector<AttachPlace>& places,
                                    bool is_return) {
  // The breakpoints of a set go into every process that maps the file before the kernel comes upon
  // the one it refuses: of 2,000 in a libc undoing them took 2.3 s.
  constexpr size_t at_most = 256;
  const Linking linking = {
      [&](std::span<const AttachPlace> set) { return attach_set(attaching, set, is_return); },
      [&](const AttachPlace& place) { return attach_one(attaching, place, is_return); },
      [&] { return can_link_sets(attaching); }, "uprobe.multi", at_most};
  std::map<std::string, std::vector<AttachPlace>> files;
  for (const AttachPlace& place : places) files[place.target->path].push_back(place);
  Attached all;
  std::optional<bytecode::Error> refusal;  // of a file of which a glob meant all places
  for (const auto& [path, in_file] : files) {
    Result<Attached> attached = attach_together(attaching.machine, in_file, linking);
    if (!attached) {
      const bool was_named =
          std::any_of(in_file.begin(), in_file.end(),
                      [](const AttachPlace& place) { return !place.target->is_of_glob; });
      if (was_named || files.size() == 1) return attached;
      add_note(all.note, path + " is left out: " + attached.error().message);
      refusal = std::move(attached).error();
      continue;
    }
    std::move(attached->attachments.begin(), attached->attachments.end(),
              std::back_inserter(all.attachments));
    if (all.note != attached->note) add_note(all.note, attached->note);
  }
  if (all.attachments.empty() && refusal) return std::move(*refusal);
  return all;
}

}  // namespace host
