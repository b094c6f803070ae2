// Whatever is typed: the front end answers with a program that passes the gate, or with errors
// whose labels lie in the text. Closures are put together from pieces, by a generator with a fixed
// seed.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "bytecode/compile.hpp"
#include "bytecode/validate.hpp"

namespace bytecode {
namespace {

constexpr const char* pieces[] = {
    "$ctx.pid",   "$ctx.comm", "$ctx.path", "$ctx.deep", "$ctx",  "$in",    "$x",
    "$y.a",       "$ctx.time", "5",         "-7",        "0xff",  "1.5",    "5ms",
    "2kib",       "null",      "true",      "\"text\"",  "word",  "'q'",    "`t`",
    "+",          "-",         "*",         "//",        "mod",   "**",     "bit-and",
    "bit-shl",    "==",        "!=",        "<",         ">=",    "and",    "or",
    "xor",        "not",       "/",         "=~",        "&&",    "||",     "^",
    "%",          "(",         ")",         "{",         "}",     "[",      "]",
    "{a:",        ",",         ":",         "|",         ";",     "\n",     "let x =",
    "mut x =",    "$x =",      "$x +=",     "if",        "else",  "where",  "emit",
    "print",      "count",     "read-str",  "count()",   "emit(", "--flag", "for",
    "# note\n",   "$",         ".",         "\"",        "'",     "..",     "=",
    "$ctx.pid>5", "{|e|",      "\xff"};

// Pieces that fit together more often than not, so that programs come out too.
constexpr const char* statements[] = {
    "let x = $ctx.pid + 1",
    "mut x = $ctx.deep",
    "$x += 2",
    "$x = $ctx.tid",
    "$ctx.comm | count",
    "if $ctx.pid > 5 { $x | emit a }",
    "if $x == 2 or $ctx.comm == \"a\" { count } else { count b }",
    "{a: $ctx.path, b: [$ctx.deep $x]} | emit",
    "print $ctx.path",
    "read-str $x | count paths",
    "let y = if $ctx.cpu == 0 { $ctx.comm } else if $x > 1 { null } else { \"b\" }",
    "$y | count",
    "{k: $y, n: $ctx.deep} | count keyed",
    "let z = not ($x > 2) xor $ctx.deep == null",
    "$z",
    "emit $ctx",
    "mut s = $ctx.path",
    "if $z { $s = $ctx.comm }",
    "$s",
    "$x // ($ctx.deep mod 3)"};

Schema make_schema() {
  Schema schema;
  Field path;
  path.name = "path";
  path.kind = FieldKind::string;
  path.offset = 8;
  Field deep;
  deep.name = "deep";
  deep.offset = 16;
  deep.deref = {8, 24};
  schema.args = {path, deep};
  return schema;
}

void check_error(const Error& error, const std::string& source) {
  ASSERT_FALSE(error.labels.empty()) << error.message << "\n" << source;
  EXPECT_FALSE(error.hint.empty()) << error.message << "\n" << source;
  for (const Label& label : error.labels) {
    ASSERT_LE(label.span.start, label.span.end) << error.message << "\n" << source;
    ASSERT_LE(label.span.end, source.size()) << error.message << "\n" << source;
  }
  for (const Error& more : error.more) check_error(more, source);
}

bool check(const std::string& source, Dialect dialect) {
  CompileOptions options;
  options.dialect = dialect;
  Result<Program> program = compile(source, make_schema(), options);
  if (!program) {
    check_error(program.error(), source);
    return false;
  }
  Status valid = validate(*program);
  EXPECT_TRUE(valid) << valid.error().message << "\n" << source;
  return true;
}

TEST(Mutation, AnyRowOfPiecesIsAnswered) {
  std::mt19937 random(20260719);
  for (int round = 0; round < 4000; ++round) {
    std::string source = "{|ctx| ";
    for (size_t n = random() % 12; n > 0; --n) {
      source += pieces[random() % std::size(pieces)];
      if (random() % 8 != 0) source += " ";
    }
    if (random() % 8 != 0) source += "}";
    check(source, random() % 2 == 0 ? Dialect::text : Dialect::closure);
  }
}

TEST(Mutation, StatementsInAnyOrderMakeProgramsThatPassTheGate) {
  std::mt19937 random(7);
  int programs = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string source = "{|ctx| let x = 1; ";
    for (size_t n = random() % 8; n > 0; --n) {
      bool nested = random() % 4 == 0;
      source += nested ? "if $ctx.uid != 0 { " : "";
      source += statements[random() % std::size(statements)];
      source += nested ? " }; " : "; ";
    }
    programs += check(source + "}", Dialect::closure);
  }
  EXPECT_GT(programs, 200);
}

TEST(Mutation, ACutClosureIsAnswered) {
  std::string whole =
      "{|ctx: record| let r = {a: [1 (2 + 3)], \"b\": $ctx.path}; if not $r.a.0 == 1 { $\"x\" } "
      "else "
      "{ r#'raw'# | emit \"\\u{41}\" } }";
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    check(whole.substr(0, cut), Dialect::text);
    check(whole.substr(cut), Dialect::text);
    check(whole.substr(0, cut) + "}", Dialect::closure);
  }
}

}  // namespace
}  // namespace bytecode
