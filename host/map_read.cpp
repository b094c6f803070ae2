#include "host/map_read.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

#include "host/refusal.hpp"

namespace host {

using bytecode::Result;
using bytecode::Status;

EntryReader::EntryReader(const EntryShape& shape, uint64_t max)
    : shape_(shape), room_(static_cast<uint32_t>(std::clamp<uint64_t>(max, 16, 1024))) {}

// A batch is whole hash buckets; ENOSPC says that one bucket holds more than the room given.
Result<bool> EntryReader::next(int fd, const EntrySink& sink) {
  const size_t words = size_t{shape_.value_bytes} / 8 * shape_.parts;
  while (!ended_) {
    keys_.resize(size_t{room_} * shape_.key_bytes);
    values_.resize(room_ * words);
    uint32_t count = room_;
    uint64_t next_place = 0;
    const int failed = bpf_map_lookup_batch(fd, begun_ ? &place_ : nullptr, &next_place,
                                            keys_.data(), values_.data(), &count, nullptr);
    const int error = failed != 0 ? errno : 0;
    if (error == ENOSPC && count == 0) {
      room_ *= 2;
      continue;
    }
    if (error != 0 && error != ENOENT) return refusal("read a map", error);
    begun_ = true;
    ended_ = error == ENOENT;
    place_ = next_place;
    for (uint32_t i = 0; i < count; ++i)
      sink({keys_.data() + size_t{i} * shape_.key_bytes, shape_.key_bytes},
           {values_.data() + i * words, words});
    if (count > 0) return true;
  }
  return false;
}

Status read_entries(int fd, const EntryShape& shape, uint64_t max, const EntrySink& sink) {
  EntryReader reader(shape, max);
  while (true) {
    const Result<bool> more = reader.next(fd, sink);
    if (!more) return more.error();
    if (!*more) return bytecode::Nothing{};
  }
}

}  // namespace host
