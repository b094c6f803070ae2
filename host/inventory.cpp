// What can be attached here, kind by kind: one function each, in one table.
#include "host/inventory.hpp"

#include <fnmatch.h>
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_set>

#include "host/describe.hpp"
#include "host/dwarf.hpp"
#include "host/elf.hpp"
#include "host/kernel_functions.hpp"
#include "host/perf_events.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/target.hpp"
#include "host/trial.hpp"
#include "host/usdt.hpp"

namespace host {

using bytecode::Field;
using bytecode::Nothing;

namespace {

using Sink = std::function<bool(Attachable&&)>;

constexpr std::string_view syscall_entry = "sys_enter_";

// One listing under way.
class Listing {
 public:
  Listing(const Search& search, const Sink& sink) : search_(search), sink_(sink) {}

  const Search& search() const { return search_; }
  Machine& machine() { return machine_; }
  // Whether the sink wants no more.
  bool over() const { return over_; }

  bool matches(const std::string& target) const {
    return search_.glob == "*" || fnmatch(search_.glob.c_str(), target.c_str(), 0) == 0;
  }
  bool tell(Attachable&& found) {
    if (!sink_(std::move(found))) over_ = true;
    return !over_;
  }

  // Null where nothing describes them.
  std::shared_ptr<const Btf> types(const std::string& module) {
    const auto opened = machine_.btf(module);
    return opened ? *opened : nullptr;
  }
  const Tracefs* tracefs() {
    const auto opened = machine_.tracefs();
    return opened ? *opened : nullptr;
  }

