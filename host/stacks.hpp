// The stacks that closures have taken: addresses from the kernel, names from a thread of their own.
//
// Nothing here waits for names unless it says so. What has been asked for and is not known yet is
// not ready; whoever cannot wait takes the addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bytecode/wire.h"
#include "host/loader.hpp"
#include "host/stack_worker.hpp"

namespace host {

class Stacks {
 public:
  explicit Stacks(const Loader& loader) : loader_(loader) {}

  // From now on what processes map and execute is remembered, so that the stacks of those that end
  // have names too. Does nothing the second time.
  void start();
  // Readable when names have come; -1 before start.
  int fd() const { return worker_ ? worker_->fd() : -1; }
  // Takes what has come.
  void collect();

  // Whether all of these have names, or never will; asks for those that have none yet.
  bool ready(const std::vector<uint64_t>& numbers);
  // Waits for them, a second at most.
  void settle(const std::vector<uint64_t>& numbers);

  // By names, or, where they are not known yet, as numbers.
  Frames frames(uint64_t number) const;
  Frames addresses(uint64_t number) const;

  // No stack is anybody's any more.
  void forget();

  // What there is to say of names that were not found; empty where there is nothing.
  std::string note() const;

 private:
  std::optional<vm_stack> read(uint64_t number) const;
  bool ask(uint64_t number);  // false where the answer is known at once

  const Loader& loader_;
  std::unique_ptr<StackWorker> worker_;
  std::unordered_map<uint64_t, Frames> names_;    // by number
  std::unordered_map<uint64_t, uint64_t> asked_;  // number by ticket
  std::unordered_set<uint64_t> waiting_;          // numbers in asked_
};

}  // namespace host
