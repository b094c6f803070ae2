// What is still known of probes that are gone: their last numbers, for the latest that went. A
// probe that lived long may go after many younger ones, so the order of going is kept, not that of
// ids.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "host/session.hpp"

namespace host {

class ClosedProbes {
 public:
  struct Closed {
    ProbeInfo info;
    uint64_t taken = 0;  // rows that have left the ring buffer
  };

  void add(ProbeId id, Closed closed) {
    closed_[id] = std::move(closed);
    order_.push_back(id);
    if (order_.size() <= kept) return;
    closed_.erase(order_.front());
    order_.pop_front();
  }
  // Null where the probe never was, is not gone, or went too long ago.
  Closed* find(ProbeId id) {
    const auto found = closed_.find(id);
    return found == closed_.end() ? nullptr : &found->second;
  }

  static constexpr size_t kept = 256;

 private:
  std::map<ProbeId, Closed> closed_;
  std::deque<ProbeId> order_;  // of going
};

}  // namespace host
