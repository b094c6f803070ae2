// In batches where the kernel has them, else key by key.
#include "host/map_read.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "host/refusal.hpp"

namespace host {

using bytecode::Status;

namespace {

class Reader {
 public:
  Reader(int fd, const EntryShape& shape, uint64_t max, const EntrySink& sink)
      : fd_(fd), shape_(shape), max_(max), sink_(sink) {}

  // 0 or an errno. `begun` tells whether anything has been handed out.
  int batches(bool& begun);
  int by_key();

 private:
  size_t words() const { return size_t{shape_.value_bytes} / 8 * shape_.parts; }

  int fd_;
  EntryShape shape_;
  uint64_t max_;
  const EntrySink& sink_;
};

// A batch is whole hash buckets; ENOSPC says that one bucket holds more than the room given.
int Reader::batches(bool& begun) {
  uint32_t room = static_cast<uint32_t>(std::clamp<uint64_t>(max_, 16, 1024));
  uint64_t in = 0, out = 0;
  bool first = true;
  std::vector<uint8_t> keys;
  std::vector<uint64_t> values;
  while (true) {
    keys.resize(size_t{room} * shape_.key_bytes);
    values.resize(room * words());
    uint32_t count = room;
    const int failed = bpf_map_lookup_batch(fd_, first ? nullptr : &in, &out, keys.data(),
                                            values.data(), &count, nullptr);
    const int error = failed != 0 ? errno : 0;
    if (error == ENOSPC && count == 0) {
      room *= 2;
      continue;
    }
    if (error != 0 && error != ENOENT) return error;
    for (uint32_t i = 0; i < count; ++i)
      sink_({keys.data() + size_t{i} * shape_.key_bytes, shape_.key_bytes},
            {values.data() + i * words(), words()});
    begun |= count > 0;
    if (error == ENOENT) return 0;
    in = out;
    first = false;
  }
}

int Reader::by_key() {
  std::vector<uint8_t> key(shape_.key_bytes), next(shape_.key_bytes);
  std::vector<uint64_t> values(words());
  const uint8_t* before = nullptr;
  // A deletion under way can start the walk over: `max` entries are enough.
  for (uint64_t seen = 0; seen < max_ && bpf_map_get_next_key(fd_, before, next.data()) == 0;) {
    key = next;
    before = key.data();
    if (bpf_map_lookup_elem(fd_, key.data(), values.data()) != 0) continue;
    sink_(key, values);
    ++seen;
  }
  return 0;
}

}  // namespace

Status read_entries(int fd, const EntryShape& shape, uint64_t max, const EntrySink& sink) {
  Reader reader(fd, shape, max, sink);
  bool begun = false;
  int error = reader.batches(begun);
  if (error != 0 && !begun) error = reader.by_key();
  if (error != 0) return refusal("read a map", error);
  return bytecode::Nothing{};
}

}  // namespace host
