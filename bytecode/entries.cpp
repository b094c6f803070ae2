#include "bytecode/entries.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "bytecode/bad_argument.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/key_layout.hpp"
#include "bytecode/show.hpp"

namespace bytecode {
namespace {

constexpr int64_t lowest_int = std::numeric_limits<int64_t>::min();
constexpr int64_t highest_int = std::numeric_limits<int64_t>::max();
// Buckets without a count are shown where a key has no more buckets than this from its first to its
// last: a screen or two.
constexpr size_t shown_buckets = 128;

// The columns of an entry's key; "key" where it is a scalar.
Record key_columns(const MapSpec& map, const Entry& entry, Clock clock, const Names* names) {
  Record columns = decode_key(map, entry.key, clock, names);
  if (map.kind == MapKind::hist && !columns.empty()) columns.pop_back();
  for (auto& [name, value] : columns)
    if (name.empty()) name = "key";
  return columns;
}

// What an entry has beside its key, in the order of value_columns.
std::vector<Value> entry_values(const MapSpec& map, const Amount& amount, Clock clock) {
  switch (map.kind) {
    case MapKind::count:
    case MapKind::hist:
      return {Value(amount.count())};
    case MapKind::sum:
      return {amount.sum(map.as)};
    case MapKind::avg:
      return {amount.average(map.as)};
    case MapKind::min:
      return {amount.lowest(map.as, clock)};
    case MapKind::max:
      return {amount.highest(map.as, clock)};
    case MapKind::stats:
      return {Value(amount.count()), amount.sum(map.as), amount.average(map.as),
              amount.lowest(map.as, clock), amount.highest(map.as, clock)};
    case MapKind::value:
      return {decode_word(static_cast<uint64_t>(amount.count()), map.as, clock)};
  }
  return {};
}

Record with_values(Record row, const MapSpec& map, const Amount& amount, Clock clock) {
  std::vector<Value> values = entry_values(map, amount, clock);
  const std::vector<std::string_view> columns = value_columns(map.kind);
  for (size_t i = 0; i < values.size(); ++i)
    row.emplace_back(std::string(columns[i]), std::move(values[i]));
  return row;
}

int64_t bucket_at(const MapSpec& map, const std::vector<uint8_t>& key) {
  int64_t bucket = 0;
  std::memcpy(&bucket, key.data() + map.key.back().offset, sizeof bucket);
  return bucket;
}

// The key without the bucket of a histogram.
std::span<const uint8_t> series_of(const MapSpec& map, const Entry& entry) {
  if (map.kind != MapKind::hist) return entry.key;
  return std::span(entry.key).first(map.key.back().offset);
}

Record bucket_row(Record row, const MapSpec& map, int64_t bucket, int64_t count, Clock clock) {
  const As as = map.as;
  const auto word = [&](std::optional<int64_t> n) {
    return n ? decode_word(static_cast<uint64_t>(*n), as, clock) : Value();
  };
  row.emplace_back("low", word(bucket == lowest_int ? std::nullopt : std::optional(bucket)));
  row.emplace_back("high", word(next_bucket(map.buckets, bucket)));
  row.emplace_back("count", count);
  return row;
}

// Stacks of the same frames are one key, whichever processes they are of: entries whose keys are
// shown alike are one, where the first of them stands.
std::vector<Entry> by_frames(const MapSpec& map, std::vector<Entry> entries, Clock clock,
                             const Names* names) {
  std::map<std::string, std::vector<uint8_t>> known;
  std::map<std::vector<uint8_t>, size_t> places;
  std::vector<Entry> merged;
  for (Entry& entry : entries) {
    const auto of = series_of(map, entry);
    const std::string shown = show(Value(key_columns(map, entry, clock, names)));
    const auto first = known.try_emplace(shown, of.begin(), of.end()).first;
    std::copy(first->second.begin(), first->second.end(), entry.key.begin());
    const auto [place, is_new] = places.try_emplace(entry.key, merged.size());
    if (is_new)
      merged.push_back(std::move(entry));
    else
      merged[place->second].amount += entry.amount;
  }
  return merged;
}

List histogram(const MapSpec& map, std::vector<Entry> entries, Clock clock, const Names* names) {
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    const auto of_a = series_of(map, a), of_b = series_of(map, b);
    if (!std::ranges::equal(of_a, of_b)) return std::ranges::lexicographical_compare(of_a, of_b);
    return bucket_at(map, a.key) < bucket_at(map, b.key);
  });
  List rows;
  for (auto first = entries.begin(); first != entries.end();) {
    const auto last = std::find_if(first, entries.end(), [&](const Entry& entry) {
      return !std::ranges::equal(series_of(map, entry), series_of(map, *first));
    });
    const Record key = key_columns(map, *first, clock, names);
    const int64_t end = bucket_at(map, std::prev(last)->key);
    size_t buckets = 1;
    for (std::optional<int64_t> at = bucket_at(map, first->key);
         at && *at < end && buckets <= shown_buckets; ++buckets)
      at = next_bucket(map.buckets, *at);
    const bool fills = buckets <= shown_buckets;
    for (auto entry = first; entry != last; ++entry) {
      const int64_t bucket = bucket_at(map, entry->key);
      rows.emplace_back(bucket_row(key, map, bucket, entry->amount.count(), clock));
      if (!fills || std::next(entry) == last) continue;
      const int64_t until = bucket_at(map, std::next(entry)->key);
      for (auto at = next_bucket(map.buckets, bucket); at && *at < until;
           at = next_bucket(map.buckets, *at))
        rows.emplace_back(bucket_row(key, map, *at, 0, clock));
    }
    first = last;
  }
  return rows;
}

}  // namespace

