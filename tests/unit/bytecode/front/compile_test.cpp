// What golden files and cases do not say: what a Program is besides its code.

#include "bytecode/compile.hpp"

#include <gtest/gtest.h>

#include "bytecode/validate.hpp"

namespace bytecode {
namespace {

Program compiled(std::string_view source, const CompileOptions& options = {}) {
  Result<Program> program = compile(source, Schema{}, options);
  EXPECT_TRUE(program) << program.error().message;
  if (!program) return {};
  Status valid = validate(*program);
  EXPECT_TRUE(valid) << valid.error().message;
  return std::move(program).value();
}

TEST(Compile, EverySpanLiesInTheSource) {
  std::string source = "{|ctx| if $ctx.pid > 5 { $ctx.comm | count }\n}";
  Program program = compiled(source);
  EXPECT_EQ(program.source, source);
  ASSERT_EQ(program.spans.size(), program.code.size());
  for (Span span : program.spans) {
    EXPECT_LE(span.start, span.end);
    EXPECT_LE(span.end, source.size());
  }
  ASSERT_EQ(program.maps.size(), 1u);
  Span map = program.maps[0].span;
  EXPECT_EQ(source.substr(map.start, map.end - map.start), "count");
}

TEST(Compile, OptionsArriveInTheProgram) {
  CompileOptions options;
  options.fuel = 77;
  options.string_bytes = 100;
  Program program = compile("{|ctx| read-str $ctx.pid }", Schema{}, options).value();
  EXPECT_EQ(program.fuel, 77u);
  EXPECT_EQ(program.code[1].op, VM_OP_str_read);
  EXPECT_EQ(program.code[1].imm, 100);
}

TEST(Compile, TheSentinelMeansTheBuiltinAndAnyOtherValueTheUsersOwn) {
  CompileOptions options;
  options.captures = {{"pid", sentinel("pid")}, {"uid", sentinel("pid")}};
  Program program = compiled("{|| [$pid $uid] }", options);
  ASSERT_EQ(program.rows.size(), 1u);
  EXPECT_EQ(program.rows[0].fields.size(), 1u);
  EXPECT_EQ(program.rows[0].value.members[1].second.constant, sentinel("pid"));
}

TEST(Compile, NamesNearerByWin) {
  CompileOptions options;
  options.captures = {{"x", Value(1)}};
  Program program =
      compiled("{|| let x = 2; if true { let x = 3; $x | emit }; $x | emit }", options);
  ASSERT_EQ(program.rows.size(), 2u);
  EXPECT_EQ(program.rows[0].value.constant, Value(3));
  EXPECT_EQ(program.rows[1].value.constant, Value(2));
}

// The kernel's clock does not know the calendar: such a date never gets into a register.
TEST(Compile, ADateOfTheCalendarStaysAConstant) {
  CompileOptions options;
  options.captures = {{"then", Value(Date{5})}};
  Program program = compiled("{|| {at: $then} }", options);
  EXPECT_TRUE(program.rows.at(0).fields.empty());
  for (const char* source :
       {"{|ctx| mut t = $then; emit $t }", "{|ctx| mut t = $ctx.time; $t = $then; emit $t }"}) {
    Result<Program> refused = compile(source, Schema{}, options);
    ASSERT_FALSE(refused) << source;
    ASSERT_FALSE(refused.error().labels.empty());
    Span culprit = refused.error().labels[0].span;
    EXPECT_EQ(std::string(source).substr(culprit.start, culprit.end - culprit.start), "$then");
  }
}

TEST(Compile, NoErrorIsWithoutLabelAndHint) {
  Result<Program> program = compile("{|ctx| $a; $b; cc; $ctx.dd }", Schema{}, {});
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().more.size(), 3u);
  EXPECT_FALSE(program.error().hint.empty());
  for (const Error& more : program.error().more) {
    EXPECT_FALSE(more.labels.empty());
    EXPECT_FALSE(more.hint.empty());
    EXPECT_EQ(more.kind, ErrorKind::closure);
  }
}

}  // namespace
}  // namespace bytecode
