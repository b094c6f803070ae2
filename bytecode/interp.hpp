// The reference interpreter: slow, plain, obviously right. Tests hold the kernel's interpreter
// against it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/wire.h"

namespace bytecode {

// One event as the kernel would see it.
struct Event {
  uint32_t pid = 0, tid = 0, uid = 0, gid = 0, cpu = 0;
  uint64_t time = 0;    // CLOCK_MONOTONIC, ns
  uint64_t task = 0;    // address of the task's structure
  uint64_t cgroup = 0;  // id
  uint32_t site = 0;    // of the cookie
  std::string comm;
  std::vector<uint8_t> context;
  // Reads memory for ld.mem and str.read; nothing where the address does not answer. Bytes are
  // appended up to `size`, fewer at the end of what is mapped.
  std::function<std::optional<std::vector<uint8_t>>(uint64_t address, uint32_t size)> memory;
  std::vector<uint64_t> kernel_stack, user_stack;  // addresses, leaf first
  // 64 random bits for rand; zeros where it is not set.
  std::function<uint64_t()> random;
};

struct FaultAt {
  vm_fault kind = VM_FAULT_none;
  uint32_t pc = 0;
  friend bool operator==(const FaultAt&, const FaultAt&) = default;
};

// What a run did. Maps are those of the Program, by index; an unkeyed map has the empty key. What
// closures keep (maps, timers) is found there again by the next run that adds to these effects.
struct Effects {
  std::vector<std::vector<uint8_t>>
      rows;  // header (vm_row) and payload, as in the ring buffer; slot and generation 0
  using Place = std::pair<uint32_t, std::vector<uint8_t>>;
  std::map<Place, uint64_t> counts;  // counts, histograms, sums
  std::map<Place, vm_tally> tallies;
  std::map<Place, uint64_t> values;                  // of the closures' own maps
  std::map<uint64_t, std::vector<uint64_t>> stacks;  // by their numbers
  // By timer (the Program's, or -1 - the site's function) and thread.
  std::map<std::pair<int64_t, uint32_t>, std::vector<uint64_t>> timers;
  std::vector<FaultAt> faults;
  uint64_t steps = 0;
};

// Runs a validated program on one event, adding to `effects`.
void run(const Program& program, const Event& event, Effects& effects);

}  // namespace bytecode