Amount Amount::of_words(std::span<const uint64_t> words) {
  Amount amount;
  for (const uint64_t word : words) amount.sum_ += static_cast<int64_t>(word);
  amount.count_ =
      static_cast<int64_t>(std::clamp<Wide>(amount.sum_, Wide{lowest_int}, Wide{highest_int}));
  return amount;
}

Amount Amount::of_tallies(std::span<const vm_tally> tallies) {
  Amount amount;
  uint64_t low = 0, high = 0;
  for (const vm_tally& tally : tallies) {
    amount.count_ += static_cast<int64_t>(tally.count);
    amount.sum_ += static_cast<int64_t>(tally.sum);
    low = std::max<uint64_t>(low, tally.low);
    high = std::max<uint64_t>(high, tally.high);
  }
  if (amount.count_ == 0) return amount;
  // Each undoes itself.
  amount.lowest_ = static_cast<int64_t>(VM_TALLY_LOW(low));
  amount.highest_ = static_cast<int64_t>(VM_TALLY_HIGH(high));
  return amount;
}

Value Amount::number(Wide n, As as) {
  if (n < lowest_int || n > highest_int) return Value(static_cast<double>(n));
  return decode_word(static_cast<uint64_t>(static_cast<int64_t>(n)), as, {});
}

Value Amount::sum(As as) const { return number(sum_, as); }

Value Amount::average(As as) const { return count_ == 0 ? Value() : number(sum_ / count_, as); }

Amount& Amount::operator+=(const Amount& more) {
  count_ += more.count_;
  sum_ += more.sum_;
  if (more.lowest_) lowest_ = std::min(lowest_.value_or(highest_int), *more.lowest_);
  if (more.highest_) highest_ = std::max(highest_.value_or(lowest_int), *more.highest_);
  return *this;
}

Amount Amount::since(const Amount& before) const {
  if (count_ < before.count_) return *this;
  Amount grown = *this;
  grown.count_ -= before.count_;
  grown.sum_ -= before.sum_;
  return grown;
}

Value Amount::lowest(As as, Clock clock) const {
  return lowest_ ? decode_word(static_cast<uint64_t>(*lowest_), as, clock) : Value();
}

Value Amount::highest(As as, Clock clock) const {
  return highest_ ? decode_word(static_cast<uint64_t>(*highest_), as, clock) : Value();
}

std::vector<Entry> growth(const MapSpec& map, Snapshot& before, std::vector<Entry> now) {
  const bool is_number = map.kind != MapKind::value || map.as == As::integer ||
                         map.as == As::duration || map.as == As::filesize;
  Snapshot after;
  std::vector<Entry> grown;
  for (Entry& entry : now) {
    const auto old = before.find(entry.key);
    const bool is_new = old == before.end();
    after.emplace(entry.key, entry.amount);
    // A map without a key has a row all the same.
    if (!is_new && old->second == entry.amount && !map.key.empty()) continue;
    if (!is_new && is_number) entry.amount = entry.amount.since(old->second);
    grown.push_back(std::move(entry));
  }
  before = std::move(after);
  return grown;
}

