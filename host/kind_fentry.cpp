// Kernel functions through trampolines: fentry and fexit, with typed arguments; at the end of a
// function both its arguments and what it returns. Each target is a load of its own. Where the
// kernel takes none, a kprobe stands in, and the note says so.
#include "host/kernel_place.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/syscalls.hpp"

namespace host {

namespace {

// Why not, as far as trying told.
Result<Target> stand_in(Machine& machine, const FunctionWord& word, Kind kind,
                        const bytecode::Error& why) {
  if (!machine.has_kprobes()) return why;
  Result<Target> target = kprobe_target(machine, word, kind);
  if (!target) return target;
  target->note = why.message + ": " + word.function + " is seen through a " +
                 std::string(kind_name(target->attach_kind));
  if (is_return(kind)) add_note(target->note, "the arguments are gone when a function returns");
  return target;
}

Result<Target> find(Machine& machine, const FunctionWord& word, Kind kind) {
  Result<Target> target = fentry_target(machine, word, kind);
  if (target && can_fentry(machine, word)) return target;
  if (!machine.kallsyms().find(word.function, word.module)) return missing_function(machine, word);
  if (!target) return stand_in(machine, word, kind, target.error());
  const SyscallName syscall = syscall_name(word.function);
  const bool is_call = has_call_tracepoint(machine, syscall.name);
  return stand_in(
      machine, word, kind,
      no_target("this kernel takes no " + std::string(kind_name(kind)) + " programs",
                is_call ? std::string(is_return(kind) ? "bpf-kretprobe " : "bpf-kprobe ") +
                              syscall.name + " works on any kernel"
                        : "tracepoints work everywhere: bpf-tracepoint"));
}

void call_it(Target& target, std::string_view text) {
  target.text = text;
  target.schema.target = std::string(kind_name(target.kind)) + ":" + target.text;
}

template <Kind kind>
Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view text,
                                    std::string_view) {
  Result<FunctionWord> word = parse_function(kind, text);
  if (!word) return std::move(word).error();
  std::vector<Target> found;
  if (is_glob(text)) {
    for (const FunctionWord& function : functions_like(machine, *word)) {
      Result<Target> target = find(machine, function, kind);
      if (!target) continue;
      call_it(*target, function.name());
      found.push_back(std::move(target).value());
    }
    if (found.empty())
      return no_target("no kernel function that can be traced matches " + word->name(),
                       "bpf-targets '" + word->function + "' lists what there is");
    return found;
  }
  // System calls are functions, too, by the name of their entry point.
  if (!machine.kallsyms().find(word->function, word->module)) {
    const std::string symbol = syscall_symbol(syscall_name(word->function).name);
    if (word->module.empty() && machine.kallsyms().find(symbol)) word->function = symbol;
  }
  Result<Target> target = find(machine, *word, kind);
  if (!target) return std::move(target).error();
  call_it(*target, text);
  found.push_back(std::move(target).value());
  return found;
}

template <Kind kind>
Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  if (places.size() > own_programs_max)
    return too_many_programs(places.size(), "functions",
                             kind == Kind::fexit
                                 ? "narrow the glob; bpf-kretprobe has one program for all"
                                 : "narrow the glob; bpf-kprobe has one program for all");
  Attached attached;
  for (const AttachPlace& place : places) {
    Constants constants;
    constants.cookie = place.cookie;
    const std::string& function = place.target->function;
    constants.function = function.substr(function.find(':') + 1);
    auto own = attaching.programs.own(kind == Kind::fexit ? "vm_fexit" : "vm_fentry", constants);
    if (!own) return std::move(own).error();
    Result<Link> link = link_tracing(own->get(), place.target->text);
    if (!link) return std::move(link).error();
    Attachment made{std::move(link).value(), own->get()};
    made.link.hold(*own);
    attached.attachments.push_back(std::move(made));
  }
  return attached;
}

}  // namespace

const KindRecord fentry_kind = {Kind::fentry, resolve<Kind::fentry>, attach<Kind::fentry>};
const KindRecord fexit_kind = {Kind::fexit, resolve<Kind::fexit>, attach<Kind::fexit>};

}  // namespace host
