// Rows and numbers: draining, decoding, and the accounts. For each probe, at any time,
//   rows = delivered + unread + lost
// where `unread` lies in a ring buffer or waits for the next drain.
#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "bytecode/isa_table.hpp"
#include "host/monotonic.hpp"
#include "host/refusal.hpp"
#include "host/session_impl.hpp"

namespace host {

using bytecode::Program;
using bytecode::Span;

// With more rows waiting for names, the oldest are given with addresses.
constexpr size_t waiting_max = 65536;

std::optional<Session::Impl::Waiting> Session::Impl::take(const vm_row& row,
                                                          std::span<const uint8_t> payload) {
  const auto known = generations.find(row.generation);
  if (known == generations.end() || row.site >= known->second.program->rows.size())
    return std::nullopt;
  const Generation& generation = known->second;
  const auto live = probes.find(generation.probe);
  if (live == probes.end()) return std::nullopt;
  Probe& probe = live->second;
  ++probe.taken;
  const bytecode::RowSite& site = generation.program->rows[row.site];
  Waiting taken;
  Row& result = taken.row;
  result.probe = generation.probe;
  result.type = site.type;
  result.event_type = site.event_type;
  result.time = bytecode::Date{static_cast<int64_t>(row.time) + clock.offset_ns};
  result.pid = row.pid;
  result.tid = row.tid;
  result.cpu = row.cpu;
  if (probe.targets.size() > 1) result.target = sites.text(row.place);
  const auto* comm = reinterpret_cast<const char*>(row.comm);
  result.comm.assign(comm, strnlen(comm, sizeof row.comm));
  if (!generation.sends_stacks[row.site]) {
    result.value = bytecode::decode_row(site, row.nulls, payload, clock, &sites);
    return taken;
  }
  taken.program = generation.program;
  taken.site = row.site;
  taken.nulls = row.nulls;
  taken.payload.assign(payload.begin(), payload.end());
  taken.stacks = bytecode::stacks_of(site, row.nulls, payload);
  if (taken.stacks.empty()) finish(taken);
  return taken;
}

void Session::Impl::finish(Waiting& waiting) const {
  if (!waiting.program) return;
  waiting.row.value = bytecode::decode_row(waiting.program->rows[waiting.site], waiting.nulls,
                                           waiting.payload, clock, &sites);
  waiting.program.reset();
}

void Session::Impl::tell_pending() {
  const bool can_be_given = !pending.empty() && stacks->ready(pending.front().stacks);
  uint64_t value = 1;
  [[maybe_unused]] const ssize_t n = can_be_given ? write(pending_event.get(), &value, sizeof value)
                                                  : read(pending_event.get(), &value, sizeof value);
}

void Session::Impl::deliver(Row&& row, const std::function<void(Row&&)>& sink) {
  if (const auto live = probes.find(row.probe); live != probes.end())
    ++live->second.delivered;
  else if (ClosedProbes::Closed* gone = closed.find(row.probe))
    ++gone->info.delivered;
  sink(std::move(row));
}

// Both readers of a ring buffer stop at the first row that is younger than they are: a flood would
// keep them for ever.
size_t Session::Impl::drain(const std::function<void(Row&&)>& sink, size_t max_rows) {
  if (!rings || max_rows == 0) return 0;
  reclaimer->collect();
  stacks->collect();
  size_t count = 0;
  const bool had_pending = !pending.empty();
  while (!pending.empty() && count < max_rows) {
    Waiting& first = pending.front();
    if (!stacks->ready(first.stacks) && pending.size() <= waiting_max) break;
    finish(first);
    Row row = std::move(first.row);
    pending.pop_front();
    ++count;
    deliver(std::move(row), sink);
  }
  if (had_pending) tell_pending();
  if (count >= max_rows) return count;
  const uint64_t begun = monotonic_ns();
  const bool was_empty = pending.empty();
  rings->consume([&](const vm_row& row, std::span<const uint8_t> payload) {
    if (std::optional<Waiting> taken = take(row, payload)) {
      ++count;
      // Rows stay in order: what comes behind one that waits, waits too.
      if (pending.empty() && stacks->ready(taken->stacks)) {
        finish(*taken);
        deliver(std::move(taken->row), sink);
      } else {
        pending.push_back(std::move(*taken));
      }
    }
    if (count >= max_rows) return Flow::stop;
    return row.time > begun ? Flow::next_ring : Flow::more;
  });
  if (was_empty && !pending.empty()) tell_pending();
  return count;
}

void Session::Impl::set_aside(uint32_t ring) {
  const uint64_t begun = monotonic_ns();
  rings->consume(ring, [&](const vm_row& row, std::span<const uint8_t> payload) {
    if (std::optional<Waiting> taken = take(row, payload)) pending.push_back(std::move(*taken));
    return row.time > begun ? Flow::stop : Flow::more;
  });
  if (pending.empty()) return;
  // Whoever ends a probe wants its rows now, with what names there are.
  std::vector<uint64_t> numbers;
  for (const Waiting& waiting : pending)
    numbers.insert(numbers.end(), waiting.stacks.begin(), waiting.stacks.end());
  stacks->settle(numbers);
  for (Waiting& waiting : pending) waiting.stacks.clear();
  tell_pending();
}

vm_stats Session::Impl::stats_of(const Probe& probe) const {
  std::vector<vm_stats> values(possible_cpus());
  vm_stats sum = {};
  for (const Seat& seat : probe.seats) {
    if (bpf_map_lookup_elem(loader->stats(), &seat.slot->index, values.data()) != 0) continue;
    for (const vm_stats& value : values) {
      sum.hits += value.hits;
      sum.rows += value.rows;
      sum.lost += value.lost;
      sum.skipped += value.skipped;
      for (size_t i = 0; i < VM_FAULTS; ++i) sum.faults[i] += value.faults[i];
    }
  }
  return sum;
}

std::vector<std::pair<vm_fault_key, uint64_t>> Session::Impl::faults_of(const Probe& probe) const {
  std::vector<std::pair<vm_fault_key, uint64_t>> faults;
  const auto is_own = [&probe](uint32_t slot) {
    return std::any_of(probe.seats.begin(), probe.seats.end(),
                       [slot](const Seat& seat) { return seat.slot->index == slot; });
  };
  vm_fault_key key = {}, next = {};
  const vm_fault_key* before = nullptr;
  while (bpf_map_get_next_key(loader->faults(), before, &next) == 0) {
    key = next;
    before = &key;
    uint64_t count = 0;
    if (is_own(key.slot) && bpf_map_lookup_elem(loader->faults(), &key, &count) == 0)
      faults.emplace_back(key, count);
  }
  return faults;
}

void Session::Impl::clear_counters(const Probe& probe) {
  const std::vector<vm_stats> zeros(possible_cpus());
  for (const Seat& seat : probe.seats)
    bpf_map_update_elem(loader->stats(), &seat.slot->index, zeros.data(), BPF_ANY);
  for (const auto& [key, count] : faults_of(probe)) bpf_map_delete_elem(loader->faults(), &key);
}

namespace {

FaultCount describe_fault(const vm_fault_key& key, uint64_t count, const Program* program) {
  FaultCount fault;
  fault.count = count;
  if (const bytecode::FaultInfo* info = bytecode::fault_info(key.kind)) {
    fault.kind = info->name;
    fault.sentence = info->sentence;
  }
  if (program != nullptr && key.pc < program->spans.size()) {
    const Span span = program->spans[key.pc];
    fault.span = span;
    if (span.end <= program->source.size() && span.start <= span.end)
      fault.source = program->source.substr(span.start, span.end - span.start);
  }
  return fault;
}

// One line for each kind at each place, whatever instructions and closures of that place counted.
void add_fault(std::vector<FaultCount>& faults, FaultCount fault) {
  for (FaultCount& known : faults) {
    if (known.kind != fault.kind || !(known.span == fault.span) || known.source != fault.source)
      continue;
    known.count += fault.count;
    return;
  }
  faults.push_back(std::move(fault));
}

}  // namespace

bool Session::Impl::takes_stacks(const Probe& probe) const {
  return std::any_of(probe.seats.begin(), probe.seats.end(), [this](const Seat& seat) {
    const auto generation = generations.find(seat.generation);
    return generation != generations.end() && generation->second.takes_stacks;
  });
}

ProbeInfo Session::Impl::describe(ProbeId id, const Probe& probe) const {
  const vm_stats stats = stats_of(probe);
  ProbeInfo info;
  info.id = id;
  info.name = probe.name;
  info.kind = probe.targets.front().kind;
  info.target = probe.target;
  info.targets = static_cast<uint32_t>(probe.targets.size());
  info.hits = stats.hits;
  info.rows = stats.rows;
  info.lost = stats.lost;
  info.delivered = probe.delivered;
  info.missed = stats.skipped;
  for (const auto& [program, before] : probe.misses_before)
    info.missed += Loader::recursion_misses(program) - before;
  info.age_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - probe.since).count();
  info.generation = 1 + probe.swaps;
  info.note = probe.note;
  if (takes_stacks(probe)) add_note(info.note, stacks->note());
  info.maps = maps->names_of(id);
  bool faulty = false;
  for (uint64_t count : stats.faults) faulty = faulty || count != 0;
  if (!faulty) return info;
  for (const auto& [key, count] : faults_of(probe)) {
    const auto generation = generations.find(key.generation);
    const Program* program =
        generation == generations.end() ? nullptr : generation->second.program.get();
    add_fault(info.faults, describe_fault(key, count, program));
  }
  return info;
}

