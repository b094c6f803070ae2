// What a map holds, as people read it: the CPUs' parts of each value put together, entries as
// columns. Pure: used by the host on what the kernel kept, and by tests on what the reference
// interpreter made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bytecode/decode.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/value.hpp"
#include "bytecode/wire.h"

namespace bytecode {

// One value of a map, of all CPUs.
class Amount {
 public:
  // Of counts and sums, and of a map of the closure's own: what each CPU has.
  static Amount of_words(std::span<const uint64_t> words);
  static Amount of_tallies(std::span<const vm_tally> tallies);

  // How many values there were; of counts and sums the number itself, where it fits.
  int64_t count() const { return count_; }
  // An int, or a float where no int is large enough.
  Value sum(As as) const;
  // Rounded toward zero; null where there was no value.
  Value average(As as) const;
  // Both together.
  Amount& operator+=(const Amount& more);
  // What came since `before`, of the same value; the least and the greatest are those of both.
  Amount since(const Amount& before) const;
  Value lowest(As as, Clock clock) const;
  Value highest(As as, Clock clock) const;
  friend bool operator==(const Amount&, const Amount&) = default;

 private:
  __extension__ using Wide = __int128;
  static Value number(Wide n, As as);

  int64_t count_ = 0;
  Wide sum_ = 0;
  std::optional<int64_t> lowest_, highest_;
};

struct Entry {
  std::vector<uint8_t> key;  // of the map's class; empty where the map has no key
  Amount amount;
};

// A map's entries at a moment.
using Snapshot = std::map<std::vector<uint8_t>, Amount>;

// The entries that have changed since, by how much: of counts, sums and numbers of the closures'
// own the difference, of all else what they have come to. `before` becomes `now`. A value that has
// gone back has begun anew meanwhile.
std::vector<Entry> growth(const MapSpec& map, Snapshot& before, std::vector<Entry> now);

// The columns of a map's values: "value", or those of stats and histograms.
std::vector<std::string_view> value_columns(MapKind kind);

// Whether each entry is a row of map_value's table, whatever the others are.
bool has_row_per_entry(const MapSpec& map);

// A map without a key: its number, of stats a record, of a histogram a table. Else a table in the
// kernel's order, of a histogram in the order of keys and buckets, those without a count between
// two that have one included.
Value map_value(const MapSpec& map, std::vector<Entry> entries, Clock clock,
                const Names* names = nullptr);

// A map of the closures' own that has such a key and such a value: what a shell makes before a
// closure asks for it. Texts may be of `string_bytes`. Errors as of encode_key.
Result<MapSpec> spec_for(const Value& key, const Value& value, uint32_t string_bytes);

// The key of the entry that a scalar, or a record by the names of its parts, stands for; null for a
// map without a key. An Error of kind argument, of the subject "key", where it does not fit.
Result<std::vector<uint8_t>> encode_key(const MapSpec& map, const Value& key, Clock clock);
// A value as a map of the closures' own keeps it; subject "value".
Result<uint64_t> encode_word(As as, const Value& value, Clock clock);

// The bucket of a number, by its least one; the lowest integer where it has none.
int64_t bucket_of(const Buckets& buckets, int64_t number);
// The least number of the next bucket; nothing behind the last.
std::optional<int64_t> next_bucket(const Buckets& buckets, int64_t bucket);

}  // namespace bytecode