 private:
  const Search& search_;
  const Sink& sink_;
  Machine machine_;
  bool over_ = false;
};

void add_fields(Attachable& found, const std::vector<Field>& fields) {
  for (const Field& field : fields) found.args.emplace_back(field.name, field.type);
}

void add_prototype(Attachable& found, const bytecode::TypeSource& types,
                   const Prototype& prototype) {
  for (const auto& [name, type] : prototype.args)
    found.args.emplace_back(name, types.describe(type).name);
  if (prototype.returns != 0) found.returns = types.describe(prototype.returns).name;
}

// The kernel runs BPF programs at neither: its tracer's own events, and those of dynamic probes.
bool is_attachable(std::string_view category) {
  return category != "ftrace" && category != "kprobes" && category != "uprobes" &&
         category != "synthetic";
}

Status list_tracepoints(Listing& listing, Kind kind) {
  const Result<const Tracefs*> opened = listing.machine().tracefs();
  if (!opened) return opened.error();
  const Tracefs* tracefs = *opened;
  for (const std::string& category : tracefs->categories()) {
    if (!is_attachable(category)) continue;
    for (const std::string& event : tracefs->events(category)) {
      Attachable found;
      found.kind = kind;
      found.target = category;
      found.target.append(1, ':').append(event);
      if (!listing.matches(found.target)) continue;
      if (listing.search().with_args) {
        const auto format = tracefs->format(category, event);
        if (format) add_fields(found, tracepoint_schema(category, event, *format).args);
      }
      if (!listing.tell(std::move(found))) return Nothing{};
    }
  }
  return Nothing{};
}

// Syscalls by their bare names: through their entry points, or their tracepoints where there are no
// kprobes.
Status list_syscalls(Listing& listing, Kind kind) {
  const Result<const Tracefs*> opened = listing.machine().tracefs();
  if (!opened) return opened.error();
  const Tracefs* tracefs = *opened;
  for (const std::string& event : tracefs->events("syscalls")) {
    if (!event.starts_with(syscall_entry)) continue;
    Attachable found;
    found.kind = kind;
    found.target = event.substr(syscall_entry.size());
    if (!listing.matches(found.target)) continue;
    if (listing.search().with_args) {
      const auto format = tracefs->format("syscalls", event);
      if (format) add_fields(found, tracepoint_schema("syscalls", event, *format).args);
      found.returns = "long";
    }
    if (!listing.tell(std::move(found))) return Nothing{};
  }
  return Nothing{};
}

Status list_functions(Listing& listing, Kind kind) {
  const Status syscalls = list_syscalls(listing, kind);
  if (listing.over() || !listing.machine().has_kprobes()) return syscalls;
  each_probeable_function(listing.tracefs(), listing.machine().kallsyms(),
                          [&](const KernelFunction& function) {
                            if (!listing.matches(function.name)) return true;
                            Attachable found;
                            found.kind = kind;
                            found.target = function.name;
                            found.module = function.module;
                            if (listing.search().with_args)
                              if (const auto types = listing.types(function.module))
                                if (const auto prototype = types->function(function.name))
                                  add_prototype(found, *types, *prototype);
                            return listing.tell(std::move(found));
                          });
  return Nothing{};
}

// Functions whose callers the kernel cannot let BPF into, or that never come back.
constexpr std::string_view never_traced[] = {
    "migrate_disable",   "migrate_enable",  "rcu_read_unlock_strict", "preempt_count_add",
    "preempt_count_sub", "__rcu_read_lock", "__rcu_read_unlock"};
constexpr std::string_view never_return[] = {"do_exit",
                                             "do_group_exit",
                                             "kthread_complete_and_exit",
                                             "kthread_exit",
                                             "make_task_dead",
                                             "__module_put_and_kthread_exit",
                                             "__ia32_sys_exit",
                                             "__ia32_sys_exit_group",
                                             "__x64_sys_exit",
                                             "__x64_sys_exit_group"};

template <size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Status list_traced(Listing& listing, Kind kind) {
  const auto kernel = listing.machine().btf();
  if (!kernel) return kernel.error();
  if (const trial::Tried tried = trial::fentry(**kernel); !tried)
    return no_target("this kernel takes no " + std::string(kind_name(kind)) + " programs",
                     "bpf-doctor says why; bpf-targets --kind kprobe and tracepoint list others");
  each_probeable_function(
      listing.tracefs(), listing.machine().kallsyms(), [&](const KernelFunction& function) {
        if (!listing.matches(function.name) || is_one_of(never_traced, function.name) ||
            (kind == Kind::fexit && is_one_of(never_return, function.name)))
          return true;
        const auto types = listing.types(function.module);
        const auto prototype = types ? types->function(function.name) : std::nullopt;
        // Trampolines of x86 pass six arguments before 6.6: what has more is not promised.
        constexpr size_t sure_args = 6;
        if (!prototype || prototype->args.size() > sure_args || !can_be_traced(*types, *prototype))
          return true;
        Attachable found;
        found.kind = kind;
        found.target = function.name;
        found.module = function.module;
        if (listing.search().with_args) add_prototype(found, *types, *prototype);
        return listing.tell(std::move(found));
      });
  return Nothing{};
}

// Those that BTF describes and that have an event: only they are places where BPF can be.
Status list_raw_tracepoints(Listing& listing, Kind kind) {
  const Result<const Tracefs*> opened = listing.machine().tracefs();
  if (!opened) return opened.error();
  const Tracefs* tracefs = *opened;
  const auto kernel = listing.machine().btf();
  if (!kernel) return kernel.error();
  std::vector<std::string> events;
  for (const std::string& category : tracefs->categories()) {
    if (!is_attachable(category) || category == "syscalls") continue;
    for (std::string& event : tracefs->events(category)) events.push_back(std::move(event));
  }
  std::sort(events.begin(), events.end());
  std::vector<std::string> modules = (*kernel)->modules();
  modules.insert(modules.begin(), std::string());
  for (const std::string& module : modules) {
    const auto types = listing.types(module);
    if (!types) continue;
    types->each_raw_tracepoint([&](std::string_view name) {
      Attachable found;
      found.kind = kind;
      found.target = name;
      found.module = module;
      if (!listing.matches(found.target) ||
          !std::binary_search(events.begin(), events.end(), found.target))
        return true;
      if (listing.search().with_args)
        if (const auto prototype = types->raw_tracepoint(name))
          add_prototype(found, *types, *prototype);
      found.returns.clear();  // it is told, not called
      return listing.tell(std::move(found));
    });
    if (listing.over()) break;
  }
  return Nothing{};
}

// Those that open: most virtual machines have no counters.
Status list_samples(Listing& listing, Kind kind) {
  std::set<std::pair<uint32_t, uint64_t>> told;  // each by its first name
  for (const PerfName& event : perf_names()) {
    Attachable found;
    found.kind = kind;
    found.target = event.name;
    if (!listing.matches(found.target) || told.contains({event.type, event.config})) continue;
    if (!trial::open_perf({.type = event.type, .config = event.config})) continue;
    told.emplace(event.type, event.config);
    if (!listing.tell(std::move(found))) break;
  }
  return Nothing{};
}

Result<std::string> program_file(const Listing& listing) {
  const std::optional<std::string> path = find_binary(listing.search().path);
  if (path) return *path;
  return no_target("there is no program or library " + listing.search().path,
                   "give its path, or the name of a program in $PATH or of a library");
}

// Functions of a program or library, of each name one.
Status list_symbols(Listing& listing, Kind kind) {
  const Result<std::string> path = program_file(listing);
  if (!path) return path.error();
  const Result<ElfFile> file = ElfFile::open(*path);
  if (!file) return file.error();
  std::shared_ptr<const Dwarf> dwarf;
  if (listing.search().with_args)
    if (auto opened = Dwarf::open(*path)) dwarf = *opened;
  std::unordered_set<std::string> told;
  for (const ElfSymbol* symbol : file->find_all(listing.search().glob)) {
    Attachable found;
    found.kind = kind;
    found.target = without_parameters(demangled(symbol->name));
    if (!told.insert(found.target).second) continue;
    const auto function = dwarf ? dwarf->function_at(symbol->address) : std::nullopt;
    if (function) add_prototype(found, *dwarf, *function);
    if (!listing.tell(std::move(found))) break;
  }
  return Nothing{};
}

// Places that the author of a program marked, of each name one: they may differ in where their
// arguments are, not in what these are.
Status list_usdt(Listing& listing, Kind kind) {
  const Result<std::string> path = program_file(listing);
  if (!path) return path.error();
  const Result<std::vector<UsdtPlace>> places = usdt_places(*path);
  if (!places) return places.error();
  std::unordered_set<std::string> told;
  for (const UsdtPlace* place : find_usdt(*places, listing.search().glob)) {
    Attachable found;
    found.kind = kind;
    found.target = place->provider + ":" + place->name;
    if (!told.insert(found.target).second) continue;
    if (listing.search().with_args) add_fields(found, place->args);
    if (!listing.tell(std::move(found))) break;
  }
  return Nothing{};
}

struct Lister {
  Kind kind;
  Status (*list)(Listing& listing, Kind kind);
  bool only_when_asked = false;  // of a program, or with the targets of another kind
};

constexpr Lister listers[] = {
    {Kind::tracepoint, list_tracepoints}, {Kind::raw_tracepoint, list_raw_tracepoints},
    {Kind::kprobe, list_functions},       {Kind::kretprobe, list_functions, true},
    {Kind::fentry, list_traced},          {Kind::fexit, list_traced, true},
    {Kind::uprobe, list_symbols, true},   {Kind::uretprobe, list_symbols, true},
    {Kind::usdt, list_usdt, true},        {Kind::perf, list_samples},
};

}  // namespace

Status list_targets(const Search& search, const Sink& sink) {
  Listing listing(search, sink);
  Status status = Nothing{};
  bool is_listed = false;
  for (const Lister& lister : listers) {
    if (search.kind ? *search.kind != lister.kind : lister.only_when_asked) continue;
    Status listed = lister.list(listing, lister.kind);
    is_listed = is_listed || listed;
    if (!listed && status) status = std::move(listed);
    if (listing.over()) break;
  }
  // Of all kinds some may not be there.
  if (is_listed) return Nothing{};
  return status;
}

}  // namespace host