std::vector<std::string_view> value_columns(MapKind kind) {
  if (kind == MapKind::stats) return {"count", "sum", "avg", "min", "max"};
  if (kind == MapKind::hist) return {"low", "high", "count"};
  return {"value"};
}

bool has_row_per_entry(const MapSpec& map) {
  return !map.key.empty() && map.kind != MapKind::hist && !has_stacks(map);
}

Value map_value(const MapSpec& map, std::vector<Entry> entries, Clock clock, const Names* names) {
  if (has_stacks(map) && map.kind != MapKind::value)
    entries = by_frames(map, std::move(entries), clock, names);
  if (map.kind == MapKind::hist) return Value(histogram(map, std::move(entries), clock, names));
  if (map.key.empty() && map.kind == MapKind::value && entries.empty()) return Value();
  if (map.key.empty()) {
    const Amount amount = entries.empty() ? Amount{} : entries.front().amount;
    if (map.kind == MapKind::stats) return Value(with_values({}, map, amount, clock));
    return entry_values(map, amount, clock).front();
  }
  List rows;
  rows.reserve(entries.size());
  for (const Entry& entry : entries)
    rows.emplace_back(with_values(key_columns(map, entry, clock, names), map, entry.amount, clock));
  return Value(std::move(rows));
}

namespace {

// What an int of Nushell's, or another value of the right type, is in the kernel.
std::optional<uint64_t> word_of(As as, const EnumNames& names, const Value& value, Clock clock) {
  const auto word = [](int64_t n) { return static_cast<uint64_t>(n); };
  if (const int64_t* number = value.get_if<int64_t>())
    return as == As::boolean || as == As::date ? std::nullopt : std::optional(word(*number));
  switch (as) {
    case As::boolean:
      if (const bool* truth = value.get_if<bool>()) return *truth ? 1 : 0;
      break;
    case As::duration:
      if (const Duration* span = value.get_if<Duration>()) return word(span->nanoseconds);
      break;
    case As::filesize:
      if (const Filesize* size = value.get_if<Filesize>()) return word(size->bytes);
      break;
    case As::date:
      if (const Date* date = value.get_if<Date>())
        return word(date->nanoseconds) - word(clock.offset_ns);
      break;
    case As::enumeration:
      if (const std::string* name = value.get_if<std::string>())
        for (const auto& [number, known] : names)
          if (known == *name) return word(number);
      break;
    default:
      break;
  }
  return std::nullopt;
}

// Writes a part of a key to its place; whether the value fits.
bool encode_part(const KeyPart& part, const Value& value, Clock clock, std::vector<uint8_t>& key) {
  uint8_t* to = key.data() + part.offset;
  if (part.as == As::string || part.as == As::binary) {
    const std::string* text = value.get_if<std::string>();
    const Binary* binary = value.get_if<Binary>();
    const size_t room = part.as == As::binary ? part.bytes : part.size;
    const bool fits = part.as == As::string ? text && text->size() <= room
                                            : binary && binary->bytes.size() == room;
    if (!fits) return false;
    if (text)
      std::copy(text->begin(), text->end(), to);
    else
      std::copy(binary->bytes.begin(), binary->bytes.end(), to);
    return true;
  }
  const std::optional<uint64_t> word = word_of(part.as, part.names, value, clock);
  if (word) std::memcpy(to, &*word, sizeof *word);
  return word.has_value();
}

}  // namespace

namespace {

// How a map's key or value of this type is read; nothing for what it cannot have.
std::optional<As> as_in_map(const Value& value) {
  if (value.get_if<int64_t>()) return As::integer;
  if (value.get_if<bool>()) return As::boolean;
  if (value.get_if<Duration>()) return As::duration;
  if (value.get_if<Filesize>()) return As::filesize;
  if (value.get_if<Date>()) return As::date;
  if (value.get_if<std::string>()) return As::string;
  return std::nullopt;
}

}  // namespace

