#include "bytecode/literals.hpp"

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
