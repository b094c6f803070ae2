#include "host/slots.hpp"

#include <iterator>

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
  reclaimer_.release({}, place, [this, slots] {
    for (auto& slot : *slots) free_.push_back(std::move(slot));
    making_ = false;
  });
}

Result<std::vector<std::unique_ptr<Slot>>> SlotPool::take(size_t count) {
  reclaimer_.collect();
  // Those of probes on their way out will do where there is no room for more.
  while (free_.size() + VM_PROBES_MAX - next_ < count && reclaimer_.wait()) {
  }
  std::vector<std::unique_ptr<Slot>> taken;
  while (taken.size() < count && !free_.empty()) {
    taken.push_back(std::move(free_.back()));
    free_.pop_back();
  }
  std::vector<uint32_t> indexes;
  std::vector<int> fds;
  const auto fail = [&](Error error) {
    for (auto& slot : taken) free_.push_back(std::move(slot));
    return error;
  };
  std::vector<std::unique_ptr<Slot>> fresh;
  while (taken.size() + fresh.size() < count) {
    Result<std::unique_ptr<Slot>> made = make();
    if (!made) return fail(std::move(made).error());
    indexes.push_back((*made)->index);
    fds.push_back((*made)->code.fd());
    fresh.push_back(std::move(made).value());
  }
  if (!fresh.empty())
    if (auto placed = loader_.code().insert(indexes, fds, "vm_probe"); !placed)
      return fail(std::move(placed).error());
  std::move(fresh.begin(), fresh.end(), std::back_inserter(taken));
  if (free_.empty()) make_spares();
  return taken;
}

void SlotPool::give_back(std::unique_ptr<Slot> slot) {
  slot->code.settle();
  free_.push_back(std::move(slot));
}

}  // namespace host
