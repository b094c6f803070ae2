#include "host/session.hpp"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bytecode/validate.hpp"
#include "host/refusal.hpp"
#include "host/session_impl.hpp"

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

std::string target_key(const KindRecord& record, const Target& target) {
  return std::string(record.program) + " " + target.category + ":" + target.event;
}

Error bad_pids() {
  Error error;
  error.kind = ErrorKind::argument;
  error.subject = "pid";
  error.message = "too many process ids for one probe";
  error.hint = "at most " + std::to_string(VM_PIDS_MAX) + "; filter by $ctx.pid in the closure";
  return error;
}

}  // namespace

Session::Impl::Impl(SessionOptions given) : options(std::move(given)), clock(session_clock()) {}

Session::Impl::~Impl() {
  for (auto& [id, probe] : probes) {
    probe.slot->code.mute();
    reclaimer->release(std::move(probe.link), {}, [] {});
  }
  // Joins the thread: from here on nothing of ours is attached.
  reclaimer.reset();
}

Status Session::Impl::start() {
  if (rings) return Nothing{};
  Result<std::unique_ptr<Reclaimer>> made = Reclaimer::create();
  if (!made) return std::move(made).error();
  pending_event = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!pending_event) return refusal("make an eventfd", errno);
  reclaimer = std::move(made).value();
  loader.emplace(options.hidden);
  slots.emplace(*loader, *reclaimer);
  maps.emplace(*loader, *reclaimer, options.map_entries);
  rings.emplace(*loader, *reclaimer);
  return Nothing{};
}

Result<size_t> Session::Impl::pick_instance(const KindRecord& record, const Target& target) {
  if (!record.once_per_target) return size_t{0};
  const std::string key = target_key(record, target);
  while (true) {
    const auto [first, last] = uses.equal_range(key);
    std::set<size_t> taken;
    bool closing = false;
    for (auto use = first; use != last; ++use) {
      taken.insert(use->second.instance);
      closing = closing || use->second.closing;
    }
    size_t instance = 0;
    while (taken.count(instance) != 0) ++instance;
    // Waiting for a link to close is as fast as loading once more, and leaves nothing behind.
    const bool loaded = instance == 0 || instance < loader->instances(record.program);
    if (loaded || !closing || !reclaimer->wait()) return instance;
  }
}

uint32_t Session::Impl::add_generation(ProbeId id, Probe& probe, Program program) {
  const uint32_t generation = ++last_generation;
  generations[generation] = {id, std::move(program), 0};
  probe.generations.insert(generation);
  probe.generation = generation;
  return generation;
}

