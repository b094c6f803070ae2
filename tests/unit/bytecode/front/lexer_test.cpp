#include "bytecode/parser/lexer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bytecode {
namespace {

// Tokens in one line: words and strings by their text, strings in <>, brackets and signs as
// themselves, a newline as `/`, the brace of a record as `{:`.
std::string shown(std::string_view source) {
  Result<std::vector<Token>> tokens = lex(source);
  if (!tokens) return "error: " + tokens.error().message;
  std::string out;
  for (const Token& token : *tokens) {
    if (!out.empty()) out += " ";
    switch (token.kind) {
      case TokenKind::word:
        out += token.text;
        break;
      case TokenKind::string:
        out += "<" + token.text + ">";
        break;
      case TokenKind::interpolation:
        out += "$<";
        break;
      case TokenKind::interpolation_end:
        out += ">$";
        break;
      case TokenKind::lparen:
        out += "(";
        break;
      case TokenKind::rparen:
        out += ")";
        break;
      case TokenKind::lbrace:
        out += "{";
        break;
      case TokenKind::lrecord:
        out += "{:";
        break;
      case TokenKind::rbrace:
        out += "}";
        break;
      case TokenKind::lbracket:
        out += "[";
        break;
      case TokenKind::rbracket:
        out += "]";
        break;
      case TokenKind::pipe:
        out += "|";
        break;
      case TokenKind::semicolon:
        out += ";";
        break;
      case TokenKind::newline:
        out += "/";
        break;
      case TokenKind::comma:
        out += ",";
        break;
      case TokenKind::colon:
        out += ":";
        break;
      case TokenKind::end:
        out += ".";
        break;
    }
  }
  return out;
}

TEST(Lexer, SplitsByWhiteSpace) {
  EXPECT_EQ(shown("a-b $ctx.pid>1000 1+2 =="), "a-b $ctx.pid>1000 1+2 == .");
  EXPECT_EQ(shown("count() ; emit(\"x\")"), "count ( ) ; emit ( <x> ) .");
}

TEST(Lexer, TellsWhatIsGlued) {
  Result<std::vector<Token>> tokens = lex("a(b) || (c)");
  ASSERT_TRUE(tokens);
  std::string glued;
  for (const Token& token : *tokens) glued += token.glued ? '1' : '0';
  EXPECT_EQ(glued, "0111010110");
}

TEST(Lexer, CommasAndColonsCountOnlyWhereTheySeparate) {
  EXPECT_EQ(shown("a,b c:d"), "a,b c:d .");
  EXPECT_EQ(shown("[a,b c:d]"), "[ a , b c:d ] .");
  EXPECT_EQ(shown("{a:1,b: (c:d)}"), "{: a : 1 , b : ( c:d ) } .");
}

TEST(Lexer, ABraceOpensARecordWhereAColonFollowsTheFirstWord) {
  EXPECT_EQ(shown("{ a: 1 }"), "{: a : 1 } .");
  EXPECT_EQ(shown("{ \"a b\" : 1 }"), "{: <a b> : 1 } .");
  EXPECT_EQ(shown("{ # note\n a: 1 }"), "{: a : 1 } .");
  EXPECT_EQ(shown("{ emit {a: 1} }"), "{ emit {: a : 1 } } .");
  EXPECT_EQ(shown("{|x| a}"), "{ | x | a } .");
  EXPECT_EQ(shown("{}"), "{ } .");
}

TEST(Lexer, NewlinesAreWhiteSpaceInBracketsButNotInBlocks) {
  EXPECT_EQ(shown("a\n(b\nc) [d\n] {: e\n}"), "a / ( b c ) [ d ] { : e / } .");
  EXPECT_EQ(shown("({ a\nb })"), "( { a / b } ) .");
}

TEST(Lexer, CommentsBeginWhereAWordWould) { EXPECT_EQ(shown("a # b\nc#d #e"), "a / c#d ."); }

TEST(Lexer, Strings) {
  EXPECT_EQ(shown(R"('a\n' "a\tb" `x y`)"), "<a\\n> <a\tb> <x y> .");
  EXPECT_EQ(shown("r#'a'b'# r##'c'#d'##"), "<a'b> <c'#d> .");
  EXPECT_EQ(shown("$\"a (1)\" $'b'"), "$< <a > ( 1 ) >$ $< <b> >$ .");
  EXPECT_EQ(shown("$ctx.args.\"a b\".c"), "$ctx.args.\"a b\".c .");
}

TEST(Lexer, StringsInsideOfStrings) {
  EXPECT_EQ(shown(R"~($"a (b "c)" $"d (e)" f) \(")~"),
            "$< <a > ( b <c)> $< <d > ( e ) >$ f ) < (> >$ .");
  EXPECT_EQ(shown(R"~($'a\(b)')~"), "$< <a\\> ( b ) >$ .");
  EXPECT_EQ(shown(R"~($"" $"(a)(b)")~"), "$< >$ $< ( a ) ( b ) >$ .");
}

// In the braces of a match a newline is white space, a comma a sign, and a brace of a pattern a
// record.
TEST(Lexer, Match) {
  EXPECT_EQ(shown("match $x { {$a, b: 1} => {c}, 2 if {d} =>\n{e\nf} }\n{$a}"),
            "match $x { {: $a , b : 1 } => { c } , 2 if { d } => { e / f } } / { $a } .");
  EXPECT_EQ(shown("match (f).a[0] { [{$a}] => [{$a}] }"),
            "match ( f ) .a [ 0 ] { [ {: $a } ] => [ { $a } ] } .");
  EXPECT_EQ(shown("matches $x { a, b }"), "matches $x { a, b } .");
}

// In parameters a comma, a colon and an equals sign end a word, and a type is one word.
TEST(Lexer, Parameters) {
  EXPECT_EQ(shown("{|a:int=5, b: list<record<c: int>>| d:e=f}"),
            "{ | a : int = 5 , b : list<record<c: int>> | d:e=f } .");
  EXPECT_EQ(shown("{\n|a\nb| c\nd }"), "{ / | a b | c / d } .");
  EXPECT_EQ(shown("def --env 'a b' [a: int@b\n--c(-d)] { [e:f] }"),
            "def --env <a b> [ a : int @b --c ( -d ) ] { [ e:f ] } .");
  EXPECT_EQ(shown("|a: int| b:c"), "| a : int | b:c .");
}

TEST(Lexer, RefusesWhatIsNotClosed) {
  EXPECT_EQ(shown("'a"), "error: unclosed string");
  EXPECT_EQ(shown("$x.\"a"), "error: unclosed string");
  EXPECT_EQ(shown("(a"), "error: unclosed bracket");
  EXPECT_EQ(shown("(a]"), "error: brackets do not match");
  EXPECT_EQ(shown("a)"), "error: closing bracket without an opening one");
  EXPECT_EQ(shown("$\"a"), "error: unclosed string");
  EXPECT_EQ(shown("$\"(a\""), "error: unclosed parenthesis in a string");
  EXPECT_EQ(shown("$\"(a"), "error: unclosed parenthesis in a string");
  EXPECT_EQ(shown("$\"(a]\""), "error: brackets do not match");
}

TEST(Lexer, SpansAreBytesOfTheSource) {
  std::string source = "aä 'ö' b";
  Result<std::vector<Token>> tokens = lex(source);
  ASSERT_TRUE(tokens);
  ASSERT_EQ(tokens->size(), 4u);
  EXPECT_EQ((*tokens)[0].span, (Span{0, 3}));
  EXPECT_EQ((*tokens)[1].span, (Span{4, 8}));
  EXPECT_EQ((*tokens)[3].span, (Span{10, 10}));
  tokens = lex(source, 100);
  ASSERT_TRUE(tokens);
  EXPECT_EQ((*tokens)[1].span, (Span{104, 108}));
  Result<std::vector<Token>> error = lex("a \"\\q\"", 100);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().labels[0].span, (Span{103, 105}));
}

}  // namespace
}  // namespace bytecode
