// Kernel functions and syscalls, at their entry (kprobe) and when they return (kretprobe). Where
// the kernel has no kprobes, fentry stands in for a function and a syscall's tracepoint for the
// call, and the note says so; there argN, args and retval mean the syscall's.
#include "host/describe.hpp"
#include "host/kernel_place.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/syscalls.hpp"
#include "host/target.hpp"
#include "host/together.hpp"
#include "host/trial.hpp"

namespace host {

using bytecode::Error;
using bytecode::Field;
using bytecode::FieldKind;

namespace {

bool is_syscall(Machine& machine, std::string_view name) {
  if (has_call_tracepoint(machine, name)) return true;
  return machine.kallsyms().find(syscall_symbol(name)).has_value();
}

std::string event_of(Kind kind, std::string_view syscall) {
  return (is_return(kind) ? "sys_exit_" : "sys_enter_") + std::string(syscall);
}

// The syscall's own arguments, seen from its entry point: each is one step away through the user's
// saved registers.
Result<Target> syscall_kprobe(Machine& machine, const std::string& name, Kind kind) {
  Result<Target> made = kprobe_target(machine, {{}, syscall_symbol(name), 0}, kind);
  if (!made) return made;
  Target& target = *made;
  target.func = name;
  target.note = syscall_note(name);
  if (is_return(kind)) {
    // The entry point's prototype says long, as the result of every call is.
    target.schema.args.clear();
    return made;
  }
  target.schema.registers = syscall_registers(entry_point_registers());
  target.schema.args.clear();
  Result<Target> described = tracepoint_target(machine, "syscalls", event_of(kind, name));
  if (!described) {
    add_note(target.note,
             "argument names are unknown here, as the syscall's tracepoint is missing");
    return made;
  }
  target.call_end = described->call_end;
  const std::vector<Field>& words = target.schema.registers;
  for (Field field : described->schema.args) {
    const size_t index = target.schema.args.size();
    if (index >= words.size()) break;
    field.offset = words[index].offset;
    field.deref = words[index].deref;
    target.schema.args.push_back(std::move(field));
  }
  describe_fields(machine, target.schema);
  return made;
}

// `asked` is what the user wrote.
Result<Target> syscall_tracepoint(Machine& machine, const std::string& name, std::string_view asked,
                                  Kind kind) {
  Result<Target> target = tracepoint_target(machine, "syscalls", event_of(kind, name));
  if (!target) return target;
  target->kind = kind;
  target->func = name;
  target->note = "this kernel has no kprobes: " + std::string(asked) +
                 " is seen through the tracepoint " + target->text;
  add_note(target->note, syscall_note(name));
  return target;
}

Result<Target> syscall_target(Machine& machine, const std::string& name, std::string_view asked,
                              Kind kind) {
  return machine.has_kprobes() ? syscall_kprobe(machine, name, kind)
                               : syscall_tracepoint(machine, name, asked, kind);
}

std::vector<Field> known_arguments(const KnownFunction& function) {
  std::vector<Field> registers = call_registers();
  std::vector<Field> fields;
  for (const KnownArg& arg : function.args) {
    Field field = registers[fields.size()];
    field.name = arg.name;
    field.type = arg.type;
    if (arg.type == "int" || arg.type == "unsigned int") {
      field.size = 4;
      field.is_signed = arg.type == "int";
    } else if (arg.type == "const char *" || arg.type == "char *") {
      field.kind = FieldKind::string;
    } else if (arg.type.ends_with('*')) {
      field.kind = FieldKind::address;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

// The kernel takes any address that begins an instruction, of whichever function.
std::optional<Error> outside(Machine& machine, const FunctionWord& word) {
  if (word.offset == 0) return std::nullopt;
  const std::optional<uint64_t> length = machine.kallsyms().length(word.function, word.module);
  if (!length || word.offset < *length) return std::nullopt;
  return no_target("the offset is outside of " + word.name(),
                   word.function + " has " + std::to_string(*length) + " bytes");
}

Result<Target> function_kprobe(Machine& machine, FunctionWord word, Kind kind) {
  std::string note;
  const KnownFunction* known = known_function(word.function);
  if (known != nullptr && !known->now.empty() && machine.kallsyms().find(known->now, word.module)) {
    add_note(note, std::string(known->reason) + "; using " + std::string(known->now));
    word.function = known->now;
  } else if (!machine.kallsyms().find(word.function, word.module)) {
    return missing_function(machine, word);
  }
  if (std::optional<Error> error = outside(machine, word)) return std::move(*error);
  Result<Target> target = kprobe_target(machine, word, kind);
  if (!target) return target;
  target->note = note;
  if (known != nullptr && word.offset == 0 && !is_return(kind) && target->schema.args.empty()) {
    target->schema.args = known_arguments(*known);
    describe_fields(machine, target->schema);
  }
  return target;
}

Result<Target> function_without_kprobes(Machine& machine, FunctionWord word, Kind kind) {
  const std::string asked = word.function;
  if (word.offset != 0)
    return no_target("a place inside a function needs kprobes, which this kernel has not",
                     "without the offset it may be seen otherwise: bpf-kprobe " + asked);
  const KnownFunction* known = known_function(word.function);
  if (known != nullptr && !known->now.empty() && machine.kallsyms().find(known->now, word.module))
    word.function = known->now;
  if (can_fentry(machine, word)) {
    Result<Target> target = fentry_target(machine, word, kind);
    if (!target) return target;
    target->note = "this kernel has no kprobes: " + word.function + " is seen through " +
                   std::string(kind_name(target->attach_kind));
    return target;
  }
  if (known != nullptr && !known->syscall.empty())
    return syscall_tracepoint(machine, std::string(known->syscall), asked, kind);
  if (!machine.kallsyms().find(word.function, word.module)) return missing_function(machine, word);
  return no_target("this kernel has no kprobes (CONFIG_KPROBES is off), so " + word.function +
                       " cannot be probed",
                   "syscalls work by their names (openat), and so do tracepoints (bpf-tracepoint)");
}

Result<Target> find(Machine& machine, const FunctionWord& word, Kind kind) {
  if (word.module.empty() && word.offset == 0) {
    const SyscallName syscall = syscall_name(word.function);
    if (is_syscall(machine, syscall.name))
      return syscall_target(machine, syscall.name, word.function, kind);
  }
  return machine.has_kprobes() ? function_kprobe(machine, word, kind)
                               : function_without_kprobes(machine, word, kind);
}

void call_it(Target& target, std::string_view text) {
  target.text = text;
  target.schema.target = std::string(kind_name(target.kind)) + ":" + target.text;
}

// Syscalls where the word begins with sys_, or where this kernel has nothing else to probe.
std::vector<Target> syscalls_like(Machine& machine, const SyscallName& name, Kind kind) {
  std::vector<Target> found;
  constexpr std::string_view prefix = "sys_enter_";
  const auto tracefs = machine.tracefs();
  if (!tracefs) return found;
  for (const std::string& event : (*tracefs)->events("syscalls")) {
    if (!event.starts_with(prefix)) continue;
    const std::string call = event.substr(prefix.size());
    if (!matches_glob(name.name, call)) continue;
    Result<Target> target = syscall_target(machine, call, call, kind);
    if (!target) continue;
    call_it(*target, (name.has_prefix ? "sys_" : "") + call);
    found.push_back(std::move(target).value());
  }
  return found;
}

Result<std::vector<Target>> resolve_glob(Machine& machine, const FunctionWord& word, Kind kind) {
  std::vector<Target> found;
  const SyscallName syscall = syscall_name(word.function);
  if (word.module.empty() && (syscall.has_prefix || !machine.has_kprobes()))
    found = syscalls_like(machine, syscall, kind);
  if (!syscall.has_prefix) {
    for (const FunctionWord& function : functions_like(machine, word)) {
      if (!machine.has_kprobes() && !can_fentry(machine, function)) continue;
      Result<Target> target = machine.has_kprobes() ? kprobe_target(machine, function, kind)
                                                    : fentry_target(machine, function, kind);
      if (!target) continue;
      if (!machine.has_kprobes())
        target->note = "this kernel has no kprobes: functions are seen through " +
                       std::string(kind_name(target->attach_kind));
      call_it(*target, function.name());
      found.push_back(std::move(target).value());
    }
  }
  if (found.empty())
    return no_target("no kernel function that can be probed matches " + word.name(),
                     "bpf-targets '" + word.function + "' lists what there is");
  return found;
}

template <Kind kind>
Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view text,
                                    std::string_view) {
  Result<FunctionWord> word = parse_function(kind, text);
  if (!word) return std::move(word).error();
  if (is_glob(text)) return resolve_glob(machine, *word, kind);
  Result<Target> target = find(machine, *word, kind);
  if (!target) return std::move(target).error();
  // A kprobe is called what the user called it; where it really is, the note says.
  call_it(*target, text);
  return std::vector<Target>{std::move(target).value()};
}

Result<Attachment> attach_one(Attaching& attaching, const AttachPlace& place, bool returns) {
  const Target& target = *place.target;
  Result<const bpf_program*> program = attaching.programs.shared("vm_kprobe");
  if (!program) return std::move(program).error();
  Result<Fd> event = open_probe_event(
      {.pmu = "kprobe", .where = target.function, .offset = target.offset, .is_return = returns});
  if (!event) {
    Error error = std::move(event).error();
    if (error.hint.empty())
      error.hint =
          "the kernel keeps some functions from probes (/sys/kernel/debug/kprobes/blacklist)";
    return error;
  }
  Result<Link> link =
      link_perf_event(std::move(event).value(), *program, place.cookie, target.text);
  if (!link) return std::move(link).error();
  return Attachment{std::move(link).value(), *program};
}

// All functions by one link.
Result<Attachment> attach_set(Attaching& attaching, std::span<const AttachPlace> places,
                              bool returns) {
  Result<const bpf_program*> program = attaching.programs.shared("vm_kprobe_multi");
  if (!program) return std::move(program).error();
  FunctionSet set;
  set.is_return = returns;
  for (const AttachPlace& place : places) {
    // The kernel looks for the name in all modules.
    const std::string& function = place.target->function;
    set.names.push_back(function.c_str() + (function.find(':') + 1));
    set.cookies.push_back(place.cookie);
  }
  Result<Link> link = link_functions(set, *program);
  if (!link) return std::move(link).error();
  return Attachment{std::move(link).value(), *program};
}

// Tried on a function that only the kernel's own tests call.
bool can_link_sets(Attaching& attaching) {
  Result<const bpf_program*> program = attaching.programs.shared("vm_kprobe_multi");
  if (!program) return false;
  FunctionSet set;
  set.names = {trial::idle_function};
  set.cookies = {0};
  return static_cast<bool>(link_functions(set, *program));
}

template <Kind kind>
Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  constexpr bool returns = is_return(kind);
  const Linking linking = {
      [&](std::span<const AttachPlace> set) { return attach_set(attaching, set, returns); },
      [&](const AttachPlace& place) { return attach_one(attaching, place, returns); },
      [&] { return can_link_sets(attaching); }, "kprobe.multi"};
  // Sets are of functions' entries: places inside of them come by themselves.
  std::vector<AttachPlace> whole, inside;
  for (const AttachPlace& place : places)
    (place.target->offset == 0 ? whole : inside).push_back(place);
  Result<Attached> attached = attach_together(attaching.machine, whole, linking);
  if (!attached) return attached;
  for (const AttachPlace& place : inside) {
    Result<Attachment> one = attach_one(attaching, place, returns);
    if (!one) return std::move(one).error();
    attached->attachments.push_back(std::move(one).value());
  }
  return attached;
}

}  // namespace

const KindRecord kprobe_kind = {Kind::kprobe, resolve<Kind::kprobe>, attach<Kind::kprobe>};
const KindRecord kretprobe_kind = {Kind::kretprobe, resolve<Kind::kretprobe>,
                                   attach<Kind::kretprobe>};

}  // namespace host
