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
#include "host/describe.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
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

Result<Target> resolve_one(Machine& machine, const Tracefs& tracefs, std::string_view word) {
  const size_t separator = word.find_first_of(":/");
  if (separator == std::string_view::npos) return resolve_bare(machine, tracefs, word);
  return tracepoint_target(machine, word.substr(0, separator), word.substr(separator + 1));
}

// Of a glob without a category every category's events.
Result<std::vector<Target>> resolve_glob(Machine& machine, const Tracefs& tracefs,
                                         std::string_view word) {
  const size_t separator = word.find_first_of(":/");
  const bool is_bare = separator == std::string_view::npos;
  const std::string category_glob = is_bare ? "*" : std::string(word.substr(0, separator));
  const std::string event_glob(is_bare ? word : word.substr(separator + 1));
  std::vector<Target> found;
  for (const std::string& category : tracefs.categories()) {
    if (!matches_glob(category_glob, category)) continue;
    for (const std::string& event : tracefs.events(category)) {
      if (!matches_glob(event_glob, event)) continue;
      // What the function tracer calls events is no tracepoint: it has a format and no hook.
      if (category == "ftrace") continue;
      Result<Target> target = tracepoint_target(machine, category, event);
      if (target) found.push_back(std::move(target).value());
    }
  }
  if (found.empty())
    return no_target("no tracepoint matches " + std::string(word),
                     "bpf-targets --kind tracepoint lists them");
  return found;
}

Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view word,
                                    std::string_view) {
  Result<const Tracefs*> tracefs = machine.tracefs();
  if (!tracefs) return std::move(tracefs).error();
  if (is_glob(word)) return resolve_glob(machine, **tracefs, word);
  Result<Target> target = resolve_one(machine, **tracefs, word);
  if (!target) return std::move(target).error();
  return std::vector<Target>{std::move(target).value()};
}

// Of a call that replaces the caller's memory nothing can be read at its end.
std::string call_end(const Tracefs& tracefs, std::string_view category, std::string_view event) {
  constexpr std::string_view prefix = "sys_enter_";
  if (category != "syscalls" || !event.starts_with(prefix)) return {};
  const std::string_view call = event.substr(prefix.size());
  if (call.starts_with("exec")) return {};
  std::string end = "sys_exit_" + std::string(call);
  return tracefs.has_event(category, end) ? end : std::string();
}

Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  Attached attached;
  for (const AttachPlace& place : places) {
    Result<Attachment> one = attach_tracepoint(attaching, "vm_tracepoint", place.target->category,
                                               place.target->event, place.cookie);
    if (!one) return std::move(one).error();
    attached.attachments.push_back(std::move(one).value());
  }
  return attached;
}

}  // namespace

Result<Attachment> attach_tracepoint(Attaching& attaching, const char* program,
                                     const std::string& category, const std::string& event,
                                     uint64_t cookie) {
  Result<const Tracefs*> tracefs = attaching.machine.tracefs();
  if (!tracefs) return std::move(tracefs).error();
  Result<Format> format = (*tracefs)->format(category, event);
  if (!format) return std::move(format).error();
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = format->id;
  const std::string name = full_name(category, event);
  Result<Programs::Lease> lease = attaching.programs.lease(program, name);
  if (!lease) return std::move(lease).error();
  // One event on one CPU is enough: the program runs for the tracepoint, on all of them.
  Fd perf_event(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!perf_event) return refusal("open the tracepoint " + name, errno);
  Result<Link> link = link_perf_event(std::move(perf_event), lease->program, cookie, name);
  if (!link) return std::move(link).error();
  return Attachment{std::move(link).value(), lease->program, std::move(lease->use)};
}

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
  target.func = event;
  target.schema = tracepoint_schema(category, event, *format);
  target.call_end = call_end(tracefs, category, event);
  describe_fields(machine, target.schema);
  return target;
}

const KindRecord tracepoint_kind = {Kind::tracepoint, resolve, attach};

}  // namespace host
