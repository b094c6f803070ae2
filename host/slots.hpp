// The slots of the outer code map. A slot keeps its code map when its probe has gone, and spare
// ones are made in the background: putting a map into a map of maps waits 5 to 20 ms for the
// kernel, and an attach should not.
#pragma once

#include <memory>
#include <vector>

#include "host/code_map.hpp"
#include "host/loader.hpp"
#include "host/reclaimer.hpp"

namespace host {

struct Slot {
  uint32_t index = 0;  // what the cookie says
  CodeMap code;
};

class SlotPool {
 public:
  SlotPool(const Loader& loader, Reclaimer& reclaimer) : loader_(loader), reclaimer_(reclaimer) {}

  // So many slots that no link leads to.
  bytecode::Result<std::vector<std::unique_ptr<Slot>>> take(size_t count);
  // No run can be in it any more.
  void give_back(std::unique_ptr<Slot> slot);

 private:
  bytecode::Result<std::unique_ptr<Slot>> make();
  void make_spares();

  const Loader& loader_;
  Reclaimer& reclaimer_;
  std::vector<std::unique_ptr<Slot>> free_;
  uint32_t next_ = 1;  // slot 0 is the tests' (wire.h)
  bool making_ = false;
};

}  // namespace host
