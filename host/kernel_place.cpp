#include "host/kernel_place.hpp"

#include <linux/bpf.h>

#include <charconv>

#include "bytecode/suggest.hpp"
#include "host/describe.hpp"
#include "host/kernel_functions.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/syscalls.hpp"
#include "host/trial.hpp"

namespace host {

Result<FunctionWord> parse_function(Kind kind, std::string_view text) {
  FunctionWord word;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    word.module = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const size_t plus = text.find('+');
  word.function = text.substr(0, plus);
  if (plus != std::string_view::npos) {
    std::string_view digits = text.substr(plus + 1);
    int base = 10;
    if (digits.starts_with("0x")) {
      digits.remove_prefix(2);
      base = 16;
    }
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), word.offset, base);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
      return no_target(std::string(digits) + " is not an offset", "write it as func+0x10");
  }
  const std::string name(kind_name(kind));
  if (word.function.empty())
    return no_target("a " + name + " needs a function", "bpf-" + name + " tcp_sendmsg {...}");
  if (word.offset != 0 && kind != Kind::kprobe)
    return no_target("a " + name + " is on a whole function, not on a place inside it",
                     "bpf-kprobe takes func+0x10");
  return word;
}

std::vector<FunctionWord> functions_like(Machine& machine, const FunctionWord& word) {
  std::vector<FunctionWord> found;
  const Result<const Tracefs*> tracefs = machine.tracefs();
  each_probeable_function(
      tracefs ? *tracefs : nullptr, machine.kallsyms(), [&](const KernelFunction& function) {
        const bool same_module = word.module.empty() || matches_glob(word.module, function.module);
        if (same_module && matches_glob(word.function, function.name))
          found.push_back({function.module, function.name, word.offset});
        return true;
      });
  return found;
}

bytecode::Error missing_function(Machine& machine, const FunctionWord& word) {
  const SyscallName syscall = syscall_name(word.function);
  std::vector<std::string> names;
  constexpr std::string_view prefix = "sys_enter_";
  if (auto tracefs = machine.tracefs()) {
    if ((*tracefs)->has_event("syscalls", word.function))
      return no_target("there is no kernel function " + word.function,
                       "it is a tracepoint: bpf-tracepoint syscalls:" + word.function);
    for (const std::string& event : (*tracefs)->events("syscalls"))
      if (event.starts_with(prefix)) names.push_back(event.substr(prefix.size()));
  }
  std::string hint;
  if (syscall.has_prefix) {
    hint = bytecode::did_you_mean(syscall.name, names);
  } else {
    for (std::string& name : machine.kallsyms().names_like(word.function))
      names.push_back(std::move(name));
    hint = bytecode::did_you_mean(word.function, names);
  }
  if (hint.empty()) hint = "it may be inlined; grep -w " + word.function + " /proc/kallsyms";
  std::string message = "there is no kernel function " + word.function;
  if (!word.module.empty()) message += " in the module " + word.module;
  return no_target(message, hint);
}

bool has_call_tracepoint(Machine& machine, std::string_view syscall) {
  const auto tracefs = machine.tracefs();
  return tracefs && (*tracefs)->has_event("syscalls", "sys_enter_" + std::string(syscall));
}

bool can_fentry(Machine& machine, const FunctionWord& word) {
  if (word.offset != 0 || machine.is_without("fentry")) return false;
  bytecode::Schema schema;
  const Result<Traced> traced = describe_traced(machine, schema, word.function, word.module, false);
  if (!traced) return false;
  if (!machine.has_fentry()) return false;
  // The kernel refuses some functions, which only trying tells. A module's would need its module's
  // descriptor as well.
  return traced->object_fd >= 0 ||
         trial::load({BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, traced->id});
}

Result<Target> fentry_target(Machine& machine, const FunctionWord& word, Kind kind) {
  Target target;
  target.kind = kind;
  target.attach_kind = is_return(kind) ? Kind::fexit : Kind::fentry;
  const Result<Traced> traced =
      describe_traced(machine, target.schema, word.function, word.module, is_return(kind));
  if (!traced) return traced.error();
  target.function = word.name();
  target.func = word.function;
  target.btf_id = traced->id;
  return target;
}

Result<Target> kprobe_target(Machine& machine, const FunctionWord& word, Kind kind) {
  Target target;
  target.kind = kind;
  target.attach_kind = is_return(kind) ? Kind::kretprobe : Kind::kprobe;
  target.function = word.name();
  target.func = word.function;
  target.offset = word.offset;
  target.schema.regs = named_registers();
  if (is_return(kind)) {
    describe_return(machine, target.schema, word.function, word.module, return_register());
    return target;
  }
  // In the middle of a function the registers hold anything: they stay, the names do not.
  target.schema.registers = call_registers();
  if (word.offset != 0)
    describe_task(machine, target.schema);
  else
    describe_entry(machine, target.schema, word.function, word.module);
  return target;
}

}  // namespace host
