#include "host/stacks.hpp"

#include <bpf/bpf.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <span>

namespace host {

namespace {

std::span<const uint64_t> addresses_of(const vm_stack& stack) {
  return std::span(stack.addresses).first(std::min<size_t>(stack.depth, VM_STACK_MAX));
}

}  // namespace

void Stacks::start() {
  if (!worker_) worker_ = std::make_unique<StackWorker>(ProcessWatch::With::side_band);
}

std::optional<vm_stack> Stacks::read(uint64_t number) const {
  vm_stack stack = {};
  if (bpf_map_lookup_elem(loader_.stacks(), &number, &stack) != 0) return std::nullopt;
  return stack;
}

bool Stacks::ask(uint64_t number) {
  const std::optional<vm_stack> stack = read(number);
  if (!stack) {
    names_.emplace(number, Frames());
    return false;
  }
  const auto addresses = addresses_of(*stack);
  const uint64_t ticket =
      worker_->ask({stack->is_user != 0 ? StackWorker::Kind::user : StackWorker::Kind::kernel,
                    static_cast<pid_t>(stack->pid), stack->time,
                    std::vector<uint64_t>(addresses.begin(), addresses.end())});
  if (ticket == 0) {
    names_.emplace(number, StackSymbolizer::raw(addresses));
    return false;
  }
  asked_.emplace(ticket, number);
  waiting_.insert(number);
  return true;
}

void Stacks::collect() {
  if (!worker_) return;
  for (StackWorker::Answer& answer : worker_->collect()) {
    const auto asked = asked_.find(answer.ticket);
    if (asked == asked_.end()) continue;
    names_[asked->second] = std::move(answer.frames);
    waiting_.erase(asked->second);
    asked_.erase(asked);
  }
}

bool Stacks::ready(const std::vector<uint64_t>& numbers) {
  if (!worker_) return true;
  bool all = true;
  for (const uint64_t number : numbers) {
    if (names_.contains(number)) continue;
    if (waiting_.contains(number) || ask(number)) all = false;
  }
  return all;
}

void Stacks::settle(const std::vector<uint64_t>& numbers) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(1);
  while (!ready(numbers) && Clock::now() < end) {
    pollfd waits = {fd(), POLLIN, 0};
    poll(&waits, 1, 100);
    collect();
  }
}

Frames Stacks::addresses(uint64_t number) const {
  const std::optional<vm_stack> stack = read(number);
  return stack ? StackSymbolizer::raw(addresses_of(*stack)) : Frames();
}

Frames Stacks::frames(uint64_t number) const {
  const auto known = names_.find(number);
  return known == names_.end() ? addresses(number) : known->second;
}

void Stacks::forget() {
  uint64_t number = 0;
  while (bpf_map_get_next_key(loader_.stacks(), nullptr, &number) == 0)
    if (bpf_map_delete_elem(loader_.stacks(), &number) != 0) break;
  names_.clear();
  asked_.clear();
  waiting_.clear();
}

std::string Stacks::note() const {
  if (!worker_) return {};
  const StackSymbolizer& symbolizer = worker_->symbolizer();
  std::string note = symbolizer.frame_pointer_note();
  const std::string unresolved = unresolved_note(symbolizer.counts());
  if (!note.empty() && !unresolved.empty()) note += "; ";
  return note + unresolved;
}

}  // namespace host
