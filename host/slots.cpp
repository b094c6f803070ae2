#include "host/slots.hpp"

#include "bytecode/wire.h"

namespace host {

using bytecode::Error;
using bytecode::Result;

namespace {

constexpr uint32_t spares = 4;

}  // namespace

Result<std::unique_ptr<Slot>> SlotPool::make() {
  if (next_ >= VM_PROBES_MAX) {
    Error error;
    error.kind = bytecode::ErrorKind::system;
    error.message = "no room for another probe";
    error.hint = std::to_string(VM_PROBES_MAX - 1) + " can be attached at once; detach some";
    return error;
  }
  Result<CodeMap> code = CodeMap::create(loader_.code().inner);
  if (!code) return std::move(code).error();
  return std::unique_ptr<Slot>(new Slot{next_++, std::move(code).value()});
}

void SlotPool::make_spares() {
  if (making_) return;
  auto slots = std::make_shared<std::vector<std::unique_ptr<Slot>>>();
  while (slots->size() < spares) {
    Result<std::unique_ptr<Slot>> slot = make();
    if (!slot) break;
    slots->push_back(std::move(slot).value());
  }
  if (slots->empty()) return;
  making_ = true;
  const auto place = [slots, outer = loader_.code()] {
    std::vector<uint32_t> indexes;
    std::vector<int> fds;
    for (const auto& slot : *slots) {
      indexes.push_back(slot->index);
      fds.push_back(slot->code.fd());
    }
    if (!outer.insert(indexes, fds, "vm_probe")) slots->clear();
  };
  reclaimer_.release(Link(), place, [this, slots] {
    for (auto& slot : *slots) free_.push_back(std::move(slot));
    making_ = false;
  });
}

Result<std::unique_ptr<Slot>> SlotPool::take() {
  reclaimer_.collect();
  if (free_.empty() && next_ >= VM_PROBES_MAX)
    while (free_.empty() && reclaimer_.wait()) {
    }
  std::unique_ptr<Slot> slot;
  if (!free_.empty()) {
    slot = std::move(free_.back());
    free_.pop_back();
  } else {
    Result<std::unique_ptr<Slot>> made = make();
    if (!made) return made;
    slot = std::move(made).value();
    if (auto placed = loader_.code().insert(slot->index, slot->code.fd(), "vm_probe"); !placed)
      return std::move(placed).error();
  }
  if (free_.empty()) make_spares();
  return slot;
}

void SlotPool::give_back(std::unique_ptr<Slot> slot) {
  slot->code.settle();
  free_.push_back(std::move(slot));
}

}  // namespace host
