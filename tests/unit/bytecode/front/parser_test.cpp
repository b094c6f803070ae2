#include "bytecode/parser.hpp"

#include <gtest/gtest.h>

namespace bytecode {
namespace {

std::string shown(const ast::Expr& expr);

std::string shown(const ast::Block& block) {
  std::string out = "{";
  for (const ast::ExprPtr& item : block.items) out += " " + shown(*item);
  return out + " }";
}

// The tree as a Lisp would write it.
struct Show {
  std::string operator()(const ast::Literal& n) const {
    if (const auto* text = n.value.get_if<std::string>()) return (n.bare ? "~" : "'") + *text;
    if (const auto* number = n.value.get_if<int64_t>()) return std::to_string(*number);
    if (const auto* truth = n.value.get_if<bool>()) return *truth ? "true" : "false";
    return n.value.is_null() ? "null" : "?";
  }
  std::string operator()(const ast::Variable& n) const { return "$" + n.name; }
  std::string operator()(const ast::Path& n) const {
    std::string out = shown(*n.base);
    for (const ast::Member& member : n.members)
      out += "." + member.name + (member.optional ? "?" : "");
    return out;
  }
  std::string operator()(const ast::Not& n) const { return "(not " + shown(*n.operand) + ")"; }
  std::string operator()(const ast::Binary& n) const {
    return "(" + shown(*n.left) + " #" + std::to_string(static_cast<int>(n.op)) + " " +
           shown(*n.right) + ")";
  }
  std::string operator()(const ast::Record& n) const {
    std::string out = "{:";
    for (const ast::Entry& entry : n.entries) out += " " + entry.key + "=" + shown(*entry.value);
    return out + "}";
  }
  std::string operator()(const ast::List& n) const {
    std::string out = "[";
    for (const ast::ExprPtr& item : n.items) out += (out == "[" ? "" : " ") + shown(*item);
    return out + "]";
  }
  std::string operator()(const ast::Subexpression& n) const { return "sub" + shown(n.block); }
  std::string operator()(const ast::If& n) const {
    std::string out;
    for (const ast::Arm& arm : n.arms)
      out += (out.empty() ? "if " : " elif ") + shown(*arm.condition) + " " + shown(arm.block);
    return out + (n.otherwise ? " else " + shown(*n.otherwise) : "");
  }
  std::string operator()(const ast::Call& n) const {
    std::string out = "<" + n.name;
    for (const ast::ExprPtr& arg : n.args) out += " " + shown(*arg);
    for (const ast::Flag& flag : n.flags) out += " " + flag.name;
    return out + ">";
  }
  std::string operator()(const ast::Pipeline& n) const {
    std::string out;
    for (const ast::ExprPtr& element : n.elements)
      out += (out.empty() ? "" : " | ") + shown(*element);
    return out;
  }
  std::string operator()(const ast::Let& n) const {
    return (n.is_mut ? "mut " : "let ") + n.name + " = " + shown(*n.value);
  }
  std::string operator()(const ast::Assign& n) const {
    return "set " + n.name + (n.op ? " op" : "") + " = " + shown(*n.value);
  }
  std::string operator()(const ast::Refused&) const { return "refused"; }
};

std::string shown(const ast::Expr& expr) { return std::visit(Show{}, expr.node); }

std::string parsed(std::string_view source, Dialect dialect = Dialect::text) {
  Result<ast::Closure> closure = parse(source, dialect);
  return closure ? shown(closure->body) : "error: " + closure.error().message;
}

// Two spellings that must be the same tree.
void expect_same(std::string_view a, std::string_view b) {
  EXPECT_EQ(parsed(a), parsed(b)) << a << "   against   " << b;
}

TEST(Parser, Parameters) {
  EXPECT_EQ(parse("{|ctx| 1 }", Dialect::closure)->parameter, "ctx");
  EXPECT_EQ(parse("{|$e| 1 }", Dialect::closure)->parameter, "e");
  EXPECT_EQ(parse("{ |event: record<a: int, b: list<int>>| 1 }", Dialect::closure)->parameter,
            "event");
  EXPECT_EQ(parse("{|| 1 }", Dialect::closure)->parameter, std::nullopt);
  EXPECT_EQ(parse("{ 1 }", Dialect::closure)->parameter, std::nullopt);
  EXPECT_EQ(parse("|e| 1", Dialect::text)->parameter, "e");
}

// The groupings that Nushell 0.108 and 0.115 show.
TEST(Parser, Precedence) {
  auto wrapped = [](std::string_view plain, std::string_view grouped) {
    auto without_sub = [](std::string text) {
      for (size_t at; (at = text.find("sub{ ")) != std::string::npos;) {
        size_t end = text.find(" }", at);
        text.erase(end, 2);
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
  wrapped("5 - 3 - 1", "(5 - 3) - 1");
}

TEST(Parser, NotBindsToTheNextValue) {
  EXPECT_EQ(parsed("not true and false"), "{ ((not true) #17 false) }");
  EXPECT_EQ(parsed("not not true"), "{ (not (not true)) }");
}

TEST(Parser, ForeignOperatorsInTextAreNushellsOwn) {
  expect_same("$a > 1 && $b < 2", "$a > 1 and $b < 2");
  expect_same("$a || $b", "$a or $b");
  expect_same("$a ^ $b", "$a xor $b");
  expect_same("5 % 3", "5 mod 3");
}

TEST(Parser, ArgumentsAreSingleValues) {
  EXPECT_EQ(parsed("emit {a: 1} x --flag"), "{ <emit {: a=1} ~x --flag> }");
  EXPECT_EQ(parsed("emit (1 + 2)"), "{ <emit sub{ (1 #0 2) }> }");
  EXPECT_EQ(parsed("emit -5"), "{ <emit -5> }");
}

TEST(Parser, GluedParenthesesHoldTheArgument) {
  expect_same("emit(\"x\")", "emit \"x\"");
  expect_same("count()", "count");
  expect_same("emit($e)", "emit $e");
}

TEST(Parser, Pipelines) {
  EXPECT_EQ(parsed("$x | count a"), "{ $x | <count ~a> }");
  expect_same("$x\n  | count", "$x | count");
  expect_same("$x |\n  count", "$x | count");
  expect_same("$x # why\n  | count", "$x | count");
}

TEST(Parser, Statements) {
  EXPECT_EQ(parsed("let x = 1; mut y: int = $x\n$y += 2; $y = 3"),
            "{ let x = 1 mut y = $x set y op = 2 set y = 3 }");
  EXPECT_EQ(parsed(";;\n\n1;"), "{ 1 }");
}

TEST(Parser, Conditionals) {
  EXPECT_EQ(parsed("if $a { 1 } else if $b { 2 } else { 3 }"),
            "{ if $a { 1 } elif $b { 2 } else { 3 } }");
  EXPECT_EQ(parsed("where $a { count }"), "{ if $a { <count> } }");
  EXPECT_EQ(parsed("|e| where e.size > 1 { count }"), "{ if ($e.size #15 1) { <count> } }");
  EXPECT_EQ(parsed("where event.size == e.size { count }"),
            "{ if ($event.size #11 ~e.size) { <count> } }");
}

TEST(Parser, Values) {
  EXPECT_EQ(parsed("[1, a 'b c' $x.y?.\"z w\"]"), "{ [1 ~a 'b c $x.y?.z w] }");
  EXPECT_EQ(parsed("{a: 1, \"b c\": {d: 2}\n e: [3]}.b"), "{ {: a=1 b c={: d=2} e=[3]}.b }");
  EXPECT_EQ(parsed("emit {}"), "{ <emit {:}> }");
}

TEST(Parser, GoesOnAfterAnError) {
  Result<ast::Closure> closure =
      parse("{|ctx| let x=1; if $a>1 { count }\n (1 2); emit {a: ]}", Dialect::closure);
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().message, "brackets do not match") << "brackets come first";

  closure = parse("{|ctx| let x=1; if $a>1 { count }\n if true { 1 2; 3 4 }; count\n 5 6 }",
                  Dialect::closure);
  ASSERT_FALSE(closure);
  std::string lines = closure.error().message;
  for (const Error& more : closure.error().more) lines += "; " + more.message;
  EXPECT_EQ(lines,
            "no spaces around `=`; no spaces around `>`; expected an operator; expected an "
            "operator; expected an operator");
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
  for (const char* open : {"(", "[", "{a: ", "not ", "if true { "}) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += open;
    EXPECT_FALSE(parse(text, Dialect::text)) << open;
  }
}

}  // namespace
}  // namespace bytecode
