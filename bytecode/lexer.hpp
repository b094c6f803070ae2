// Closure text to tokens, split where Nushell splits it.
//
// Nushell separates by white space, not by characters: `a-b`, `$ctx.pid>1000` and `1+2` are one
// word each, and `==` is an operator only as a word of its own. What does end a word is a bracket,
// `|`, `;`, inside a list or a record a comma, and inside a record a colon. Newlines end
// statements, except inside parentheses, lists and records, where they are white space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result.hpp"

namespace bytecode {

enum class TokenKind : uint8_t {
  word,           // text: as written, with the quotes of quoted path members
  string,         // text: the contents, escapes resolved
  interpolation,  // $"..." or $'...'
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
  comma,  // only in lists and records
  colon,  // only in records
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
// after it.
Result<std::vector<Token>> lex(std::string_view source);

}  // namespace bytecode
