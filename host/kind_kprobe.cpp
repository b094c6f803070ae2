// Kernel functions and syscalls. Where the kernel has no kprobes, a syscall's tracepoint stands in
// and the note says so; there argN, args and retval mean the syscall's.
#include <charconv>

#include "bytecode/suggest.hpp"
#include "host/refusal.hpp"
#include "host/syscalls.hpp"
#include "host/target.hpp"

namespace host {

using bytecode::Error;
using bytecode::Field;
using bytecode::FieldKind;

namespace {

// "module:function+0x10" in its parts.
struct Place {
  std::string module;
  std::string function;
  uint64_t offset = 0;
};

Result<Place> parse_place(std::string_view text) {
  Place place;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    place.module = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const size_t plus = text.find('+');
  place.function = text.substr(0, plus);
  if (plus != std::string_view::npos) {
    std::string_view digits = text.substr(plus + 1);
    int base = 10;
    if (digits.starts_with("0x")) {
      digits.remove_prefix(2);
      base = 16;
    }
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), place.offset, base);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
      return no_target(std::string(digits) + " is not an offset", "write it as func+0x10");
  }
  if (place.function.empty())
    return no_target("a kprobe needs a function", "bpf-kprobe tcp_sendmsg {...}");
  return place;
}

void add_note(std::string& notes, std::string_view note) {
  if (note.empty()) return;
  if (!notes.empty()) notes += "; ";
  notes += note;
}

bool is_syscall(Machine& machine, std::string_view name) {
  if (auto tracefs = machine.tracefs())
    if ((*tracefs)->has_event("syscalls", "sys_enter_" + std::string(name))) return true;
  return machine.kallsyms().find(syscall_symbol(name)).has_value();
}

// The syscall's own arguments, seen from its entry point: each is one step away through the user's
// saved registers.
Result<Target> syscall_kprobe(Machine& machine, const std::string& name) {
  Target target;
  target.kind = target.attach_kind = Kind::kprobe;
  target.function = syscall_symbol(name);
  target.note = syscall_note(name);
  target.schema.registers = syscall_registers();
  Result<Target> described = tracepoint_target(machine, "syscalls", "sys_enter_" + name);
  if (!described) {
    add_note(target.note,
             "argument names are unknown here, as the syscall's tracepoint is missing");
    return target;
  }
  const std::vector<Field>& words = target.schema.registers;
  for (Field field : described->schema.args) {
    const size_t index = target.schema.args.size();
    if (index >= words.size()) break;
    field.offset = words[index].offset;
    field.deref = words[index].deref;
    target.schema.args.push_back(std::move(field));
  }
  return target;
}

// `asked` is what the user wrote.
Result<Target> syscall_tracepoint(Machine& machine, const std::string& name,
                                  std::string_view asked) {
  Result<Target> target = tracepoint_target(machine, "syscalls", "sys_enter_" + name);
  if (!target) return target;
  target->kind = Kind::kprobe;
  target->note = "this kernel has no kprobes: " + std::string(asked) +
                 " is seen through the tracepoint " + target->text;
  add_note(target->note, syscall_note(name));
  return target;
}

std::vector<std::string> syscall_names(Machine& machine) {
  std::vector<std::string> names;
  constexpr std::string_view prefix = "sys_enter_";
  if (auto tracefs = machine.tracefs())
    for (const std::string& event : (*tracefs)->events("syscalls"))
      if (event.starts_with(prefix)) names.push_back(event.substr(prefix.size()));
  return names;
}

Error missing_function(Machine& machine, const Place& place) {
  const SyscallName syscall = syscall_name(place.function);
  std::vector<std::string> names = syscall_names(machine);
  std::string hint;
  if (syscall.has_prefix) {
    hint = bytecode::did_you_mean(syscall.name, names);
  } else {
    for (std::string& name : machine.kallsyms().names_like(place.function))
      names.push_back(std::move(name));
    hint = bytecode::did_you_mean(place.function, names);
  }
  if (hint.empty()) hint = "it may be inlined; grep -w " + place.function + " /proc/kallsyms";
  std::string message = "there is no kernel function " + place.function;
  if (!place.module.empty()) message += " in the module " + place.module;
  return no_target(message, hint);
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

Result<Target> function_kprobe(Machine& machine, Place place) {
  Target target;
  target.kind = target.attach_kind = Kind::kprobe;
  const KnownFunction* known = known_function(place.function);
  if (known != nullptr && !known->now.empty() &&
      machine.kallsyms().find(known->now, place.module)) {
    add_note(target.note, std::string(known->reason) + "; using " + std::string(known->now));
    place.function = known->now;
  } else if (!machine.kallsyms().find(place.function, place.module)) {
    return missing_function(machine, place);
  }
  if (!place.module.empty()) target.function = place.module + ":";
  target.function += place.function;
  target.offset = place.offset;
  // In the middle of a function the registers hold anything: they stay, the names do not.
  target.schema.registers = call_registers();
  if (known != nullptr && place.offset == 0) target.schema.args = known_arguments(*known);
  return target;
}

Result<Target> without_kprobes(Machine& machine, const Place& place) {
  const KnownFunction* known = known_function(place.function);
  if (known != nullptr && !known->syscall.empty())
    return syscall_tracepoint(machine, std::string(known->syscall), place.function);
  if (!machine.kallsyms().find(place.function, place.module))
    return missing_function(machine, place);
  return no_target("this kernel has no kprobes (CONFIG_KPROBES is off), so " + place.function +
                       " cannot be probed",
                   "syscalls work by their names (openat), and so do tracepoints (bpf-tracepoint)");
}

Result<Target> find(Machine& machine, std::string_view text) {
  Result<Place> place = parse_place(text);
  if (!place) return std::move(place).error();
  const bool kprobes = machine.has_kprobes();
  if (place->module.empty() && place->offset == 0) {
    const SyscallName syscall = syscall_name(place->function);
    if (is_syscall(machine, syscall.name))
      return kprobes ? syscall_kprobe(machine, syscall.name)
                     : syscall_tracepoint(machine, syscall.name, place->function);
  }
  return kprobes ? function_kprobe(machine, *place) : without_kprobes(machine, *place);
}

// A kprobe is called what the user called it; where it really is, the note says.
Result<Target> resolve(Machine& machine, std::string_view text, std::string_view) {
  Result<Target> target = find(machine, text);
  if (!target) return target;
  target->text = text;
  target->schema.target = "kprobe:" + target->text;
  return target;
}

Result<Link> attach(Machine&, const Target& target, const bpf_program* program, uint64_t cookie) {
  Result<Fd> event = open_probe_event("kprobe", target.function, target.offset);
  if (!event) {
    Error error = std::move(event).error();
    if (error.hint.empty())
      error.hint =
          "the kernel keeps some functions from probes (/sys/kernel/debug/kprobes/blacklist)";
    return error;
  }
  return link_perf_event(std::move(event).value(), program, cookie, target.text);
}

}  // namespace

const KindRecord kprobe_kind = {Kind::kprobe, "vm_kprobe", false, resolve, attach};

}  // namespace host