Result<MapSpec> spec_for(const Value& key, const Value& value, uint32_t string_bytes) {
  MapSpec map{.kind = MapKind::value};
  const std::optional<As> as = as_in_map(value);
  if (!as || *as == As::string)
    return bad_argument("value", "a map has no such values",
                        "it may have ints, bools, durations, filesizes or times");
  map.as = *as;
  const Record* record = key.get_if<Record>();
  const Record parts = record ? *record : key.is_null() ? Record() : Record{{"", key}};
  for (const auto& [name, part] : parts) {
    const std::optional<As> part_as = as_in_map(part);
    if (!part_as || name == "value")
      return bad_argument(
          "key", "a map has no such keys",
          "a key is an int, a bool, a string, a duration, a filesize or a time, or a "
          "record of these without a field `value`");
    const uint32_t size = *part_as == As::string ? (string_bytes + 7) / 8 * 8 : 8;
    // What closures ask by may be null, and then their keys have room for that.
    map.key.push_back({.name = name,
                       .as = *part_as,
                       .offset = 0,
                       .size = static_cast<uint16_t>(size),
                       .nullable = true});
  }
  const uint32_t bytes = fit_key(map.key, map.key_class);
  if (bytes > VM_KEY_MAX)
    return bad_argument("key", "a key of " + std::to_string(bytes) + " bytes is too long",
                        "the limit is " + std::to_string(VM_KEY_MAX) + ", and a text takes " +
                            std::to_string(string_bytes));
  return map;
}

Result<std::vector<uint8_t>> encode_key(const MapSpec& map, const Value& key, Clock clock) {
  std::vector<uint8_t> bytes(key_class_bytes(map.key_class));
  if (map.key.empty()) {
    if (!key.is_null()) return bad_argument("key", "this map has no key", "leave the key away");
    return bytes;
  }
  const Record* record = key.get_if<Record>();
  const bool is_single = map.key.size() == 1 && map.key.front().name.empty();
  std::string columns;
  for (const KeyPart& part : map.key)
    columns += (columns.empty() ? "" : ", ") + part.name + ": ...";
  const std::string hint = is_single
                               ? "its keys are of type " + std::string(as_name(map.key.front().as))
                               : "write a record: {" + columns + "}";
  if (record && record->size() != map.key.size())
    return bad_argument("key", "not a key of this map", hint);
  uint64_t nulls = 0;
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    const Value* value = is_single ? &key : nullptr;
    if (record)
      for (const auto& [name, member] : *record)
        if (name == part.name) value = &member;
    if (value && value->is_null() && part.nullable) {
      nulls |= uint64_t{1} << i;
      continue;
    }
    if (!value || !encode_part(part, *value, clock, bytes))
      return bad_argument("key", "not a key of this map", hint);
  }
  if (nulls != 0) std::memcpy(bytes.data(), &nulls, sizeof nulls);
  return bytes;
}

Result<uint64_t> encode_word(As as, const Value& value, Clock clock) {
  if (const std::optional<uint64_t> word = word_of(as, {}, value, clock)) return *word;
  return bad_argument("value", "this map has values of another type",
                      "its values are of type " + std::string(as_name(as)));
}

int64_t bucket_of(const Buckets& buckets, int64_t number) {
  if (buckets.is_linear) {
    if (number < buckets.from) return lowest_int;
    if (number >= buckets.to) return buckets.to;
    return buckets.from + (number - buckets.from) / buckets.step * buckets.step;
  }
  if (number < 0) return lowest_int;
  const int highest_bit = static_cast<int>(std::bit_width(static_cast<uint64_t>(number))) - 1;
  const int cleared = highest_bit - buckets.bits;
  return cleared <= 0 ? number : number >> cleared << cleared;
}

std::optional<int64_t> next_bucket(const Buckets& buckets, int64_t bucket) {
  int64_t next = 0;
  if (buckets.is_linear) {
    if (bucket == lowest_int && bucket < buckets.from) return buckets.from;
    if (bucket >= buckets.to) return std::nullopt;
    const bool too_far = __builtin_add_overflow(bucket, buckets.step, &next);
    return too_far ? buckets.to : std::min(next, buckets.to);
  }
  if (bucket < 0) return 0;
  const int highest_bit = static_cast<int>(std::bit_width(static_cast<uint64_t>(bucket))) - 1;
  const int64_t width = int64_t{1} << std::max(0, highest_bit - buckets.bits);
  if (__builtin_add_overflow(bucket, width, &next)) return std::nullopt;
  return next;
}

}  // namespace bytecode
