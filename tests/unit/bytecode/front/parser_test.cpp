#include "bytecode/parser/parser.hpp"

#include <gtest/gtest.h>

#include "tree_text.hpp"

namespace bytecode {
namespace {

// Two spellings that must be the same tree.
void expect_same(std::string_view a, std::string_view b) {
  EXPECT_EQ(parsed(a), parsed(b)) << a << "   against   " << b;
}

std::string parameters(std::string_view source, Dialect dialect = Dialect::closure) {
  Result<ast::Closure> closure = parse(source, dialect);
  if (!closure) return closure.error().message;
  closure->body.items.clear();
  return tree_text(*closure);
}

TEST(Parser, Parameters) {
  EXPECT_EQ(parameters("{|ctx| 1 }"), "(fn |ctx|)");
  EXPECT_EQ(parameters("{|$e| 1 }"), "(fn |e|)");
  EXPECT_EQ(parameters("{ |event: record<a: int, b: list<int>>| 1 }"),
            "(fn |event:record<a: int, b: list<int>>|)");
  EXPECT_EQ(parameters("{|a: oneof<int, string>, b? c = 5 ...d: any| 1 }"),
            "(fn |a:oneof<int, string> b? c?:any=5 ...d:any|)");
  EXPECT_EQ(parameters("{|| 1 }"), "(fn ||)");
  EXPECT_EQ(parameters("{ 1 }"), "(fn ||)");
  EXPECT_EQ(parameters("|e| 1", Dialect::text), "(fn |e|)");
}

// The groupings that Nushell 0.108 and 0.115 show.
TEST(Parser, Precedence) {
  auto wrapped = [](std::string_view plain, std::string_view grouped) {
    auto without_sub = [](std::string text) {
      for (size_t at; (at = text.find("(sub ")) != std::string::npos;) {
        size_t end = text.find("))", at);
        text.erase(end, 1);
        text.erase(at, 5);
      }
      return text;
    };
    EXPECT_EQ(parsed(plain), without_sub(parsed(grouped))) << plain;
  };
  wrapped("2 ** 3 ** 2", "2 ** (3 ** 2)");
  wrapped("2 * 3 // 4", "(2 * 3) // 4");
  wrapped("1 + 2 bit-shl 1", "(1 + 2) bit-shl 1");
  wrapped("1 bit-or 2 bit-and 3", "1 bit-or (2 bit-and 3)");
  wrapped("7 bit-and 3 == 3", "7 bit-and (3 == 3)");
  wrapped("true or true xor true", "true or (true xor true)");
  wrapped("true xor true and false", "true xor (true and false)");
  wrapped("1 == 2 == true", "(1 == 2) == true");
  wrapped("1 in [1] == true", "(1 in [1]) == true");
  wrapped("1 + 2 in 1..5", "(1 + 2) in 1..5");
  wrapped("5 - 3 - 1", "(5 - 3) - 1");
  wrapped("1 - 2 ++ 3 * 4", "(1 - 2) ++ (3 * 4)");
}

TEST(Parser, EveryOperator) {
  for (const char* op : {"+",           "-",
                         "*",           "/",
                         "//",          "mod",
                         "**",          "bit-and",
                         "bit-or",      "bit-xor",
                         "==",          "!=",
                         "<",           "<=",
                         ">",           ">=",
                         "and",         "or",
                         "xor",         "++",
                         "=~",          "!~",
                         "in",          "not-in",
                         "has",         "not-has",
                         "bit-shl",     "bit-shr",
                         "starts-with", "not-starts-with",
                         "ends-with",   "not-ends-with"})
    EXPECT_EQ(parsed("$a " + std::string(op) + " $b"), "($a " + std::string(op) + " $b)");
  expect_same("$a like $b", "$a =~ $b");
  expect_same("$a not-like $b", "$a !~ $b");
}

TEST(Parser, NotBindsToTheNextValue) {
  EXPECT_EQ(parsed("not true and false"), "((not true) and false)");
  EXPECT_EQ(parsed("not not true"), "(not (not true))");
}

TEST(Parser, ForeignOperatorsInTextAreNushellsOwn) {
  expect_same("$a > 1 && $b < 2", "$a > 1 and $b < 2");
  expect_same("$a || $b", "$a or $b");
  expect_same("$a ^ $b", "$a xor $b");
  expect_same("5 % 3", "5 mod 3");
}

TEST(Parser, GluedParenthesesHoldTheArgument) {
  expect_same("emit(\"x\")", "emit \"x\"");
  expect_same("count()", "count");
  expect_same("emit($e)", "emit $e");
  expect_same("match 1 { 1 => emit($e), 2 => count() }", "match 1 { 1 => emit($e) 2 => count }");
}

TEST(Parser, GoesOnAfterAnError) {
  Result<ast::Closure> closure =
      parse("{|ctx| let x=1; if $a>1 { count }\n (1 2); emit {a: ]}", Dialect::closure);
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().message, "brackets do not match") << "brackets come first";

