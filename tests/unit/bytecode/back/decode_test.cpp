#include "bytecode/decode.hpp"

#include <gtest/gtest.h>

#include "bytecode/show.hpp"

namespace bytecode {
namespace {

Output field(uint16_t index, As as) {
  Output output;
  output.kind = Output::Kind::field;
  output.field = index;
  output.as = as;
  return output;
}

class DecodeRow : public testing::Test {
 protected:
  DecodeRow() {
    site_.fields = {Raw::word, Raw::text, Raw::word};
    site_.value.kind = Output::Kind::record;
    site_.value.members = {
        {"n", field(0, As::integer)}, {"name", field(1, As::string)}, {"when", field(2, As::date)}};
    word(5);
    word(3);
    payload_.insert(payload_.end(), {'a', 'b', 'c', 0, 0, 0, 0, 0});
    word(100);
  }
  void word(uint64_t value) {
    for (int i = 0; i < 8; ++i) payload_.push_back(static_cast<uint8_t>(value >> 8 * i));
  }
  std::string decoded(uint64_t nulls = 0) const {
    return show(decode_row(site_, nulls, payload_, Clock{1000}));
  }
  RowSite site_;
  std::vector<uint8_t> payload_;
};

TEST_F(DecodeRow, Values) { EXPECT_EQ(decoded(), R"({n: 5, name: "abc", when: date 1100})"); }

TEST_F(DecodeRow, NullBits) { EXPECT_EQ(decoded(0b011), "{n: null, name: null, when: date 1100}"); }

TEST_F(DecodeRow, EveryReading) {
  site_.value.kind = Output::Kind::list;
  site_.value.members = {{"", field(0, As::boolean)},
                         {"", field(0, As::duration)},
                         {"", field(0, As::filesize)},
                         {"", Output{}}};
  site_.value.members[3].second.constant = Value("c");
  EXPECT_EQ(decoded(), R"([true, 5ns, 5b, "c"])");
}

TEST_F(DecodeRow, ShortPayloadGivesNulls) {
  for (size_t size = payload_.size(); size-- > 0;) {
    payload_.resize(size);
    const std::string text = decoded();
    EXPECT_NE(text.find("when: null"), std::string::npos) << size;
    EXPECT_EQ(text.find("{n: null") != std::string::npos, size < 8) << size;
  }
}

TEST_F(DecodeRow, TextLongerThanThePayload) {
  for (const uint64_t length : {uint64_t{17}, UINT64_MAX, UINT64_MAX - 6}) {
    for (size_t i = 0; i < 8; ++i) payload_[8 + i] = static_cast<uint8_t>(length >> 8 * i);
    EXPECT_EQ(decoded(), "{n: 5, name: null, when: null}");
  }
}

TEST_F(DecodeRow, OutputThatDoesNotFit) {
  site_.value = field(3, As::integer);
  EXPECT_EQ(decoded(), "null");
  site_.value = field(1, As::integer);
  EXPECT_EQ(decoded(), "null");
  site_.value = field(0, As::string);
  EXPECT_EQ(decoded(), "null");
}

// Names that only the host knows, of some numbers.
class SomeNames : public Names {
 public:
  std::string func(uint32_t site) const override { return site == 5 ? "vfs_read" : ""; }
  std::string probe(uint32_t site) const override { return site == 5 ? "kprobe:vfs_read" : ""; }
  std::string cgroup(uint64_t id) const override { return id == 5 ? "/a.service" : ""; }
  std::vector<std::string> stack(uint64_t number) const override {
    return {"leaf" + std::to_string(number), "main"};
  }
};

TEST_F(DecodeRow, NumbersWithNames) {
  site_.value.kind = Output::Kind::list;
  site_.value.members = {{"", field(0, As::enumeration)}, {"", field(2, As::enumeration)},
                         {"", field(0, As::func)},        {"", field(0, As::probe)},
                         {"", field(0, As::cgroup)},      {"", field(2, As::cgroup)},
                         {"", field(1, As::binary)}};
  for (size_t i = 0; i < 2; ++i) site_.value.members[i].second.names = {{5, "LISTEN"}};
  EXPECT_EQ(decoded(), "[\"LISTEN\", 100, 5, 5, 5, 100, 0x[61 62 63]]");
  const SomeNames names;
  EXPECT_EQ(show(decode_row(site_, 0, payload_, {}, &names)),
            "[\"LISTEN\", 100, \"vfs_read\", \"kprobe:vfs_read\", \"/a.service\", 100, "
            "0x[61 62 63]]");
}

TEST(DecodeKey, Parts) {
  MapSpec map;
  const std::vector<uint8_t> key = {0b10, 0, 0, 0, 0,   0,   0,   0,   7,   0,   0,   0,
                                    0,    0, 0, 0, 'f', 'u', 'l', 'l', 'f', 'u', 'l', 'l'};
  EXPECT_EQ(show(Value(decode_key(map, key, {}))), "{}");
  map.key = {{"", As::integer, 8, 8, false}};
  EXPECT_EQ(show(Value(decode_key(map, key, {}))), R"({"": 7})");
  map.key = {{"n", As::duration, 8, 8, true}, {"s", As::string, 16, 8, true}};
  EXPECT_EQ(show(Value(decode_key(map, key, {}))), "{n: 7ns, s: null}");
  map.key[1].nullable = false;
  EXPECT_EQ(show(Value(decode_key(map, key, {}))), R"({n: 7ns, s: "fullfull"})");
  const SomeNames names;
  map.key[0].as = As::func;
  map.key[1].as = As::binary;
  map.key[1].bytes = 3;
  EXPECT_EQ(show(Value(decode_key(map, key, {}, &names))), "{n: 7, s: 0x[66 75 6c]}");
  map.key[0].as = As::duration;
  map.key[1].as = As::string;
  map.key[1].offset = 24;
  EXPECT_EQ(show(Value(decode_key(map, key, {}))), "{n: 7ns, s: null}");
}

}  // namespace
}  // namespace bytecode
