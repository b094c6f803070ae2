// What closures keep, in the reference interpreter: counts and the like, maps of their own, timers
// and stacks, all found again in the effects by the next run.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bytecode/interp.hpp"

namespace bytecode {

// One run's hold on it. A fault leaves everything as it was.
class Kept {
 public:
  using Place = Effects::Place;
  Kept(const Event& event, Effects& effects) : event_(event), effects_(effects) {}

  void count(const Place& at) { ++effects_.counts[at]; }
  vm_fault sum(const Place& at, int64_t n) { return add(effects_.counts[at], n); }
  vm_fault tally(const Place& at, int64_t n, uint8_t what);  // VM_TALLY_*

  // A map of the closure's own; nothing where it has nothing.
  std::optional<int64_t> value(const Place& at) const;
  void put(const Place& at, int64_t n) { effects_.values[at] = static_cast<uint64_t>(n); }
  vm_fault add_value(const Place& at, int64_t n) { return add(effects_.values[at], n); }
  // The entry of a map that stands at a place, in some order that holds while nothing is written.
  // `place` becomes the number of entries before it, or where there is none of all.
  std::optional<std::pair<std::vector<uint8_t>, int64_t>> entry(uint32_t map,
                                                                uint64_t& place) const;
  bool erase(const Place& at) { return effects_.values.erase(at) != 0; }  // was there one

  // The number of the event's stack, `depth` addresses of it at most; nothing where it has none.
  std::optional<int64_t> take_stack(bool user, size_t depth);

  // `timer` is the Program's, or -1: that of the site's function.
  vm_fault start_timer(int32_t timer);
  std::optional<int64_t> stop_timer(int32_t timer);  // nanoseconds; nothing where none runs

 private:
  static vm_fault add(uint64_t& word, int64_t n);
  std::vector<uint64_t>& starts_of(int32_t timer);

  const Event& event_;
  Effects& effects_;
};

}  // namespace bytecode
