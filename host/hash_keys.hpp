// The keys of a hash in the kernel that changes while it is read.
#pragma once

#include <bpf/bpf.h>

#include <cstddef>
#include <vector>

namespace host {

// Those keys that `is_wanted`. The kernel begins anew where the key it stands at has gone
// meanwhile, so the walk ends after as many steps as the map has room for, and a key may come
// twice.
template <typename Key, typename IsWanted>
std::vector<Key> hash_keys(int map, size_t max_entries, IsWanted is_wanted) {
  std::vector<Key> keys;
  Key key = {}, next = {};
  const Key* before = nullptr;
  for (size_t steps = 0; steps < max_entries; ++steps) {
    if (bpf_map_get_next_key(map, before, &next) != 0) break;
    key = next;
    before = &key;
    if (is_wanted(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace host