void Session::Impl::retire(Probe& probe) {
  const uint64_t drained = rings->drained_until(probe.ring);
  std::set<uint32_t> faulty;
  for (const auto& [key, count] : faults_of(probe)) faulty.insert(key.generation);
  std::erase_if(probe.generations, [&](uint32_t number) {
    const auto found = generations.find(number);
    const uint64_t over = found->second.over_at;
    if (over == 0 || drained <= over || faulty.count(number) != 0) return false;
    generations.erase(found);
    return true;
  });
}

std::vector<ProbeInfo> Session::list() const {
  std::vector<ProbeInfo> infos;
  for (const auto& [id, probe] : impl_->probes) infos.push_back(impl_->describe(id, probe));
  return infos;
}

std::optional<ProbeInfo> Session::info(ProbeId id) const {
  if (const auto live = impl_->probes.find(id); live != impl_->probes.end())
    return impl_->describe(id, live->second);
  if (const ClosedProbes::Closed* gone = impl_->closed.find(id)) return gone->info;
  return std::nullopt;
}

std::vector<int> Session::ring_fds() const {
  if (!impl_->rings) return {};
  std::vector<int> fds = impl_->rings->fds();
  fds.push_back(impl_->pending_event.get());
  if (const int fd = impl_->stacks->fd(); fd >= 0) fds.push_back(fd);
  return fds;
}

size_t Session::drain(const std::function<void(Row&&)>& sink, size_t max_rows) {
  return impl_->drain(sink, max_rows);
}

std::vector<std::string> Session::changed_maps() {
  if (!impl_->maps) return {};
  std::set<ProbeId> active;
  for (auto& [id, probe] : impl_->probes) {
    const uint64_t hits = impl_->stats_of(probe).hits;
    if (std::exchange(probe.hits_seen, hits) != hits) active.insert(id);
  }
  impl_->stacks->collect();
  return impl_->maps->changed(active, *impl_->stacks);
}

}  // namespace host
