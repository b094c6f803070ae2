#include "bytecode/parser/literals.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bytecode {
namespace {

TEST(Literals, Ints) {
  EXPECT_EQ(parse_literal("42"), Value(42));
  EXPECT_EQ(parse_literal("-7"), Value(-7));
  EXPECT_EQ(parse_literal("+7"), Value(7));
  EXPECT_EQ(parse_literal("1_000_000"), Value(1000000));
  EXPECT_EQ(parse_literal("0xff"), Value(255));
  EXPECT_EQ(parse_literal("0b101"), Value(5));
  EXPECT_EQ(parse_literal("0o17"), Value(15));
  EXPECT_EQ(parse_literal("0xffffffffffffffff"), Value(-1));
  EXPECT_EQ(parse_literal("9223372036854775807"), Value(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(parse_literal("-9223372036854775808"), Value(std::numeric_limits<int64_t>::min()));
}

TEST(Literals, WhatFitsNoIntIsAFloat) {
  EXPECT_EQ(parse_literal("9223372036854775808"), Value(9223372036854775808.0));
  EXPECT_EQ(parse_literal("1.5"), Value(1.5));
  EXPECT_EQ(parse_literal(".5"), Value(0.5));
  EXPECT_EQ(parse_literal("1e3"), Value(1000.0));
}

TEST(Literals, Units) {
  EXPECT_EQ(parse_literal("5ms"), Value(Duration{5'000'000}));
  EXPECT_EQ(parse_literal("-2sec"), Value(Duration{-2'000'000'000}));
  EXPECT_EQ(parse_literal("1.5min"), Value(Duration{90'000'000'000}));
  EXPECT_EQ(parse_literal("2kib"), Value(Filesize{2048}));
  EXPECT_EQ(parse_literal("1KB"), Value(Filesize{1000}));
  EXPECT_EQ(parse_literal("1.5kb"), Value(Filesize{1500}));
  EXPECT_EQ(parse_literal("5MS"), std::nullopt) << "only sizes come in any case";
  EXPECT_EQ(parse_literal("5s"), std::nullopt);
  EXPECT_EQ(parse_literal("99999999999wk"), std::nullopt) << "does not fit";
}

// What Nushell says of each, as nanoseconds since 1970.
TEST(Literals, Dates) {
  constexpr int64_t second = 1'000'000'000;
  EXPECT_EQ(parse_literal("1970-01-01"), Value(Date{0}));
  EXPECT_EQ(parse_literal("2024-02-29"), Value(Date{1709164800 * second}));
  EXPECT_EQ(parse_literal("2024-02-29T01:02:03"), Value(Date{1709168523 * second}));
  EXPECT_EQ(parse_literal("2024-02-29T01:02:03Z"), Value(Date{1709168523 * second}));
  EXPECT_EQ(parse_literal("2024-02-29t01:02:03z"), Value(Date{1709168523 * second}));
  EXPECT_EQ(parse_literal("2024-02-29T01:02:03+02:30"), Value(Date{1709159523 * second}));
  EXPECT_EQ(parse_literal("2024-02-29T00:00:00-00:30"), Value(Date{1709166600 * second}));
  EXPECT_EQ(parse_literal("1969-12-31T23:59:59.5"), Value(Date{-second / 2}));
  EXPECT_EQ(parse_literal("1970-01-01T00:00:00.123456789123"), Value(Date{123456789}));
  EXPECT_EQ(parse_literal("2016-12-31T23:59:60Z"), Value(Date{1483228800 * second}));
  for (const char* word :
       {"2024-13-01", "2023-02-29", "2024-00-01", "2024-01-32", "2024-01-01T24:00:00",
        "2024-01-01T00:60:00", "2024-01-01T00:00:61", "2024-01-01T00:00", "2024-01-01T",
        "2024-01-01T00:00:00.", "2024-01-01T00:0.0", "2024-01-01T00:00:00+0200",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00Zx", "1677-01-01", "2263-01-01",
        "2024-01-01x"}) {
    EXPECT_EQ(parse_literal(word), std::nullopt) << word;
    EXPECT_TRUE(is_date(word)) << word;
  }
  for (const char* word : {"2024-1-1", "20240101", "2024-01-0", "a024-01-01"})
    EXPECT_FALSE(is_date(word)) << word;
}

TEST(Literals, EndlessFloats) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const char* word : {"inf", "+INF", "Infinity"}) EXPECT_EQ(parse_literal(word), Value(inf));
  EXPECT_EQ(parse_literal("-inf"), Value(-inf));
  const double nan = *parse_literal("NaN")->get_if<double>();
  EXPECT_NE(nan, nan);
  EXPECT_EQ(parse_literal("info"), std::nullopt);
}

TEST(Literals, Words) {
  EXPECT_EQ(parse_literal("true"), Value(true));
  EXPECT_EQ(parse_literal("false"), Value(false));
  EXPECT_EQ(parse_literal("null"), Value(Null{}));
  for (const char* word : {"abc", "-", "+", "--5", "-0x10", "0xfg", "5abc", "_5", "1-1", ""})
    EXPECT_EQ(parse_literal(word), std::nullopt) << word;
}

TEST(Literals, Escapes) {
  EXPECT_EQ(unescape(R"(a\n\t\"\\\$)", 0).value(), "a\n\t\"\\$");
  EXPECT_EQ(unescape(R"(\u{41}\u{e4}\u{20ac}\u{1f600})", 0).value(), "A\u00e4\u20ac\U0001f600");
  EXPECT_EQ(unescape(R"(\x41)", 0).value(), "A");
  for (const char* text : {R"(\q)", R"(\u{})", R"(\u{110000})", R"(\u{d800})", R"(\x4)", "\\"})
    EXPECT_FALSE(unescape(text, 0)) << text;
}

TEST(Literals, ABadEscapeIsUnderlined) {
  Result<std::string> text = unescape(R"(ab\qcd)", 10);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().labels[0].span, (Span{12, 14}));
}

}  // namespace
}  // namespace bytecode