Result<ProbeInfo> Session::Impl::attach(const Target& target, Program program,
                                        const AttachOptions& attach_options) {
  if (Status valid = bytecode::validate(program); !valid) return std::move(valid).error();
  if (attach_options.pids.size() > VM_PIDS_MAX) return bad_pids();
  if (Status started = start(); !started) return std::move(started).error();
  reclaimer->collect();

  const KindRecord& record = kind_record(target.attach_kind);
  const Result<size_t> instance = pick_instance(record, target);
  if (!instance) return instance.error();
  Result<const bpf_program*> loaded = loader->program(record.program, *instance);
  if (!loaded) return std::move(loaded).error();

  const ProbeId id = last_id + 1;
  Probe probe;
  probe.target = target;
  probe.program = *loaded;
  probe.instance = *instance;
  probe.name = attach_options.name.empty() ? std::string(kind_name(target.kind)) + ":" + target.text
                                           : attach_options.name;
  Result<MapStore::Plan> plan = maps->prepare(id, probe.name, program);
  if (!plan) return std::move(plan).error();
  const auto fail = [&](Error error) {
    maps->abandon(*plan);
    if (probe.owns_ring) rings->drop(probe.ring);
    if (probe.slot) slots->give_back(std::move(probe.slot));
    for (uint32_t generation : probe.generations) generations.erase(generation);
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
  Result<std::unique_ptr<Slot>> slot = slots->take();
  if (!slot) return fail(std::move(slot).error());
  probe.slot = std::move(slot).value();

  CodeMap& code = probe.slot->code;
  code.configure(probe.ring, attach_options.self, attach_options.pids);
  const Program placed = MapStore::relocate(program, *plan);
  const uint32_t generation = add_generation(id, probe, std::move(program));
  const uint32_t bank = code.take_bank().value();
  code.write(bank, placed, generation);
  code.give_back(code.flip(bank));

  probe.misses_before = Loader::recursion_misses(probe.program);
  Result<Link> link = record.attach(machine, target, probe.program, probe.slot->index);
  if (!link) return fail(std::move(link).error());
  probe.link = std::move(link).value();

  last_id = id;
  maps->commit(id, *plan);
  if (record.once_per_target) uses.emplace(target_key(record, target), Use{probe.instance, false});
  const Probe& kept = probes.emplace(id, std::move(probe)).first->second;
  return describe(id, kept);
}

Status Session::Impl::swap(ProbeId id, Program program) {
  const auto found = probes.find(id);
  if (found == probes.end()) return missing(id);
  if (Status valid = bytecode::validate(program); !valid) return valid;
  reclaimer->collect();
  Probe& probe = found->second;
  retire(probe);
  Result<MapStore::Plan> plan = maps->prepare(id, probe.name, program);
  if (!plan) return std::move(plan).error();

  CodeMap& code = probe.slot->code;
  std::optional<uint32_t> bank = code.take_bank();
  while (!bank && reclaimer->wait()) bank = code.take_bank();
  const uint32_t before = probe.generation;
  const Program placed = MapStore::relocate(program, *plan);
  code.write(bank.value(), placed, add_generation(id, probe, std::move(program)));
  const uint32_t old_bank = code.flip(*bank);
  ++probe.swaps;
  // After the flip: maps that give way are given to the reclaimer with it.
  maps->commit(id, *plan);
  reclaimer->release(Link(), {}, [this, &code, old_bank, before] {
    code.give_back(old_bank);
    if (const auto old = generations.find(before); old != generations.end())
      old->second.over_at = monotonic_ns();
  });
  return Nothing{};
}

Status Session::Impl::detach(ProbeId id) {
  const auto found = probes.find(id);
  if (found == probes.end()) return missing(id);
  Probe& probe = found->second;
  probe.slot->code.mute();
  set_aside(probe.ring);
  closed.add(id, {describe(id, probe), probe.taken});
  maps->leave(id);

  const KindRecord& record = kind_record(probe.target.attach_kind);
  const auto [first, end] = uses.equal_range(target_key(record, probe.target));
  for (auto use = first; use != end; ++use)
    if (use->second.instance == probe.instance) use->second.closing = true;

  Link link = std::move(probe.link);
  const auto gone = std::make_shared<Probe>(std::move(probe));
  probes.erase(found);
  reclaimer->release(std::move(link), {}, [this, id, gone] { finish(id, *gone); });
  return Nothing{};
}

void Session::Impl::finish(ProbeId id, Probe& probe) {
  if (ClosedProbes::Closed* last = closed.find(id)) {
    // The kernel's last word. What runs under way sent after the detach is dropped: it is lost.
    const vm_stats stats = stats_of(probe.slot->index);
    last->info.hits = stats.hits;
    last->info.rows = stats.rows;
    last->info.lost = stats.rows - last->taken;
  }
  const KindRecord& record = kind_record(probe.target.attach_kind);
  const auto [first, end] = uses.equal_range(target_key(record, probe.target));
  for (auto use = first; use != end; ++use) {
    if (use->second.instance != probe.instance) continue;
    uses.erase(use);
    break;
  }
  for (uint32_t generation : probe.generations) generations.erase(generation);
  clear_counters(probe.slot->index);
  if (probe.owns_ring) rings->drop(probe.ring);
  slots->give_back(std::move(probe.slot));
}

Error Session::Impl::missing(ProbeId id) const {
  Error error;
  error.kind = ErrorKind::argument;
  error.subject = "id";
  error.message = "there is no probe " + std::to_string(id);
  error.hint = probes.empty() ? "no probe is attached" : "bpf-list shows the live ones";
  return error;
}

Session::Session(SessionOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Session::~Session() = default;

Result<Target> Session::resolve(Kind kind, std::string_view target, std::string_view symbol) {
  return kind_record(kind).resolve(impl_->machine, target, symbol);
}

Result<ProbeInfo> Session::attach(const Target& target, Program program,
                                  const AttachOptions& options) {
  return impl_->attach(target, std::move(program), options);
}

Status Session::swap(ProbeId id, Program program) { return impl_->swap(id, std::move(program)); }
Status Session::detach(ProbeId id) { return impl_->detach(id); }

const Target* Session::target_of(ProbeId id) const {
  const auto found = impl_->probes.find(id);
  return found == impl_->probes.end() ? nullptr : &found->second.target;
}

std::vector<MapInfo> Session::maps() const {
  return impl_->maps ? impl_->maps->list() : std::vector<MapInfo>();
}

namespace {

Error no_maps(std::string_view name) {
  Error error;
  error.kind = ErrorKind::argument;
  error.subject = "name";
  error.message = "there is no map " + std::string(name);
  error.hint = "no closure has written one yet";
  return error;
}

}  // namespace

Result<Value> Session::map_get(std::string_view name) const {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->get(name, impl_->clock);
}

Status Session::map_clear(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->clear(name);
}

Status Session::map_delete(std::string_view name) {
  if (!impl_->maps) return no_maps(name);
  return impl_->maps->erase(name);
}

}  // namespace host