  closure = parse(
      "{|ctx| let x=1; if $a>1 { count }\n if true { 1 2; 3 4 }; count\n 5 6\n"
      "match 1 { 2 }; each {|x| 7 8 }; $\"(9 9)\" }",
      Dialect::closure);
  ASSERT_FALSE(closure);
  std::string lines = closure.error().message;
  for (const Error& more : closure.error().more) lines += "; " + more.message;
  EXPECT_EQ(lines,
            "no spaces around `=`; no spaces around `>`; expected an operator; expected an "
            "operator; expected an operator; expected `=>` after the pattern; expected an "
            "operator; expected an operator");
}

// Words underlined, also inside of strings and behind an offset.
TEST(Parser, SpansAreOfTheSource) {
  std::string source = "{|e| $\"ä \\t ($e.pid + (1..$hi).x) b\" }";
  constexpr uint32_t offset = 1000;
  Result<ast::Closure> closure = parse(source, Dialect::closure, offset);
  ASSERT_TRUE(closure);
  auto text = [&source](Span span) {
    return source.substr(span.start - offset, span.end - span.start);
  };
  const ast::Expr& whole = *closure->body.items.at(0);
  EXPECT_EQ(text(whole.span), "$\"ä \\t ($e.pid + (1..$hi).x) b\"");
  const auto& parts = std::get<ast::Interpolation>(whole.node).parts;
  EXPECT_EQ(text(parts.at(0)->span), "ä \\t ");
  EXPECT_EQ(text(parts.at(2)->span), " b");
  const auto& block = std::get<ast::Subexpression>(parts.at(1)->node).block;
  const auto& sum = std::get<ast::Binary>(block.items.at(0)->node);
  EXPECT_EQ(text(sum.op_span), "+");
  EXPECT_EQ(text(std::get<ast::Path>(sum.left->node).members.at(0).span), "pid");
  const auto& path = std::get<ast::Path>(sum.right->node);
  EXPECT_EQ(text(path.members.at(0).span), "x");
  const auto& inner = std::get<ast::Subexpression>(path.base->node).block.items.at(0);
  EXPECT_EQ(text(std::get<ast::Range>(inner->node).to->span), "$hi");

  closure = parse("{|e| 1 $\"(2 3)\" }", Dialect::closure, offset);
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().labels.at(0).span, (Span{offset + 7, offset + 9}));
}

TEST(Parser, CellPaths) {
  auto path = [](std::string_view text) {
    std::string out;
    std::optional<std::vector<ast::Member>> members = parse_cell_path(text, {10, 99});
    if (!members) return std::string("none");
    for (const ast::Member& member : *members)
      out += "." + member.name + (member.optional ? "?" : "") + "@" +
             std::to_string(member.span.start);
    return out;
  };
  EXPECT_EQ(path("a"), ".a@10");
  EXPECT_EQ(path("a.\"b.c\".0?"), ".a@10.b.c@12.0?@18");
  EXPECT_EQ(path("$.a?.b"), ".a?@12.b@15");
  EXPECT_EQ(path("'a b'?"), ".a b?@10");
  for (const char* none : {"", ".", "a.", ".a", "a..b", "a?b", "\"a\"b", "a.\"\\q\""})
    EXPECT_EQ(path(none), "none") << none;
}

