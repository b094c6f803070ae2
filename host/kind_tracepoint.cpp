// Tracepoints through perf events, with the cookie of the link.
//
// Kernels with trace_call_bpf_faultable run the programs of system call tracepoints preemptibly and
// guard them by a flag a program and CPU. While a task is preempted inside the program, the hits of
// every other task on that CPU are skipped, and counted as misses of the program, whichever process
// they were of. Turning preemption off inside the program does not help: turning it on again lets
// the waiting task in, still inside the program. A kprobe on the system call is not affected.
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "bytecode/suggest.hpp"
#include "host/refusal.hpp"
#include "host/target.hpp"

namespace host {

namespace {

std::string full_name(std::string_view category, std::string_view event) {
  return std::string(category) + ":" + std::string(event);
}

std::vector<std::string> all_events(const Tracefs& tracefs) {
  std::vector<std::string> names;
  for (const std::string& category : tracefs.categories())
    for (const std::string& event : tracefs.events(category))
      names.push_back(full_name(category, event));
  return names;
}

bytecode::Error missing(const Tracefs& tracefs, std::string_view category, std::string_view event) {
  std::string hint;
  std::vector<std::string> siblings;
  for (const std::string& name : tracefs.events(category))
    siblings.push_back(full_name(category, name));
  const std::string name = full_name(category, event);
  hint = bytecode::did_you_mean(name, siblings);
  if (hint.empty()) hint = bytecode::did_you_mean(name, all_events(tracefs));
  if (hint.empty()) hint = "write it as CATEGORY:NAME, such as syscalls:sys_enter_openat";
  return no_target("there is no tracepoint " + name, hint);
}

// A name without its category means the one event of that name.
Result<Target> resolve_bare(Machine& machine, const Tracefs& tracefs, std::string_view event) {
  std::vector<std::string> categories;
  std::vector<std::string> names;
  for (const std::string& category : tracefs.categories()) {
    if (tracefs.has_event(category, event)) categories.push_back(category);
    for (std::string& name : tracefs.events(category)) names.push_back(std::move(name));
  }
  if (categories.size() == 1) return tracepoint_target(machine, categories.front(), event);
  if (categories.empty()) {
    std::string hint = bytecode::did_you_mean(event, names);
    if (hint.empty()) hint = "a tracepoint is CATEGORY:NAME, like sched:sched_switch";
    return no_target("there is no tracepoint named " + std::string(event), hint);
  }
  std::string hint = "write one of";
  for (const std::string& category : categories) hint += " " + full_name(category, event);
  return no_target("several categories have a tracepoint " + std::string(event), hint);
}

Result<Target> resolve(Machine& machine, std::string_view target, std::string_view) {
  Result<const Tracefs*> tracefs = machine.tracefs();
  if (!tracefs) return std::move(tracefs).error();
  const size_t separator = target.find_first_of(":/");
  if (separator == std::string_view::npos) return resolve_bare(machine, **tracefs, target);
  return tracepoint_target(machine, target.substr(0, separator), target.substr(separator + 1));
}

Result<Link> attach(Machine& machine, const Target& target, const bpf_program* program,
                    uint64_t cookie) {
  Result<const Tracefs*> tracefs = machine.tracefs();
  if (!tracefs) return std::move(tracefs).error();
  Result<Format> format = (*tracefs)->format(target.category, target.event);
  if (!format) return std::move(format).error();
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = format->id;
  const std::string name = full_name(target.category, target.event);
  // One event on one CPU is enough: the program runs for the tracepoint, on all of them.
  Fd event(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event) return refusal("open the tracepoint " + name, errno);
  return link_perf_event(std::move(event), program, cookie, name);
}

}  // namespace

Result<Target> tracepoint_target(Machine& machine, std::string_view category,
                                 std::string_view event) {
  Result<const Tracefs*> opened = machine.tracefs();
  if (!opened) return std::move(opened).error();
  const Tracefs& tracefs = **opened;
  if (!tracefs.has_event(category, event)) return missing(tracefs, category, event);
  Result<Format> format = tracefs.format(category, event);
  if (!format) return std::move(format).error();
  Target target;
  target.kind = target.attach_kind = Kind::tracepoint;
  target.text = full_name(category, event);
  target.category = category;
  target.event = event;
  target.schema = tracepoint_schema(category, event, *format);
  return target;
}

const KindRecord tracepoint_kind = {Kind::tracepoint, "vm_tracepoint", true, resolve, attach};

}  // namespace host
