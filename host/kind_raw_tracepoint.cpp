// Raw tracepoints: the kernel's own hooks with the arguments that its code passes them. Each target
// has a program of its own, because the kernel's guard against recursion is one of a program.
//
// System calls by the dozen come here as well: one program on sys_enter or sys_exit tells them
// apart by their numbers (system_calls.hpp). A tracepoint each would cost its link 80 ms to close.
#include <algorithm>
#include <map>

#include "bytecode/suggest.hpp"
#include "bytecode/wire.h"
#include "host/describe.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/target.hpp"

namespace host {

namespace {

constexpr uint32_t unknown_words = 6;  // of one that the kernel does not describe

// Every tracepoint that tracefs lists has a hook of the same name, but for system calls: theirs are
// sys_enter and sys_exit, in raw_syscalls.
std::vector<std::string> all_names(Machine& machine) {
  std::vector<std::string> names;
  if (const auto types = machine.btf())
    (*types)->each_raw_tracepoint([&](std::string_view name) {
      names.emplace_back(name);
      return true;
    });
  if (!names.empty()) return names;
  const Result<const Tracefs*> tracefs = machine.tracefs();
  if (!tracefs) return names;
  for (const std::string& category : (*tracefs)->categories()) {
    if (category == "syscalls" || category == "ftrace") continue;
    for (std::string& event : (*tracefs)->events(category)) names.push_back(std::move(event));
  }
  return names;
}

bool is_known(Machine& machine, const std::string& name) {
  const Result<const Tracefs*> tracefs = machine.tracefs();
  if (!tracefs) return false;
  for (const std::string& category : (*tracefs)->categories())
    if (category != "syscalls" && category != "ftrace" && (*tracefs)->has_event(category, name))
      return true;
  return false;
}

Target describe(Machine& machine, const std::string& name, bool is_described) {
  Target target;
  target.kind = target.attach_kind = Kind::raw_tracepoint;
  target.text = target.event = target.func = name;
  target.schema.target = "raw-tracepoint:" + name;
  if (describe_raw_tracepoint(machine, target.schema, name) || is_described) return target;
  target.note = "the kernel does not describe the arguments of " + name + ": arg0 ... as they are";
  for (uint32_t i = 0; i < unknown_words; ++i)
    target.schema.registers.push_back(
        {.name = "arg" + std::to_string(i), .offset = 8 * i, .deref = {}, .type = "unsigned long"});
  return target;
}

Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view word,
                                    std::string_view) {
  // The category is no part of a hook's name, but people write it.
  const std::string name(word.substr(word.find_first_of(":/") + 1));
  std::vector<Target> found;
  if (is_glob(name)) {
    for (const std::string& known : all_names(machine))
      if (matches_glob(name, known)) found.push_back(describe(machine, known, true));
    if (found.empty())
      return no_target("no raw tracepoint matches " + name,
                       "bpf-targets --kind raw-tracepoint lists them");
    return found;
  }
  Target target = describe(machine, name, false);
  if (target.note.empty() || is_known(machine, name)) {
    found.push_back(std::move(target));
    return found;
  }
  if (const auto tracefs = machine.tracefs(); tracefs && (*tracefs)->has_event("syscalls", name))
    return no_target("there is no raw tracepoint " + name,
                     "it is a tracepoint: bpf-tracepoint syscalls:" + name +
                         "; raw tracepoints are sys_enter and sys_exit, of all calls");
  std::string hint = bytecode::did_you_mean(name, all_names(machine));
  if (hint.empty()) hint = "a raw tracepoint is a tracepoint's name without its category";
  return no_target("there is no raw tracepoint " + name, hint);
}

Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  const auto own =
      static_cast<size_t>(std::count_if(places.begin(), places.end(), [](const AttachPlace& place) {
        return place.target->syscall < 0;
      }));
  if (own > own_programs_max)
    return too_many_programs(own, "raw tracepoints",
                             "narrow the glob; bpf-tracepoint has one program for all");
  Attached attached;
  std::map<std::string, Constants> calls;  // by sys_enter and sys_exit
  for (const AttachPlace& place : places) {
    const Target& target = *place.target;
    if (target.syscall >= 0) {
      calls[target.event].add_syscall(target.syscall, place.cookie);
      continue;
    }
    Constants constants;
    constants.cookie = place.cookie;
    Result<Attachment> one = attach_raw_tracepoint(attaching, "vm_raw_tp", target.event, constants);
    if (!one) return std::move(one).error();
    attached.attachments.push_back(std::move(one).value());
  }
  for (const auto& [event, constants] : calls) {
    Result<Attachment> one = attach_raw_tracepoint(attaching, "vm_syscall", event, constants);
    if (!one) return std::move(one).error();
    attached.attachments.push_back(std::move(one).value());
  }
  return attached;
}

}  // namespace

Result<Attachment> attach_raw_tracepoint(Attaching& attaching, const char* program,
                                         const std::string& event, const Constants& constants) {
  auto own = attaching.programs.own(program, constants);
  if (!own) return std::move(own).error();
  Result<Link> link = link_raw_tracepoint(event, own->get());
  if (!link) return std::move(link).error();
  Attachment made{std::move(link).value(), own->get()};
  made.link.hold(*own);
  return made;
}

const KindRecord raw_tracepoint_kind = {Kind::raw_tracepoint, resolve, attach};

}  // namespace host
