// What Nushell says of hundreds of expressions, and what the functions say.
//
// A line of data is `EXPRESSION -> NUON`, or `-> error`. `ask.py` has the answers from Nushell.
// Where it has an error for a null, the functions give null: it stands for a read that failed.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/functions.hpp"
#include "bytecode/functions/value_text.hpp"
#include "bytecode/lower/types.hpp"
#include "bytecode/parser/literal_pattern.hpp"
#include "expression.hpp"

using namespace bytecode;

namespace {

std::string on_one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  }
  return out;
}

class Answers : public testing::TestWithParam<const char*> {};

TEST_P(Answers, AreNushells) {
  std::ifstream file(std::string(FUNCTIONS_DATA) + "/" + GetParam() + ".answers");
  ASSERT_TRUE(file);
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const size_t arrow = line.rfind(" -> ");
    ASSERT_NE(arrow, std::string::npos) << line;
    const std::string expression = line.substr(0, arrow);
    const std::string expected = line.substr(arrow + 4);
    const Evaluation got = evaluate(expression);
    for (const std::string& complaint : got.complaints) {
      ADD_FAILURE() << expression << ": " << complaint;
    }
    std::string shown = got.value ? on_one_line(nuon_text(*got.value)) : "error";
    const bool failed_read = shown == "null" && expression.find("null") != std::string::npos;
    if (expected == "error" && failed_read) shown = "error";
    EXPECT_EQ(shown, expected) << expression;
    ++count;
  }
  EXPECT_GT(count, 10);
}

INSTANTIATE_TEST_SUITE_P(, Answers,
                         testing::Values("arithmetic", "bits", "comparison", "conversions", "dates",
                                         "display", "lists", "math", "paths", "splits", "strings"),
                         [](const auto& param) { return std::string(param.param); });

TEST(Functions, EveryOneHasACommandOrIsAnOperator) {
  for (size_t i = 0; i <= static_cast<size_t>(Function::signal_name); ++i) {
    const auto function = static_cast<Function>(i);
    const FunctionCommand* command = find_function_command(function_name(function));
    if (function <= Function::interpolate) {
      EXPECT_FALSE(command) << function_name(function);
    } else {
      ASSERT_TRUE(command) << function_name(function);
      EXPECT_EQ(command->function, function) << function_name(function);
    }
  }
}

TEST(Functions, AnIntComparesWithUnitsByItsNumber) {
  const Value args[] = {Value(2000), Value(Filesize{1000})};
  EXPECT_EQ(apply(Function::greater, args), Value(true));
  const Value same[] = {Value(Duration{5}), Value(5)};
  EXPECT_EQ(apply(Function::equal, same), Value(true));
}

TEST(Functions, ADateInTextSaysHowLongAgo) {
  const Value args[] = {Value(Date{0})};
  const std::optional<Value> text = apply(Function::interpolate, args);
  ASSERT_TRUE(text && text->get_if<std::string>());
  EXPECT_TRUE(text->get_if<std::string>()->starts_with("Thu, 1 Jan 1970 00:00:00 +0000 ("));
  EXPECT_TRUE(text->get_if<std::string>()->ends_with(" years ago)"));
}

TEST(Functions, RelativeTime) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "now"},
      {10, "now"},
      {-11, "11 seconds ago"},
      {46, "in a minute"},
      {-120, "2 minutes ago"},
      {2701, "in an hour"},
      {-7200, "2 hours ago"},
      {86400, "in a day"},
      {-172800, "2 days ago"},
      {691200, "in a week"},
      {-1209600, "2 weeks ago"},
      {2592000, "in a month"},
      {-5184000, "2 months ago"},
      {31536000, "in a year"},
      {-63072000, "2 years ago"},
  };
  for (const auto& [seconds, text] : cases) EXPECT_EQ(relative_text(seconds), text) << seconds;
}

// Any arguments at all, in any number: nothing falls, and a foretold type is the result's.
TEST(Functions, TakeWhateverTheyAreGiven) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = -kMost - 1;
  const std::vector<Value> values = {
      Value(),
      Value(true),
      Value(0),
      Value(-1),
      Value(kMost),
      Value(kLeast),
      Value(0.5),
      Value(-1e300),
      Value(std::nan("")),
      Value(HUGE_VAL),
      Value(""),
      Value("a,b/c.d"),
      Value(std::string("\xff\xc3\x80\xe2\x82", 5)),
      Value("ms"),
      Value("%Y%"),
      Value("99999999999999"),
      Value("1:2:3"),
      Value("-0x"),
      Value(Duration{kLeast}),
      Value(Duration{0}),
      Value(Filesize{kLeast}),
      Value(Filesize{1500}),
      Value(Date{kLeast}),
      Value(Date{kMost}),
      Value(Binary{}),
      Value(Binary{{1, 0xff}}),
      Value(Range{.start = kLeast, .step = 1, .end = kMost, .inclusive = true}),
      Value(Range{.start = 3, .step = -1, .end = kLeast, .inclusive = false}),
      Value(Range{.start = 1, .step = kMost, .end = std::nullopt, .inclusive = true}),
      Value(List{}),
      Value(List{Value(1), Value("x"), Value()}),
      Value(List{Value(kMost), Value(kLeast)}),
      Value(Record{}),
      Value(Record{{"a", Value(1)}, {"parent", Value("x")}}),
  };
  std::mt19937 random(1);
  for (size_t f = 0; f <= static_cast<size_t>(Function::unpack); ++f) {
    const auto function = static_cast<Function>(f);
    for (int turn = 0; turn < 2000; ++turn) {
      std::vector<Value> args;
      std::vector<Type> types;
      for (size_t i = random() % 6; i > 0; --i) {
        args.push_back(values[random() % values.size()]);
        types.push_back(type_of(args.back()));
      }
      const std::optional<Value> value = bytecode::apply(function, args);
      const std::optional<Type> foretold = result_type(function, types);
      if (!value || value->is_null() || !foretold || *foretold == Type::any) continue;
      EXPECT_EQ(static_cast<int>(*foretold), static_cast<int>(type_of(*value)))
          << function_name(function) << " " << nuon_text(List(args)) << " gives "
          << nuon_text(*value);
    }
  }
}

