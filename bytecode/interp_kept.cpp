#include "bytecode/interp_kept.hpp"

#include <algorithm>
#include <utility>

namespace bytecode {

vm_fault Kept::add(uint64_t& word, int64_t n) {
  int64_t sum = 0;
  if (__builtin_add_overflow(static_cast<int64_t>(word), n, &sum)) return VM_FAULT_overflow;
  word = static_cast<uint64_t>(sum);
  return VM_FAULT_none;
}

vm_fault Kept::tally(const Place& at, int64_t n, uint8_t what) {
  vm_tally& tally = effects_.tallies[at];
  if ((what & VM_TALLY_SUM) != 0)
    if (const vm_fault fault = add(tally.sum, n); fault != VM_FAULT_none) return fault;
  if ((what & VM_TALLY_MIN) != 0) tally.low = std::max<uint64_t>(tally.low, VM_TALLY_LOW(n));
  if ((what & VM_TALLY_MAX) != 0) tally.high = std::max<uint64_t>(tally.high, VM_TALLY_HIGH(n));
  ++tally.count;
  return VM_FAULT_none;
}

std::optional<int64_t> Kept::value(const Place& at) const {
  const auto found = effects_.values.find(at);
  if (found == effects_.values.end()) return std::nullopt;
  return static_cast<int64_t>(found->second);
}

std::optional<std::pair<std::vector<uint8_t>, int64_t>> Kept::entry(uint32_t map,
                                                                    uint64_t& place) const {
  const uint64_t wanted = std::exchange(place, 0);
  for (auto at = effects_.values.lower_bound({map, {}});
       at != effects_.values.end() && at->first.first == map; ++at) {
    if (place == wanted) return std::pair(at->first.second, static_cast<int64_t>(at->second));
    ++place;
  }
  return std::nullopt;
}

std::optional<int64_t> Kept::take_stack(bool user, size_t depth) {
  std::vector<uint64_t> addresses = user ? event_.user_stack : event_.kernel_stack;
  if (addresses.empty()) return std::nullopt;
  addresses.resize(std::min(addresses.size(), depth));
  uint64_t number = VM_STACK_SEED(user ? event_.pid : 0, user ? 1 : 0);
  for (const uint64_t address : addresses) number = VM_STACK_MIX(number, address);
  effects_.stacks[number] = std::move(addresses);
  return static_cast<int64_t>(number);
}

std::vector<uint64_t>& Kept::starts_of(int32_t timer) {
  const int64_t of = timer >= 0 ? timer : -1 - int64_t{VM_SITE_FUNCTION(event_.site)};
  return effects_.timers[{of, event_.tid}];
}

vm_fault Kept::start_timer(int32_t timer) {
  std::vector<uint64_t>& starts = starts_of(timer);
  if (starts.size() >= VM_TIMER_DEPTH) return VM_FAULT_timer_depth;
  starts.push_back(event_.time);
  return VM_FAULT_none;
}

std::optional<int64_t> Kept::stop_timer(int32_t timer) {
  std::vector<uint64_t>& starts = starts_of(timer);
  if (starts.empty()) return std::nullopt;
  const auto took = static_cast<int64_t>(event_.time - starts.back());
  starts.pop_back();
  return took;
}

}  // namespace bytecode
