// The session's insides. session.cpp attaches, swaps and detaches; session_rows.cpp drains and
// counts.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bytecode/decode.hpp"
#include "bytecode/wire.h"
#include "host/closed_probes.hpp"
#include "host/loader.hpp"
#include "host/maps.hpp"
#include "host/reclaimer.hpp"
#include "host/rings.hpp"
#include "host/session.hpp"
#include "host/slots.hpp"
#include "host/target.hpp"

namespace host {

struct Session::Impl {
  // A closure that was loaded once. It stays while a row of it can be unread or a fault of it is
  // shown.
  struct Generation {
    ProbeId probe = 0;
    bytecode::Program program;
    uint64_t over_at = 0;  // CLOCK_MONOTONIC: no run of it is left; 0: one may be
  };

  struct Probe {
    std::string name;
    Target target;
    Link link;
    const bpf_program* program = nullptr;
    size_t instance = 0;  // of the program
    std::unique_ptr<Slot> slot;
    uint32_t ring = 0;
    bool owns_ring = false;
    uint32_t generation = 0;  // on the wire: unique in the session, slots are not
    uint32_t swaps = 0;
    std::set<uint32_t> generations;  // all that are kept, the present one too
    uint64_t taken = 0;              // rows that have left the ring buffer
    uint64_t delivered = 0;          // of those, handed to a sink
    uint64_t misses_before = 0;      // of the program, at attach
    uint64_t hits_seen = 0;          // at the last changed_maps()
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  explicit Impl(SessionOptions given);
  ~Impl();

  // Everything that touches the kernel, on the first attach.
  Status start();
  // An instance of the kind's program that the kernel takes for this target.
  Result<size_t> pick_instance(const KindRecord& record, const Target& target);
  Result<ProbeInfo> attach(const Target& target, bytecode::Program program,
                           const AttachOptions& options);
  Status swap(ProbeId id, bytecode::Program program);
  Status detach(ProbeId id);
  // The slow half of a detach is over: nothing of the probe is left in the kernel.
  void finish(ProbeId id, Probe& probe);
  uint32_t add_generation(ProbeId id, Probe& probe, bytecode::Program program);
  // Forgets the closures whose rows have all been read.
  void retire(Probe& probe);

  Row decode(const Generation& generation, const vm_row& row,
             std::span<const uint8_t> payload) const;
  size_t drain(const std::function<void(Row&&)>& sink, size_t max_rows);
  // Moves the rows that wait in a probe's ring buffer to `pending`.
  void set_aside(uint32_t ring);
  void deliver(Row&& row, const std::function<void(Row&&)>& sink);

  vm_stats stats_of(uint32_t slot) const;
  std::vector<std::pair<vm_fault_key, uint64_t>> faults_of(uint32_t slot) const;
  void clear_counters(uint32_t slot);
  ProbeInfo describe(ProbeId id, const Probe& probe) const;
  bytecode::Error missing(ProbeId id) const;

  SessionOptions options;
  Machine machine;
  bytecode::Clock clock;  // one for the session: differences between rows stay exact

  // In this order: what comes first outlives what comes later, and nothing of the reclaimer's
  // runs after it is gone.
  std::optional<Loader> loader;
  std::unique_ptr<Reclaimer> reclaimer;
  std::optional<SlotPool> slots;
  std::optional<MapStore> maps;
  std::optional<Rings> rings;

  ProbeId last_id = 0;
  uint32_t last_generation = 0;
  std::map<ProbeId, Probe> probes;
  std::unordered_map<uint32_t, Generation> generations;
  ClosedProbes closed;

  // Which instances of a program a tracepoint has, with those whose links are being closed.
  struct Use {
    size_t instance = 0;
    bool closing = false;
  };
  std::multimap<std::string, Use> uses;

  std::deque<Row> pending;  // of detached probes and their neighbours: first at the next drain
  Fd pending_event;         // readable while there are any
};

}  // namespace host
