// Closure text to tokens, split where Nushell splits it.
//
// Nushell separates by white space, not by characters: `a-b`, `$ctx.pid>1000` and `1+2` are one
// word each, and `==` is an operator only as a word of its own. What does end a word is a bracket,
// `|`, `;`, inside a list or a record a comma, and inside a record a colon. Newlines end
// statements, except inside parentheses, lists and records, where they are white space.
//
// Some brackets have rules of their own, so the lexer knows what they are of: the arms of a
// `match`, whose patterns have records without a colon, and the parameters of closures and `def`s.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"

namespace bytecode {

enum class TokenKind : uint8_t {
  word,    // text: as written, with the quotes of quoted path members
  string,  // text: the contents, escapes resolved
  // $"a ($b) c" is interpolation, string, lparen, word, rparen, string, interpolation_end.
  interpolation,
  interpolation_end,
  lparen,
  rparen,
  lbrace,   // of a block or a closure, or {}
  lrecord,  // the { of a record
  rbrace,
  lbracket,
  rbracket,
  pipe,
  semicolon,
  newline,
  comma,  // only in lists, records, patterns and parameters
  colon,  // only in records, patterns and parameters
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
  bool glued = false;  // no white space before it
  std::string text;
  uint32_t level = 0;  // how many brackets it lies in; a bracket lies outside itself
};

// The tokens of `source`, the last one `end`. Brackets in it are balanced: closing ones have their
// opening ones. Fails on the first error: an unclosed string or bracket leaves nothing certain
// after it. Spans count from `offset`.
Result<std::vector<Token>> lex(std::string_view source, uint32_t offset = 0);

}  // namespace bytecode
