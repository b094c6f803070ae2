// The session's insides. session_attach.cpp attaches and swaps; session_rows.cpp drains and counts;
// the rest is in session.cpp.
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
#include "host/sites.hpp"
#include "host/slots.hpp"
#include "host/stacks.hpp"
#include "host/target.hpp"

namespace host {

// Whether a closure asks for stacks.
bool takes_stacks(const bytecode::Program& program);

struct Session::Impl {
  using ProgramPointer = std::shared_ptr<const bytecode::Program>;

  // A closure that was loaded once. It stays while a row of it can be unread or a fault of it is
  // shown.
  struct Generation {
    ProbeId probe = 0;
    ProgramPointer program;
    std::vector<bool> sends_stacks = {};  // by row site
    bool takes_stacks = false;
    uint64_t over_at = 0;  // CLOCK_MONOTONIC: no run of it is left; 0: one may be
  };

  // A place in the kernel: a slot and what runs there, for the targets that share it.
  struct Seat {
    std::unique_ptr<Slot> slot;
    uint32_t generation = 0;  // on the wire: unique in the session, slots are not
    bool parks = false;       // the ends of its system calls are linked, too
  };

  struct Probe {
    std::string name;
    std::string target;  // what it is called
    std::string note;
    std::vector<Target> targets;
    std::vector<size_t> seat_of;  // of each target
    std::vector<Seat> seats;
    std::vector<Attachment> attachments;
    uint32_t family = 0;  // of the processes it follows; 0: none
    uint32_t ring = 0;
    bool owns_ring = false;
    uint32_t swaps = 0;
    std::set<uint32_t> generations;  // all that are kept, the present ones too
    uint64_t taken = 0;              // rows that have left the ring buffer
    uint64_t delivered = 0;          // of those, handed to a sink
    // Of each program that it runs, misses at attach.
    std::map<const bpf_program*, uint64_t> misses_before;
    uint64_t hits_seen = 0;  // at the last changed_maps()
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  explicit Impl(SessionOptions given);
  ~Impl();

  // Everything that touches the kernel, on the first attach.
  Status start();
  Result<Resolution> resolve(const Request& request);
  Result<ProbeInfo> attach(std::vector<Member> members, const AttachOptions& options);
  // Its parts: a slot for each program, the code in it, the filters before it, the links.
  Status take_seats(ProbeId id, Probe& probe, const std::vector<ProgramPointer>& programs,
                    const MapStore::Plan& plan, const AttachOptions& options);
  void prepare_stacks(const std::vector<ProgramPointer>& programs);
  bytecode::Program relocated(const bytecode::Program& program, const MapStore::Maps& its_maps);
  Status restrict(Probe& probe, const AttachOptions& options);
  Status link(Probe& probe, const AttachOptions& options);
  AttachPlace place_of(const Probe& probe, size_t target);
  void link_ends(Probe& probe);
  Status swap(ProbeId id, std::vector<ProgramPointer> programs);
  Status detach(ProbeId id);
  // Takes what is left of a probe that nobody sees any more out of the kernel, in the background.
  void retreat(ProbeId id, Probe&& probe);
  // The slow half of a detach is over: nothing of the probe is left in the kernel.
  void finish(ProbeId id, Probe& probe);
  uint32_t add_generation(ProbeId id, Probe& probe, ProgramPointer program);
  // Forgets the closures whose rows have all been read.
  void retire(Probe& probe);

  // A row that is out of its ring buffer. Its value is made when the stacks in it have names.
  struct Waiting {
    Row row;
    ProgramPointer program;
    uint32_t site = 0;
    uint64_t nulls = 0;
    std::vector<uint8_t> payload = {};
    std::vector<uint64_t> stacks = {};  // by number; none: the value is there
  };
  // Nothing of what a detached probe's last runs sent, which is counted when it is finished.
  std::optional<Waiting> take(const vm_row& row, std::span<const uint8_t> payload);
  void finish(Waiting& waiting) const;
  size_t drain(const std::function<void(Row&&)>& sink, size_t max_rows);
  // Moves the rows that wait in a probe's ring buffer to `pending`.
  void set_aside(uint32_t ring);
  void deliver(Row&& row, const std::function<void(Row&&)>& sink);

  // Of all slots of a probe.
  vm_stats stats_of(const Probe& probe) const;
  std::vector<std::pair<vm_fault_key, uint64_t>> faults_of(const Probe& probe) const;
  void clear_counters(const Probe& probe);
  bool takes_stacks(const Probe& probe) const;
  ProbeInfo describe(ProbeId id, const Probe& probe) const;
  bytecode::Error missing(ProbeId id) const;

  SessionOptions options;
  Machine machine;
  Sites sites;
  bytecode::Clock clock;  // one for the session: differences between rows stay exact

  // In this order: what comes first outlives what comes later, and nothing of the reclaimer's
  // runs after it is gone.
  std::optional<Loader> loader;
  std::unique_ptr<Reclaimer> reclaimer;
  std::optional<Programs> kernel_programs;
  std::optional<SlotPool> slots;
  std::optional<MapStore> maps;
  std::optional<Rings> rings;
  std::optional<Stacks> stacks;

  ProbeId last_id = 0;
  uint32_t last_generation = 0;
  uint32_t last_family = 0;
  std::map<ProbeId, Probe> probes;
  std::unordered_map<uint32_t, Generation> generations;
  ClosedProbes closed;

  // First at the next drain: rows of detached probes and their neighbours, rows whose stacks have
  // no names yet, and all that came behind these.
  std::deque<Waiting> pending;
  Fd pending_event;  // readable while the first of them can be given
  void tell_pending();
};

}  // namespace host
