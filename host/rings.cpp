#include "host/rings.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "bytecode/bad_argument.hpp"
#include "host/monotonic.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Nothing;
using bytecode::Result;
using bytecode::Status;

namespace {

constexpr uint32_t shared_slot = 0;

bool is_ring_size(uint32_t bytes) {
  const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  return bytes >= page && (bytes & (bytes - 1)) == 0;
}

}  // namespace

void Rings::FreeRing::operator()(ring_buffer* manager) const { ring_buffer__free(manager); }

int Rings::on_record(void* context, void* data, size_t size) {
  Ring& ring = *static_cast<Ring*>(context);
  const auto* row = static_cast<const vm_row*>(data);
  // The interpreter writes whole rows; a record that is none is not read past its end.
  if (size < sizeof(vm_row) || row->length > size - sizeof(vm_row)) return 0;
  const auto* payload = static_cast<const uint8_t*>(data) + sizeof(vm_row);
  ring.drained_until = std::max<uint64_t>(ring.drained_until, row->time);
  ring.flow = (*ring.handler)(*row, {payload, row->length});
  // libbpf consumes the record whose callback fails, then stops.
  return ring.flow == Flow::more ? 0 : -ECANCELED;
}

Status Rings::open(uint32_t slot, uint32_t bytes) {
  auto ring = std::make_unique<Ring>();
  Result<Fd> map = loader_.rings().inner.create("vm_rows", bytes);
  if (!map) return std::move(map).error();
  ring->map = std::move(map).value();
  ring->manager.reset(ring_buffer__new(ring->map.get(), on_record, ring.get(), nullptr));
  if (!ring->manager) return refusal("map a ring buffer", errno);
  if (Status placed = loader_.rings().insert(slot, ring->map.get(), "vm_rows"); !placed)
    return placed;
  rings_[slot] = std::move(ring);
  return Nothing{};
}

Result<uint32_t> Rings::shared(uint32_t bytes) {
  if (rings_.find(shared_slot) == rings_.end())
    if (Status opened = open(shared_slot, bytes); !opened) return std::move(opened).error();
  return shared_slot;
}

Result<uint32_t> Rings::make(uint32_t bytes) {
  if (!is_ring_size(bytes))
    return bytecode::bad_argument(
        "ring-size", std::to_string(bytes) + " bytes cannot be a ring buffer's size",
        "it is a power of two and at least a page: " + std::to_string(sysconf(_SC_PAGESIZE)) +
            " bytes");
  for (uint32_t slot = shared_slot + 1; slot < VM_RINGS_MAX; ++slot) {
    if (rings_.find(slot) != rings_.end() || leaving_[slot]) continue;
    if (Status opened = open(slot, bytes); !opened) return std::move(opened).error();
    return slot;
  }
  return bytecode::bad_argument(
      "ring-size", "all ring buffers are taken",
      "leave --ring-size out: the shared ring buffer has room for any number of probes");
}

void Rings::drop(uint32_t slot) {
  rings_.erase(slot);
  leaving_[slot] = true;
  reclaimer_.release(
      {}, [outer = loader_.rings().fd, slot] { bpf_map_delete_elem(outer, &slot); },
      [this, slot] { leaving_[slot] = false; });
}

std::vector<int> Rings::fds() const {
  std::vector<int> fds;
  for (const auto& [slot, ring] : rings_) fds.push_back(ring_buffer__epoll_fd(ring->manager.get()));
  return fds;
}

bool Rings::is_empty(const Ring& ring) {
  pollfd waiting = {ring.map.get(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 0;
}

Flow Rings::consume(Ring& ring, const RowHandler& handler) {
  const uint64_t begun = monotonic_ns();
  ring.handler = &handler;
  ring.flow = Flow::more;
  ring_buffer__consume(ring.manager.get());
  ring.handler = nullptr;
  // libbpf stops at a record that is still being written, too: rows may lie behind it.
  if (ring.flow == Flow::more && is_empty(ring)) ring.drained_until = begun;
  return ring.flow;
}

void Rings::consume(const RowHandler& handler) {
  // A busy ring buffer does not starve the others: each call begins with the next one.
  std::vector<Ring*> order;
  for (const auto& [slot, ring] : rings_) order.push_back(ring.get());
  ++turn_;
  for (size_t i = 0; i < order.size(); ++i)
    if (consume(*order[(turn_ + i) % order.size()], handler) == Flow::stop) return;
}

void Rings::consume(uint32_t slot, const RowHandler& handler) {
  if (const auto found = rings_.find(slot); found != rings_.end()) consume(*found->second, handler);
}

uint64_t Rings::drained_until(uint32_t slot) const {
  const auto found = rings_.find(slot);
  return found == rings_.end() ? UINT64_MAX : found->second->drained_until;
}

}  // namespace host