TEST(Functions, NamesOfTheKernelsNumbers) {
  const auto name = [](Function function, Value value) {
    const Value args[] = {std::move(value)};
    return apply(function, args).value_or(Value("error"));
  };
  EXPECT_EQ(name(Function::errno_name, Value(-2)), Value("ENOENT"));
  EXPECT_EQ(name(Function::errno_name, Value(2)), Value("ENOENT"));
  EXPECT_EQ(name(Function::errno_name, Value(-512)), Value("ERESTARTSYS"));
  EXPECT_EQ(name(Function::errno_name, Value(0)), Value(0));
  EXPECT_EQ(name(Function::errno_name, Value()), Value());
  EXPECT_EQ(name(Function::errno_name, Value(std::numeric_limits<int64_t>::min())),
            Value(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(name(Function::errno_name, Value(List{Value(1), Value(11)})),
            Value(List{Value("EPERM"), Value("EAGAIN")}));
  EXPECT_EQ(name(Function::signal_name, Value(15)), Value("SIGTERM"));
  EXPECT_EQ(name(Function::signal_name, Value(33)), Value(33));
  EXPECT_EQ(name(Function::signal_name, Value(34)), Value("SIGRTMIN"));
  EXPECT_EQ(name(Function::signal_name, Value(63)), Value("SIGRTMAX-1"));
}

TEST(Functions, AddressesAsText) {
  const auto text = [](Value value) {
    const Value args[] = {std::move(value)};
    return apply(Function::ip_addr, args).value_or(Value("error"));
  };
  const auto v6 = [&](std::vector<uint16_t> words) {
    Binary bytes;
    for (const uint16_t word : words) {
      bytes.bytes.push_back(static_cast<uint8_t>(word >> 8));
      bytes.bytes.push_back(static_cast<uint8_t>(word));
    }
    return text(Value(bytes));
  };
  EXPECT_EQ(text(Value(0x0100007f)), Value("127.0.0.1"));
  EXPECT_EQ(text(Value(-1)), Value("255.255.255.255"));
  EXPECT_EQ(text(Value(Binary{{8, 8, 4, 4}})), Value("8.8.4.4"));
  EXPECT_EQ(text(Value(Binary{{8, 8, 4}})), Value("error"));
  EXPECT_EQ(text(Value(List{Value(1), Value(2), Value(3), Value(256)})), Value("error"));
  EXPECT_EQ(v6({0, 0, 0, 0, 0, 0, 0, 0}), Value("::"));
  EXPECT_EQ(v6({0, 0, 0, 0, 0, 0, 0, 1}), Value("::1"));
  EXPECT_EQ(v6({0x2001, 0xdb8, 0, 1, 0, 0, 0, 1}), Value("2001:db8:0:1::1"));
  EXPECT_EQ(v6({0x2001, 0, 0, 1, 0, 0, 1, 1}), Value("2001::1:0:0:1:1"));
  EXPECT_EQ(v6({1, 2, 3, 4, 5, 6, 7, 0}), Value("1:2:3:4:5:6:7:0"));
  EXPECT_EQ(v6({0xfe80, 0, 0, 0, 0, 0, 0, 0}), Value("fe80::"));
}

TEST(Functions, TextThatIsNoUtf8IsTakenByTheByte) {
  const Value args[] = {Value(std::string("a\xff\xc3"))};
  EXPECT_EQ(apply(Function::str_length, args), Value(3));
  EXPECT_EQ(apply(Function::str_reverse, args), Value(std::string("\ufffd\ufffda")));
}

TEST(LiteralPattern, IsOneWhereNothingIsSpecial) {
  EXPECT_EQ(literal_pattern("abc")->text, "abc");
  const auto anchored = literal_pattern("^a\\.b$");
  ASSERT_TRUE(anchored);
  EXPECT_EQ(anchored->text, "a.b");
  EXPECT_TRUE(anchored->at_start && anchored->at_end);
  for (const char* pattern : {"a.b", "a*", "a|b", "[a]", "\\d", "a^", "a$b", "\\"}) {
    EXPECT_FALSE(literal_pattern(pattern)) << pattern;
  }
}

}  // namespace
