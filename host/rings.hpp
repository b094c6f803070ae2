// Ring buffers: slot 0 is shared, a probe may have one of its own. Rows come out as they lie there;
// who made them is the session's knowledge.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bytecode/result.hpp"
#include "bytecode/wire.h"
#include "host/fd.hpp"
#include "host/loader.hpp"
#include "host/reclaimer.hpp"

struct ring_buffer;

namespace host {

// What follows a row: more of this ring buffer, the next one, or nothing.
enum class Flow : uint8_t { more, next_ring, stop };

// Called for each row, header and payload checked to lie in the record.
using RowHandler = std::function<Flow(const vm_row&, std::span<const uint8_t> payload)>;

class Rings {
 public:
  Rings(const Loader& loader, Reclaimer& reclaimer) : loader_(loader), reclaimer_(reclaimer) {}

  // The slot of the shared ring buffer, made on first use.
  bytecode::Result<uint32_t> shared(uint32_t bytes);
  bytecode::Result<uint32_t> make(uint32_t bytes);
  // Closes a ring buffer of one's own.
  void drop(uint32_t slot);

  // Readable when rows wait.
  std::vector<int> fds() const;
  // Hands out waiting rows, of all ring buffers or of one, until nothing waits or `handler` says
  // so.
  void consume(const RowHandler& handler);
  void consume(uint32_t slot, const RowHandler& handler);

  // CLOCK_MONOTONIC: a row whose run was over by then is out of the ring buffer.
  uint64_t drained_until(uint32_t slot) const;

 private:
  struct FreeRing {
    void operator()(ring_buffer* manager) const;
  };
  struct Ring {
    Fd map;
    std::unique_ptr<ring_buffer, FreeRing> manager;
    const RowHandler* handler = nullptr;  // during consume
    Flow flow = Flow::more;
    uint64_t drained_until = 0;
  };
  static int on_record(void* context, void* data, size_t size);
  static Flow consume(Ring& ring, const RowHandler& handler);
  // Nothing lies there, neither whole nor being written.
  static bool is_empty(const Ring& ring);
  bytecode::Status open(uint32_t slot, uint32_t bytes);

  const Loader& loader_;
  Reclaimer& reclaimer_;
  std::map<uint32_t, std::unique_ptr<Ring>> rings_;              // by slot
  std::vector<bool> leaving_ = std::vector<bool>(VM_RINGS_MAX);  // dropped, not yet reusable
  size_t turn_ = 0;  // which ring buffer the next consume begins with
};

}  // namespace host
