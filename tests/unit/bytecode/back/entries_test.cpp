#include "bytecode/entries.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "bytecode/show.hpp"

namespace bytecode {
namespace {

constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
constexpr int64_t highest = std::numeric_limits<int64_t>::max();

vm_tally tally(uint64_t count, int64_t sum, int64_t low, int64_t high) {
  return {count, static_cast<uint64_t>(sum), VM_TALLY_LOW(low), VM_TALLY_HIGH(high)};
}

Entry entry(int64_t key, uint64_t word) {
  Entry made{std::vector<uint8_t>(8), Amount::of_words({&word, 1})};
  std::copy_n(reinterpret_cast<const uint8_t*>(&key), 8, made.key.begin());
  return made;
}

MapSpec by_int(MapKind kind) { return {.kind = kind, .key = {{.name = ""}}}; }

TEST(Amount, PartsOfCpusThatHaveNothingDoNotCount) {
  const vm_tally parts[] = {tally(2, -7, -5, -2), {}, tally(1, 3, 3, 3)};
  const Amount amount = Amount::of_tallies(parts);
  EXPECT_EQ(amount.count(), 3);
  EXPECT_EQ(show(amount.sum(As::integer)), "-4");
  EXPECT_EQ(show(amount.average(As::integer)), "-1") << "toward zero";
  EXPECT_EQ(show(amount.lowest(As::integer, {})), "-5");
  EXPECT_EQ(show(amount.highest(As::duration, {})), "3ns");
}

TEST(Amount, NothingHasNoLeast) {
  const vm_tally none = {};
  const Amount amount = Amount::of_tallies({&none, 1});
  EXPECT_EQ(show(amount.lowest(As::integer, {})), "null");
  EXPECT_EQ(show(amount.average(As::integer)), "null");
  EXPECT_EQ(show(amount.sum(As::integer)), "0");
}

TEST(Amount, TheLeastAndTheGreatestIntsThemselves) {
  const vm_tally parts[] = {tally(1, lowest, lowest, lowest), tally(1, highest, highest, highest)};
  const Amount amount = Amount::of_tallies(parts);
  EXPECT_EQ(amount.lowest(As::integer, {}), Value(lowest));
  EXPECT_EQ(amount.highest(As::integer, {}), Value(highest));
  EXPECT_EQ(amount.sum(As::integer), Value(int64_t{-1}));
}

TEST(Amount, ASumTooLargeForAnIntIsAFloat) {
  const uint64_t parts[] = {static_cast<uint64_t>(highest), static_cast<uint64_t>(highest)};
  EXPECT_EQ(Amount::of_words(parts).sum(As::integer), Value(2.0 * 9223372036854775807.0));
}

TEST(Buckets, ANumberLiesInItsBucket) {
  for (const uint8_t bits : std::initializer_list<uint8_t>{0, 1, 3, 10}) {
    const Buckets buckets{.bits = bits};
    for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3}, int64_t{1000},
                            int64_t{1023}, int64_t{1024}, int64_t{1} << 40, highest}) {
      const int64_t low = bucket_of(buckets, n);
      const std::optional<int64_t> next = next_bucket(buckets, low);
      EXPECT_LE(low, n);
      EXPECT_TRUE(!next || n < *next) << n << " with " << int{bits};
      EXPECT_EQ(bucket_of(buckets, low), low);
      if (next) {
        EXPECT_EQ(bucket_of(buckets, *next), *next);
      }
    }
    EXPECT_EQ(bucket_of(buckets, -1), lowest);
    EXPECT_EQ(next_bucket(buckets, lowest), 0);
  }
}

TEST(Buckets, LinearOnesEndWhereTheyAreTold) {
  const Buckets buckets{.is_linear = true, .from = -10, .to = 25, .step = 10};
  EXPECT_EQ(bucket_of(buckets, -11), lowest);
  EXPECT_EQ(bucket_of(buckets, -10), -10);
  EXPECT_EQ(bucket_of(buckets, 24), 20);
  EXPECT_EQ(bucket_of(buckets, 25), 25);
  EXPECT_EQ(next_bucket(buckets, lowest), -10);
  EXPECT_EQ(next_bucket(buckets, 20), 25);
  EXPECT_FALSE(next_bucket(buckets, 25));
}

