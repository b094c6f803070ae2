// Reading a whole map: in batches where the kernel has them, else key by key.
#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "host/maps.hpp"
#include "host/refusal.hpp"

namespace host {

namespace {

using Counts = std::vector<std::pair<std::vector<uint8_t>, uint64_t>>;

uint64_t merge(const uint64_t* values, uint32_t cpus) {
  return std::accumulate(values, values + cpus, uint64_t{0});
}

// A batch is whole hash buckets; ENOSPC says that one bucket holds more than the room given.
int read_batches(int fd, uint32_t key_bytes, uint64_t max, uint32_t cpus, Counts& counts) {
  uint32_t room = static_cast<uint32_t>(std::clamp<uint64_t>(max, 16, 1024));
  uint64_t in = 0, out = 0;
  bool first = true;
  std::vector<uint8_t> keys;
  std::vector<uint64_t> values;
  while (true) {
    keys.resize(size_t{room} * key_bytes);
    values.resize(size_t{room} * cpus);
    uint32_t count = room;
    const int failed = bpf_map_lookup_batch(fd, first ? nullptr : &in, &out, keys.data(),
                                            values.data(), &count, nullptr);
    const int error = failed != 0 ? errno : 0;
    if (error == ENOSPC && count == 0) {
      room *= 2;
      continue;
    }
    if (error != 0 && error != ENOENT) return error;
    for (uint32_t i = 0; i < count; ++i) {
      const uint8_t* key = keys.data() + size_t{i} * key_bytes;
      counts.emplace_back(std::vector<uint8_t>(key, key + key_bytes),
                          merge(values.data() + size_t{i} * cpus, cpus));
    }
    if (error == ENOENT) return 0;
    in = out;
    first = false;
  }
}

int read_by_key(int fd, uint32_t key_bytes, uint64_t max, uint32_t cpus, Counts& counts) {
  std::vector<uint8_t> key(key_bytes), next(key_bytes);
  std::vector<uint64_t> values(cpus);
  const uint8_t* before = nullptr;
  // A deletion under way can start the walk over: `max` entries are enough.
  while (counts.size() < max && bpf_map_get_next_key(fd, before, next.data()) == 0) {
    key = next;
    before = key.data();
    if (bpf_map_lookup_elem(fd, key.data(), values.data()) == 0)
      counts.emplace_back(key, merge(values.data(), cpus));
  }
  return 0;
}

}  // namespace

Result<Counts> read_counts(int fd, uint32_t key_bytes, uint64_t max) {
  Counts counts;
  const uint32_t cpus = possible_cpus();
  int error = read_batches(fd, key_bytes, max, cpus, counts);
  if (error != 0) {
    counts.clear();
    error = read_by_key(fd, key_bytes, max, cpus, counts);
  }
  if (error != 0) return refusal("read a map", error);
  return counts;
}

}  // namespace host
