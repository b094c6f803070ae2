#include "host/session.hpp"

#include <bpf/bpf.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bytecode/bad_argument.hpp"
#include "host/call_ends.hpp"
#include "host/family.hpp"
#include "host/monotonic.hpp"
#include "host/refusal.hpp"
#include "host/session_impl.hpp"
#include "host/symbol_names.hpp"
#include "host/system_calls.hpp"

namespace host {

using bytecode::Error;
using bytecode::ErrorKind;
using bytecode::Nothing;
using bytecode::Program;

namespace {

// What to add to a monotonic time to get one since the epoch.
bytecode::Clock session_clock() {
  timespec real = {};
  clock_gettime(CLOCK_REALTIME, &real);
  const auto monotonic = static_cast<int64_t>(monotonic_ns());
  return {int64_t{real.tv_sec} * 1'000'000'000 + real.tv_nsec - monotonic};
}

// A probe on many functions may hold two descriptors for each, and one that is gone holds its own
// until the kernel has let go of its links.
void raise_descriptor_limit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Session::Impl::Impl(SessionOptions given) : options(std::move(given)), clock(session_clock()) {
  machine.do_without(options.without);
}

Session::Impl::~Impl() {
  for (auto& [id, probe] : probes) {
    for (Seat& seat : probe.seats) seat.slot->code.mute();
    std::vector<Link> links;
    for (Attachment& attachment : probe.attachments) links.push_back(std::move(attachment.link));
    reclaimer->release(std::move(links), {}, [] {});
  }
  // Joins the thread: from here on nothing of ours is attached.
  reclaimer.reset();
}

Status Session::Impl::start() {
  if (rings) return Nothing{};
  raise_descriptor_limit();
  Result<std::unique_ptr<Reclaimer>> made = Reclaimer::create();
  if (!made) return std::move(made).error();
  pending_event = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!pending_event) return refusal("make an eventfd", errno);
  loader.emplace(options.hidden);
  if (Status started = loader->start(); !started) return started;
  reclaimer = std::move(made).value();
  kernel_programs.emplace(*loader, *reclaimer);
  slots.emplace(*loader, *reclaimer);
  maps.emplace(*loader, *reclaimer, options.map_entries);
  stacks.emplace(*loader);
  sites.know(*stacks);
  rings.emplace(*loader, *reclaimer);
  return Nothing{};
}

namespace {

bool is_absent(const Error& error) { return error.kind == ErrorKind::target; }

// A mark of a program (USDT) may stand at several places under one name.
using TargetKey = std::pair<std::string, uint64_t>;

// Each target once, in the order of the words.
void add_targets(std::vector<Target>& all, std::set<TargetKey>& known, std::vector<Target> found) {
  for (Target& target : found)
    if (known.emplace(target.text, target.offset).second) all.push_back(std::move(target));
}

// A closure that several targets share learns from the hit which one it was.
void name_targets(std::vector<Target>& targets) {
  for (Target& target : targets) {
    if (target.func.empty()) target.func = target.schema.func;
    const bool is_one = targets.size() == 1;
    target.schema.func = is_one ? target.func : std::string();
    target.schema.probe = is_one ? target.schema.target : std::string();
  }
}

}  // namespace

Result<Resolution> Session::Impl::resolve(const Request& request) {
  if (!options.btf.empty() && !machine.btf_given())
    if (Status read = machine.use_btf(options.btf); !read) {
      read.error().subject = "btf";
      return std::move(read).error();
    }
  const KindRecord& record = *kind_record(request.kind);
  Resolution resolution;
  std::set<TargetKey> known;
  std::optional<Error> first;
  const std::vector<std::string> none = {std::string()};
  const std::vector<std::string>& symbols = request.symbols.empty() ? none : request.symbols;
  for (const std::string& word : request.targets) {
    for (const std::string& symbol : symbols) {
      Result<std::vector<Target>> found = record.resolve(machine, request, word, symbol);
      if (found) {
        if (is_glob(word) || is_glob(symbol))
          for (Target& target : *found) target.is_of_glob = true;
        add_targets(resolution.targets, known, std::move(found).value());
        continue;
      }
      const bool is_symbol = found.error().subject == "symbol";
      found.error().item =
          1 + (is_symbol ? &symbol - symbols.data() : &word - request.targets.data());
      if (request.missing == Request::Missing::error || !is_absent(found.error()))
        return std::move(found).error();
      if (request.missing == Request::Missing::warn)
        resolution.warnings.push_back(found.error().message);
      if (!first) first = std::move(found).error();
    }
  }
  if (resolution.targets.empty())
    return first ? *first : no_target("no target is given", "name one, or several as a list");
  dispatch_syscalls(machine, resolution.targets);
  name_targets(resolution.targets);
  return resolution;
}

Status Session::Impl::detach(ProbeId id) {
  const auto found = probes.find(id);
  if (found == probes.end()) return missing(id);
  Probe& probe = found->second;
  for (Seat& seat : probe.seats) seat.slot->code.mute();
  set_aside(probe.ring);
  closed.add(id, {describe(id, probe), probe.taken});
  maps->leave(id);
  Probe leaving = std::move(probe);
  probes.erase(found);
  retreat(id, std::move(leaving));
  return Nothing{};
}

void Session::Impl::retreat(ProbeId id, Probe&& probe) {
  std::vector<Link> links;
  for (Attachment& attachment : probe.attachments) {
    if (attachment.use) attachment.use->closing = true;
    links.push_back(std::move(attachment.link));
  }
  const auto gone = std::make_shared<Probe>(std::move(probe));
  reclaimer->release(std::move(links), {}, [this, id, gone] { finish(id, *gone); });
}

void Session::Impl::finish(ProbeId id, Probe& probe) {
  std::set<uint32_t> parking;
  for (const Seat& seat : probe.seats)
    if (seat.parks) parking.insert(seat.slot->index);
  const size_t parked = parking.empty() ? 0 : forget_parked(*loader, parking);
  if (ClosedProbes::Closed* last = closed.find(id)) {
    last->info.missed += parked;  // hits whose run never came
    // The kernel's last word. What runs under way sent after the detach is dropped: it is lost.
    const vm_stats stats = stats_of(probe);
    last->info.hits = stats.hits;
    last->info.rows = stats.rows;
    last->info.lost = stats.rows - last->taken;
  }
  probe.attachments.clear();
  for (uint32_t generation : probe.generations) generations.erase(generation);
  clear_counters(probe);
  if (probe.family != 0) end_family(*loader, probe.family);
  if (probe.owns_ring) rings->drop(probe.ring);
  for (Seat& seat : probe.seats) {
    const uint32_t slot = seat.slot->index;
    bpf_map_delete_elem(loader->cgroups(), &slot);
    slots->give_back(std::move(seat.slot));
  }
}

Error Session::Impl::missing(ProbeId id) const {
  return bytecode::bad_argument(
      "id", "there is no probe " + std::to_string(id),
      probes.empty() ? "no probe is attached" : "bpf-list shows the live ones");
}

Session::Session(SessionOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Session::~Session() = default;

Result<Target> Session::resolve(Kind kind, std::string_view target, std::string_view symbol) {
  Request request;
  request.kind = kind;
  request.targets = {std::string(target)};
  if (!symbol.empty()) request.symbols = {std::string(symbol)};
  Result<Resolution> resolution = impl_->resolve(request);
  if (!resolution) return std::move(resolution).error();
  if (resolution->targets.size() != 1)
    return no_target(
        std::string(target) + " means " + std::to_string(resolution->targets.size()) + " targets",
        "one is wanted here");
  return std::move(resolution->targets.front());
}

Result<Resolution> Session::resolve(const Request& request) { return impl_->resolve(request); }

Result<ProbeInfo> Session::attach(const Target& target, Program program,
                                  const AttachOptions& options) {
  return impl_->attach({{target, std::make_shared<const Program>(std::move(program))}}, options);
}

Result<ProbeInfo> Session::attach(std::vector<Member> members, const AttachOptions& options) {
  return impl_->attach(std::move(members), options);
}

Status Session::swap(ProbeId id, Program program) {
  return impl_->swap(id, {std::make_shared<const Program>(std::move(program))});
}

Status Session::swap(ProbeId id, std::vector<std::shared_ptr<const Program>> programs) {
  return impl_->swap(id, std::move(programs));
}

Status Session::detach(ProbeId id) { return impl_->detach(id); }

const std::vector<Target>* Session::targets_of(ProbeId id) const {
  const auto found = impl_->probes.find(id);
  return found == impl_->probes.end() ? nullptr : &found->second.targets;
}

std::vector<MapInfo> Session::maps() const {
  if (!impl_->maps) return {};
  std::vector<MapInfo> infos = impl_->maps->list();
  const std::string note = impl_->stacks->note();
  for (MapInfo& info : infos)
    if (bytecode::has_stacks(impl_->maps->look(info.name)->spec)) info.note = note;
  return infos;
}

namespace {

// The sites' names, but for stacks, which stay numbers.
class WithAddresses : public bytecode::Names {
 public:
  WithAddresses(const Sites& sites, const Stacks& stacks) : sites_(sites), stacks_(stacks) {}
  std::string func(uint32_t site) const override { return sites_.func(site); }
  std::string probe(uint32_t site) const override { return sites_.probe(site); }
  std::string cgroup(uint64_t id) const override { return sites_.cgroup(id); }
  std::vector<std::string> stack(uint64_t number) const override {
    return stacks_.addresses(number);
  }

 private:
  const Sites& sites_;
  const Stacks& stacks_;
};

Error no_maps(std::string_view name) {
  return bytecode::bad_argument("name", "there is no map " + std::string(name),
                                "no closure has written one yet");
}

}  // namespace

Result<Value> Session::map_get(std::string_view name, StackWords words) const {
  if (!impl_->maps) return no_maps(name);
  const WithAddresses with_addresses(impl_->sites, *impl_->stacks);
  const bytecode::Names* names = &impl_->sites;
  if (words == StackWords::addresses) names = &with_addresses;
  return impl_->maps->get(name, impl_->clock, names);
}

bool Session::map_ready(std::string_view name) const {
  if (!impl_->maps) return true;
  impl_->stacks->collect();
  return impl_->maps->ready(name, *impl_->stacks);
}

Result<Value> Session::map_growth(std::string_view name, bytecode::Snapshot& since) const {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->growth(name, since, impl_->clock, &impl_->sites);
}

std::optional<Session::MapState> Session::map_state(std::string_view name) const {
  const LiveMap* map = impl_->maps ? impl_->maps->look(name) : nullptr;
  return map ? std::optional(MapState{map->spec, map->writers}) : std::nullopt;
}

Status Session::map_clear(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->clear(name);
}

Result<Value> Session::map_take(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->take(name, impl_->clock, &impl_->sites);
}

Result<std::unique_ptr<MapRows>> Session::map_rows(std::string_view name, bool taken) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->rows(name, taken, impl_->clock, &impl_->sites);
}

Status Session::map_zero(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->zero(name);
}

Status Session::map_set(std::string_view name, const Value& key, const Value& value) {
  if (Status started = impl_->start(); !started) return started;
  return impl_->maps->set(name, key, value, impl_->clock);
}

Status Session::map_remove(std::string_view name, const Value& key) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->remove(name, key, impl_->clock);
}

std::vector<bytecode::MapSpec> Session::shared_maps() const {
  return impl_->maps ? impl_->maps->shared() : std::vector<bytecode::MapSpec>();
}

Status Session::map_delete(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->erase(name);
}

}  // namespace host