TEST(Growth, IsTheDifference) {
  const MapSpec map = by_int(MapKind::count);
  Snapshot before;
  growth(map, before, {entry(1, 5), entry(2, 7)});
  const std::vector<Entry> grown = growth(map, before, {entry(1, 5), entry(2, 9), entry(3, 1)});
  EXPECT_EQ(show(map_value(map, grown, {})), "[{key: 2, value: 2}, {key: 3, value: 1}]");
}

TEST(Growth, OfAMapThatWasClearedMeanwhile) {
  const MapSpec map = by_int(MapKind::count);
  Snapshot before;
  growth(map, before, {entry(1, 5)});
  EXPECT_EQ(show(map_value(map, growth(map, before, {entry(1, 2)}), {})), "[{key: 1, value: 2}]");
}

TEST(Keys, OfTheShellAreThoseOfTheKernel) {
  const Result<MapSpec> made =
      spec_for(Record{{"name", "bash"}, {"fd", int64_t{3}}}, Value(true), 64);
  ASSERT_TRUE(made);
  const Result<std::vector<uint8_t>> key =
      encode_key(*made, Record{{"fd", int64_t{-1}}, {"name", "sh"}}, {});
  ASSERT_TRUE(key);
  EXPECT_EQ(show(Value(decode_key(*made, *key, {}))), "{name: \"sh\", fd: -1}");
  EXPECT_EQ(encode_key(*made, Value(int64_t{5}), {}).error().subject, "key");
  EXPECT_EQ(encode_key(*made, Record{{"name", std::string(65, 'x')}, {"fd", int64_t{1}}}, {})
                .error()
                .subject,
            "key");
  EXPECT_EQ(encode_word(made->as, Value(int64_t{5}), {}).error().subject, "value");
  EXPECT_EQ(*encode_word(made->as, Value(true), {}), 1u);
}

TEST(Keys, NoMapHasThem) {
  EXPECT_EQ(spec_for(Value(1.5), Value(true), 64).error().subject, "key");
  EXPECT_EQ(spec_for(Record{{"value", int64_t{1}}}, Value(true), 64).error().subject, "key");
  EXPECT_EQ(spec_for(Value(), Value("text"), 64).error().subject, "value");
}

// Numbers that stand for stacks with the same frames.
class SameFrames : public Names {
 public:
  std::string func(uint32_t) const override { return ""; }
  std::string probe(uint32_t) const override { return ""; }
  std::string cgroup(uint64_t) const override { return ""; }
  std::vector<std::string> stack(uint64_t number) const override {
    return {number < 10 ? "small" : "large"};
  }
};

TEST(Stacks, OfTheSameFramesAreOneKey) {
  MapSpec map = by_int(MapKind::count);
  map.key.front().as = As::stack;
  const SameFrames names;
  EXPECT_EQ(show(map_value(map, {entry(1, 5), entry(20, 7), entry(2, 1)}, {}, &names)),
            "[{key: [\"small\"], value: 6}, {key: [\"large\"], value: 7}]");
}

TEST(Stacks, OfTheSameFramesAreOneHistogram) {
  MapSpec map{.kind = MapKind::hist,
              .key = {{.name = "", .as = As::stack}, {.name = "low", .offset = 8}},
              .key_class = 1};
  const auto bucket = [](uint64_t stack, int64_t low, uint64_t count) {
    Entry made = entry(static_cast<int64_t>(stack), count);
    made.key.resize(16);
    std::copy_n(reinterpret_cast<const uint8_t*>(&low), 8, made.key.begin() + 8);
    return made;
  };
  const SameFrames names;
  EXPECT_EQ(
      show(map_value(map, {bucket(2, 4, 1), bucket(20, 1, 7), bucket(1, 2, 1), bucket(1, 4, 5)}, {},
                     &names)),
      "[{key: [\"small\"], low: 2, high: 4, count: 1}, "
      "{key: [\"small\"], low: 4, high: 8, count: 6}, "
      "{key: [\"large\"], low: 1, high: 2, count: 7}]");
}

TEST(Rows, OfAMapAreItsEntriesUnlessTheyDependOnEachOther) {
  EXPECT_TRUE(has_row_per_entry(by_int(MapKind::count)));
  EXPECT_FALSE(has_row_per_entry(by_int(MapKind::hist)));
  EXPECT_FALSE(has_row_per_entry({.kind = MapKind::count}));
  MapSpec map = by_int(MapKind::count);
  map.key.front().as = As::stack;
  EXPECT_FALSE(has_row_per_entry(map));
}

}  // namespace
}  // namespace bytecode
