// Attaching and swapping: programs into slots, filters before them, links to them.
#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>

#include "bytecode/bad_argument.hpp"
#include "bytecode/validate.hpp"
#include "host/call_ends.hpp"
#include "host/cgroups.hpp"
#include "host/family.hpp"
#include "host/monotonic.hpp"
#include "host/refusal.hpp"
#include "host/session_impl.hpp"

namespace host {

using bytecode::bad_argument;
using bytecode::Error;
using bytecode::Nothing;
using bytecode::Program;
using bytecode::same_program;

namespace {

Status check(const AttachOptions& options) {
  if (options.pids.size() > VM_PIDS_MAX)
    return bad_argument(
        "pid", "too many process ids for one probe",
        "at most " + std::to_string(VM_PIDS_MAX) + "; filter by $ctx.pid in the closure");
  for (const uint32_t pid : options.pids)
    if (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)
      return bad_argument("pid", "there is no process " + std::to_string(pid),
                          "ps shows those that there are");
  if (options.follow && options.pids.empty())
    return bad_argument("follow", "there is no process to follow", "name it with --pid");
  if (options.children_only && !options.follow)
    return bad_argument("follow", "a process's children alone can only be followed",
                        "use --follow with it");
  return Nothing{};
}

// Each program once, and which one each member has. Targets whose call has an end to read at share
// no place with those that have none: a place parks for all of its targets.
struct Grouping {
  std::vector<std::shared_ptr<const Program>> programs;
  std::vector<size_t> index;
};
Grouping group(const std::vector<Member>& members) {
  Grouping grouped;
  std::vector<const Member*> first;  // of each program
  for (const Member& member : members) {
    const auto same = std::find_if(first.begin(), first.end(), [&](const Member* known) {
      return known->target.call_end.empty() == member.target.call_end.empty() &&
             (known->program == member.program || same_program(*known->program, *member.program));
    });
    grouped.index.push_back(static_cast<size_t>(same - first.begin()));
    if (same != first.end()) continue;
    first.push_back(&member);
    grouped.programs.push_back(member.program);
  }
  return grouped;
}

// What a note says but for the target's own name in it.
std::string without_name(const Target& target) {
  std::string note = target.note;
  if (!target.func.empty())
    for (size_t at = 0; (at = note.find(target.func, at)) != std::string::npos;)
      note.erase(at, target.func.size());
  return note;
}

// Sentences that differ in a name are said once, for the first of them.
std::string join_notes(const std::vector<Target>& targets, const std::string& last) {
  struct Said {
    std::string first;
    std::set<std::string> others;
  };
  std::vector<std::pair<std::string, Said>> notes;
  for (const Target& target : targets) {
    if (target.note.empty()) continue;
    const std::string alike = without_name(target);
    const auto known = std::find_if(notes.begin(), notes.end(),
                                    [&](const auto& note) { return note.first == alike; });
    if (known == notes.end())
      notes.emplace_back(alike, Said{target.note, {}});
    else if (target.note != known->second.first)
      known->second.others.insert(target.note);
  }
  std::string text;
  for (const auto& [alike, said] : notes) {
    const size_t others = said.others.size();
    add_note(text, said.first +
                       (others == 0 ? "" : ", and " + std::to_string(others) + " more likewise"));
  }
  add_note(text, last);
  return text;
}

}  // namespace

bool takes_stacks(const Program& program) {
  return std::any_of(program.code.begin(), program.code.end(),
                     [](const vm_insn& insn) { return insn.op == VM_OP_stack; });
}

// Before the first of them is taken: what processes do from now on is remembered. Stacks that
// nobody has any more make room.
void Session::Impl::prepare_stacks(const std::vector<ProgramPointer>& programs) {
  const bool wanted = std::any_of(programs.begin(), programs.end(),
                                  [](const auto& program) { return host::takes_stacks(*program); });
  if (!wanted) return;
  const bool used = !pending.empty() || maps->has_stacks() ||
                    std::any_of(probes.begin(), probes.end(),
                                [this](const auto& probe) { return takes_stacks(probe.second); });
  if (!used) stacks->forget();
  stacks->start();
}

uint32_t Session::Impl::add_generation(ProbeId id, Probe& probe, ProgramPointer program) {
  const uint32_t generation = ++last_generation;
  std::vector<bool> sends_stacks;
  for (const bytecode::RowSite& site : program->rows)
    sends_stacks.push_back(bytecode::has_stacks(site.value));
  const bool takes = host::takes_stacks(*program);
  generations[generation] = {id, std::move(program), std::move(sends_stacks), takes, 0};
  probe.generations.insert(generation);
  return generation;
}

// As the kernel reads it: maps and timers by the session's numbers.
Program Session::Impl::relocated(const Program& program, const MapStore::Maps& its_maps) {
  std::vector<uint32_t> timers;
  for (const std::string& name : program.timers) timers.push_back(sites.timer(name));
  return MapStore::relocate(program, its_maps, timers);
}

Status Session::Impl::take_seats(ProbeId id, Probe& probe,
                                 const std::vector<ProgramPointer>& programs,
                                 const MapStore::Plan& plan, const AttachOptions& attach_options) {
  Filters filters;
  if (!attach_options.self) filters.which |= VM_FILTER_SELF;
  if (!attach_options.pids.empty() && !attach_options.follow) filters.which |= VM_FILTER_PIDS;
  if (attach_options.follow) filters.which |= VM_FILTER_FAMILY;
  if (!attach_options.comm.empty()) filters.which |= VM_FILTER_COMM;
  if (!attach_options.cgroup.empty()) filters.which |= VM_FILTER_CGROUP;
  // An interval is nobody's: what runs just then has nothing to do with it.
  if (probe.targets.front().kind == Kind::interval) filters.which = 0;
  filters.pids = attach_options.pids;
  filters.comm = attach_options.comm;
  filters.family = probe.family;

  auto taken = slots->take(programs.size());
  if (!taken) return std::move(taken).error();
  for (size_t i = 0; i < programs.size(); ++i) {
    Seat& seat = probe.seats.emplace_back();
    seat.slot = std::move((*taken)[i]);
    CodeMap& code = seat.slot->code;
    code.configure(probe.ring, filters);
    seat.generation = add_generation(id, probe, programs[i]);
    const uint32_t bank = code.take_bank().value();
    code.write(bank, relocated(*programs[i], plan.maps[i]), seat.generation);
    code.give_back(code.flip(bank));
  }
  return Nothing{};
}

Status Session::Impl::restrict(Probe& probe, const AttachOptions& attach_options) {
  if (!attach_options.cgroup.empty()) {
    const Result<Fd> group = open_cgroup(attach_options.cgroup);
    if (!group) return group.error();
    const int fd = group->get();
    for (const Seat& seat : probe.seats)
      if (bpf_map_update_elem(loader->cgroups(), &seat.slot->index, &fd, BPF_ANY) != 0)
        return refusal("ask for the control group " + attach_options.cgroup, errno);
  }
  if (probe.family == 0) return Nothing{};
  Result<std::vector<Attachment>> family =
      begin_family(machine, *kernel_programs, *loader, probe.family, attach_options);
  if (!family) return std::move(family).error();
  std::move(family->begin(), family->end(), std::back_inserter(probe.attachments));
  return Nothing{};
}

AttachPlace Session::Impl::place_of(const Probe& probe, size_t index) {
  const Target& target = probe.targets[index];
  const std::string name = std::string(kind_name(target.kind)) + ":" + target.text;
  const uint32_t site = sites.intern(name, target.func);
  return {&target, VM_COOKIE(probe.seats[probe.seat_of[index]].slot->index, site)};
}

// Where a closure reads text at the beginning of a system call. Where the ends cannot be linked,
// text that is not there is a fault.
void Session::Impl::link_ends(Probe& probe) {
  if (machine.is_without("call ends")) return;
  std::set<size_t> parking;  // seats
  std::vector<AttachPlace> places;
  for (size_t i = 0; i < probe.targets.size(); ++i) {
    const Seat& seat = probe.seats[probe.seat_of[i]];
    if (seat.parks || probe.targets[i].call_end.empty()) continue;
    if (!reads_text(*generations.at(seat.generation).program)) continue;
    parking.insert(probe.seat_of[i]);
    places.push_back(place_of(probe, i));
  }
  if (places.empty()) return;
  const AttachOptions none;
  Attaching attaching{machine, *kernel_programs, none};
  Result<std::vector<Attachment>> linked = link_call_ends(attaching, places);
  if (!linked) {
    add_note(probe.note, "text that is not in memory when a call begins is not read at its end: " +
                             linked.error().message);
    return;
  }
  std::move(linked->begin(), linked->end(), std::back_inserter(probe.attachments));
  for (const size_t seat : parking) {
    probe.seats[seat].parks = true;
    probe.seats[seat].slot->code.park();
  }
}

Status Session::Impl::link(Probe& probe, const AttachOptions& attach_options) {
  // A fallback makes targets of one probe attach in different ways.
  std::map<Kind, std::vector<AttachPlace>> places;
  for (size_t i = 0; i < probe.targets.size(); ++i)
    places[probe.targets[i].attach_kind].push_back(place_of(probe, i));
  Attaching attaching{machine, *kernel_programs, attach_options};
  std::string note;
  for (const auto& [kind, list] : places) {
    Result<Attached> attached = kind_record(kind)->attach(attaching, list);
    if (!attached) return std::move(attached).error();
    add_note(note, attached->note);
    for (Attachment& made : attached->attachments) {
      probe.misses_before.emplace(made.program, Loader::recursion_misses(made.program));
      probe.attachments.push_back(std::move(made));
    }
  }
  probe.note = join_notes(probe.targets, note);
  return Nothing{};
}

Result<ProbeInfo> Session::Impl::attach(std::vector<Member> members,
                                        const AttachOptions& attach_options) {
  if (members.empty()) return no_target("no target is given", "name one, or several as a list");
  if (Status good = check(attach_options); !good) return std::move(good).error();
  Grouping grouped = group(members);
  for (const ProgramPointer& program : grouped.programs)
    if (Status valid = bytecode::validate(*program); !valid) return std::move(valid).error();
  if (Status started = start(); !started) return std::move(started).error();
  reclaimer->collect();

  const ProbeId id = last_id + 1;
  Probe probe;
  for (Member& member : members) probe.targets.push_back(std::move(member.target));
  probe.seat_of = std::move(grouped.index);
  const Target& first = probe.targets.front();
  probe.target = attach_options.target.empty() ? first.text : attach_options.target;
  probe.name = attach_options.name.empty() ? std::string(kind_name(first.kind)) + ":" + probe.target
                                           : attach_options.name;
  prepare_stacks(grouped.programs);
  Result<MapStore::Plan> plan = maps->prepare(id, probe.name, grouped.programs);
  if (!plan) return std::move(plan).error();
  add_note(probe.note, plan->note);
  const auto fail = [&](Error error) {
    maps->abandon(*plan);
    constexpr ProbeId nobody = 0;  // the id is the next one's
    retreat(nobody, std::move(probe));
    return error;
  };

  probe.owns_ring = attach_options.ring_bytes != 0;
  Result<uint32_t> ring =
      probe.owns_ring ? rings->make(attach_options.ring_bytes) : rings->shared(options.ring_bytes);
  if (!ring) {
    probe.owns_ring = false;
    return fail(std::move(ring).error());
  }
  probe.ring = *ring;
  if (attach_options.follow) probe.family = ++last_family;
  if (Status s = take_seats(id, probe, grouped.programs, *plan, attach_options); !s)
    return fail(std::move(s).error());
  if (Status s = restrict(probe, attach_options); !s) return fail(std::move(s).error());
  if (Status s = link(probe, attach_options); !s) return fail(std::move(s).error());
  link_ends(probe);

  // What asked for types is compiled: they are half of the plugin's memory.
  machine.rest();
  last_id = id;
  maps->commit(id, *plan);
  // All at once, and not before all of it is there.
  for (Seat& seat : probe.seats) seat.slot->code.listen();
  const Probe& kept = probes.emplace(id, std::move(probe)).first->second;
  return describe(id, kept);
}

Status Session::Impl::swap(ProbeId id, std::vector<ProgramPointer> given) {
  const auto found = probes.find(id);
  if (found == probes.end()) return missing(id);
  Probe& probe = found->second;
  if (given.size() != 1 && given.size() != probe.targets.size())
    return bad_argument("closure",
                        "one closure for all of the probe's targets, or one for each of the " +
                            std::to_string(probe.targets.size()),
                        "");
  std::vector<ProgramPointer> programs(probe.seats.size());
  for (size_t i = 0; i < probe.targets.size(); ++i) {
    const ProgramPointer& program = given.size() == 1 ? given.front() : given[i];
    ProgramPointer& place = programs[probe.seat_of[i]];
    if (place && place != program && !same_program(*place, *program))
      return bad_argument("closure",
                          "the closure compiles differently for " + probe.targets[i].text +
                              " than for another target that shares its place in the kernel",
                          "detach the probe and attach it anew");
    place = program;
  }
  for (const ProgramPointer& program : programs)
    if (Status valid = bytecode::validate(*program); !valid) return valid;
  reclaimer->collect();
  retire(probe);
  prepare_stacks(programs);
  Result<MapStore::Plan> plan = maps->prepare(id, probe.name, programs);
  if (!plan) return std::move(plan).error();

  // All banks are written before the first is made active.
  std::vector<uint32_t> banks;
  std::vector<uint32_t> old_generations;
  for (size_t i = 0; i < probe.seats.size(); ++i) {
    Seat& seat = probe.seats[i];
    std::optional<uint32_t> bank = seat.slot->code.take_bank();
    while (!bank && reclaimer->wait()) bank = seat.slot->code.take_bank();
    old_generations.push_back(seat.generation);
    seat.generation = add_generation(id, probe, programs[i]);
    seat.slot->code.write(bank.value(), relocated(*programs[i], plan->maps[i]), seat.generation);
    banks.push_back(*bank);
  }
  link_ends(probe);
  std::vector<std::pair<CodeMap*, uint32_t>> old_banks;
  for (size_t i = 0; i < probe.seats.size(); ++i) {
    CodeMap& code = probe.seats[i].slot->code;
    old_banks.emplace_back(&code, code.flip(banks[i]));
  }
  ++probe.swaps;
  // After the flip: maps that give way are given to the reclaimer with it.
  maps->commit(id, *plan);
  reclaimer->release({}, {}, [this, old_banks, old_generations] {
    for (const auto& [code, bank] : old_banks) code->give_back(bank);
    for (const uint32_t before : old_generations)
      if (const auto old = generations.find(before); old != generations.end())
        old->second.over_at = monotonic_ns();
  });
  return Nothing{};
}

}  // namespace host
