#include "plugin/codec.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "hex.hpp"

namespace plugin {
namespace {

using bytecode::Value;

// Spans of 10..12 in all of these, as {"start":10,"end":12}.
const std::string span_hex =
    "a4" + to_hex("span") + "82a5" + to_hex("start") + "0aa3" + to_hex("end") + "0c";

std::string encoded(const Value& value) {
  std::string out;
  Writer(out).value(value, encode_span({10, 12}));
  return to_hex(out);
}

Node decoded(std::string_view bytes) {
  Decoder decoder;
  std::memcpy(decoder.room(bytes.size()), bytes.data(), bytes.size());
  decoder.filled(bytes.size());
  std::optional<Node> node = decoder.next();
  EXPECT_TRUE(node);
  return node ? *node : Node();
}

struct Example {
  const char* hex;  // without the span
  Value value;
};

// The bytes that Nushell itself writes for these values.
const Example examples[] = {
    {"81a4426f6f6c82a376616cc3", Value(true)},
    {"81a3496e7482a376616cfb", Value(-5)},
    {"81a5466c6f617482a376616ccb3ff8000000000000", Value(1.5)},
    {"81a846696c6573697a6582a376616ccd07d0", Value(bytecode::Filesize{2000})},
    {"81a84475726174696f6e82a376616cceb2d05e00", Value(bytecode::Duration{3000000000})},
    {"81a6537472696e6782a376616ca26869", Value("hi")},
};

TEST(Codec, WritesWhatNushellWrites) {
  for (const Example& example : examples) EXPECT_EQ(encoded(example.value), example.hex + span_hex);
}

TEST(Codec, ReadsWhatNushellWrites) {
  for (const Example& example : examples) {
    const Node node = decoded(from_hex(example.hex + span_hex));
    EXPECT_EQ(to_value(node), example.value);
    EXPECT_EQ(span_of(node), (Span{10, 12}));
  }
}

TEST(Codec, NothingHasNoValue) { EXPECT_EQ(encoded(Value()), "81a74e6f7468696e6781" + span_hex); }

TEST(Codec, NestedValuesComeBack) {
  bytecode::Record record;
  record.emplace_back("list", bytecode::List{Value(1), Value(), Value("x")});
  record.emplace_back("when", bytecode::Date{1709203196789000001});
  record.emplace_back("bytes", bytecode::Binary{{1, 127, 128, 255}});
  record.emplace_back("inner", bytecode::Record{{"size", Value(bytecode::Filesize{-1})}});
  const Value value(record);
  std::string out;
  Writer(out).value(value, encode_span({1, 2}));
  EXPECT_EQ(to_value(decoded(out)), value);
}

TEST(Codec, BytesMayBeAListOfInts) {
  const Node node = decoded(from_hex("81a642696e61727982a376616c94017fcc80ccff" + span_hex));
  EXPECT_EQ(to_value(node), Value(bytecode::Binary{{1, 127, 128, 255}}));
}

struct RangeExample {
  bytecode::Range range;
  const char* text;  // as Nushell 0.114 and later have it
};
const RangeExample ranges[] = {
    {{1, 1, 5, true}, "1..5"},
    {{1, 1, 5, false}, "1..<5"},
    {{1, 1, std::nullopt, true}, "1.."},
    {{1, 2, 9, true}, "1..3..9"},
    {{5, -1, 1, true}, "5..4..1"},
    {{-5, 1, -1, true}, "-5..-1"},
    {{5, -2, std::nullopt, true}, "5..3.."},
    {{4, 1, 4, false}, "4..<4"},
    {{INT64_MIN, 1, INT64_MAX, true}, "-9223372036854775808..9223372036854775807"},
};

TEST(Codec, RangesAreTextOrStructs) {
  for (const auto& [range, text] : ranges) {
    EXPECT_EQ(range_text(range), text);
    EXPECT_EQ(parse_range(text), range);
    for (const Version nushell : {Version{0, 108}, Version{0, 115}}) {
      const Node node = decoded([&] {
        std::string out;
        Writer(out, nushell).value(range, encode_span({1, 2}));
        return out;
      }());
      EXPECT_EQ(node.find("Range", "val")->get_if<std::string>() != nullptr,
                nushell >= ranges_as_text);
      EXPECT_EQ(to_value(node), Value(range)) << text;
    }
  }
  EXPECT_EQ(parse_range("5..1"), (bytecode::Range{5, -1, 1, true}));
}

// Nushell ends a plugin that sends one of these.
TEST(Codec, ARangeThatNushellCannotMakeIsNothing) {
  for (const bytecode::Range range :
       {bytecode::Range{5, 1, 1, true}, bytecode::Range{1, -1, 5, true},
        bytecode::Range{1, 0, 5, true}, bytecode::Range{INT64_MAX, 2, std::nullopt, true}}) {
    EXPECT_EQ(range_text(range), std::nullopt);
    EXPECT_EQ(encoded(Value(range)), "81a74e6f7468696e6781" + span_hex);
  }
}

TEST(Codec, WhatIsNoRangeIsRefused) {
  for (const char* text : {"", "..", "1", "1.", "1..x", "1..<", "1..1..5", "1.5..2", "1..2..3..4"})
    EXPECT_EQ(parse_range(text), std::nullopt) << text;
}

TEST(Codec, WhatIsNoValueHereIsRefused) {
  Node::Map body;
  body.emplace_back("val", "1.5..<3.0");
  body.emplace_back("span", Span{1, 2});
  Node::Map range;
  range.emplace_back("Range", std::move(body));
  EXPECT_EQ(to_value(Node(std::move(range))), std::nullopt);
}

TEST(Codec, MessagesMayComeInPieces) {
  const std::string first = from_hex(
      "81a345"
      "6e6400");                                        // {"End": 0}
  const std::string second = from_hex("81a341636b00");  // {"Ack": 0}
  const std::string all = first + second;
  Decoder decoder;
  size_t messages = 0;
  for (const char byte : all) {
    *decoder.room(1) = byte;
    decoder.filled(1);
    while (decoder.next()) ++messages;
  }
  EXPECT_EQ(messages, 2u);
}

TEST(Codec, BytesThatAreNoMessagePackThrow) {
  Decoder decoder;
  *decoder.room(1) = '\xc1';
  decoder.filled(1);
  EXPECT_ANY_THROW(decoder.next());
}

TEST(Sanitise, LeavesTextAlone) {
  for (const char* text : {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(sanitise(text), text);
}

TEST(Sanitise, ReplacesEachBadByte) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(sanitise("a\xff"), "a" + mark);
  EXPECT_EQ(sanitise("\xc0\xaf"), mark + mark);                        // overlong
  EXPECT_EQ(sanitise("\xed\xa0\x80"), mark + mark + mark);             // a surrogate
  EXPECT_EQ(sanitise("\xf4\x90\x80\x80"), mark + mark + mark + mark);  // past U+10FFFF
  EXPECT_EQ(sanitise("\xe2\x82"), mark + mark);                        // cut off
  EXPECT_EQ(sanitise("\x80x"), mark + "x");
}

TEST(Dates, HaveNanosecondsAndAnOffset) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000000000+00:00");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999999999+00:00");
  EXPECT_EQ(rfc3339(1709203196789000001), "2024-02-29T10:39:56.789000001+00:00");
}

TEST(Dates, AreReadWithAnyOffset) {
  EXPECT_EQ(parse_rfc3339("2024-02-29T12:39:56.789000001+02:00"), 1709203196789000001);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("2024-02-30T00:00:00Z"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("yesterday"), std::nullopt);
}

}  // namespace
}  // namespace plugin