// At the limit and one past it.
TEST(Parser, NestingHasALimit) {
  auto sum = [](size_t terms) {
    std::string text = "1";
    for (size_t i = 1; i < terms; ++i) text += " + 1";
    return text;
  };
  EXPECT_TRUE(parse(sum(max_nesting), Dialect::text));
  EXPECT_FALSE(parse(sum(max_nesting + 1), Dialect::text));
}

// Whatever opens, thousands of it end in an error, closed or not.
TEST(Parser, DeepNestingIsAnError) {
  struct Pair {
    std::string_view open, close;
  };
  for (auto [open, close] : {Pair{"(", ")"},
                             Pair{"[", "]"},
                             Pair{"{a: ", "}"},
                             Pair{"not ", ""},
                             Pair{"{|x| ", "}"},
                             Pair{"if true { ", "}"},
                             Pair{"if true {} else if ", "{}"},
                             Pair{"emit (", ")"},
                             Pair{"match 1 { 2 => { ", "}}"},
                             Pair{"match 1 { [", "] => 1}"},
                             Pair{"match 1 { {a: ", "} => 1}"},
                             Pair{"match (", ") { }"},
                             Pair{"$\"(", ")\""},
                             Pair{"1..(", ")"},
                             Pair{"a(", ")"},
                             Pair{"for x in [1] { ", "}"},
                             Pair{"loop { ", "}"},
                             Pair{"def f [] { ", "}"},
                             Pair{"def f [x = [", "]] {}"},
                             Pair{"x | where {|x| ", "}"},
                             Pair{"where a == (", ")"},
                             Pair{"f ...[", "]"},
                             Pair{"[[a]; [", "]]"},
                             Pair{"$x = ", ""},
                             Pair{"let x = (", ")"},
                             Pair{"return (", ")"}}) {
    std::string text, ends;
    for (int i = 0; i < 3'000; ++i) text += open;
    for (int i = 0; i < 3'000; ++i) ends += close;
    EXPECT_FALSE(parse(text, Dialect::text)) << open;
    EXPECT_FALSE(parse(text + "1" + ends, Dialect::text)) << open;
  }
}

// Whatever is cut off anywhere is an error or a tree, and no span runs backwards or out of it.
TEST(Parser, EveryPrefixOfAProgramIsJudged) {
  const std::string program =
      "{|ctx: record<a: int>, ...r| def \"a b\" [x: int = 5, --f(-g): list<int>]: int -> int {\n"
      "@a\n for i in 1..($x)..<$y { if $i in [1 ...$r] { break } else {a: 2024-01-01} } }\n"
      "match $ctx.a?.\"b c\" { [1 | 2, {a: $b, $c} ..$d] if not $e => { 1 }, 0x[ff] => x(1)y }\n"
      "$ctx | where a.b == $\"c (1 + \"2\")\" and d { emit --x=\"y\" {|z| $z} } | each { [[a]; "
      "[1]] "
      "}\n while true { $r.0.b += 1_000kb; return ...$x }; try { ^x o> y } }";
  auto judge = [](const std::string& text) {
    for (Dialect dialect : {Dialect::closure, Dialect::text}) {
      Result<ast::Closure> closure = parse(text, dialect);
      if (closure) continue;
      std::vector<Error> errors = closure.error().more;
      errors.push_back(closure.error());
      for (const Error& error : errors)
        for (const Label& label : error.labels) {
          EXPECT_LE(label.span.start, label.span.end) << text;
          EXPECT_LE(label.span.end, text.size()) << text;
        }
    }
  };
  for (size_t length = 0; length <= program.size(); ++length) {
    judge(program.substr(0, length));
    judge(program.substr(length));
    judge(program.substr(0, length) + program.substr(std::min(length + 1, program.size())));
    Result<ast::Def> def = parse_definition("def f " + program.substr(length));
    Result<ast::Def> printed = parse_definition("def f [ a: int b: " + program.substr(length));
  }
}

}  // namespace
}  // namespace bytecode
