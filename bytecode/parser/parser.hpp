// Tokens to a tree, by Nushell's grammar: a pipeline element that begins with a value is an
// expression with operators, one that begins with a word is a command whose arguments are single
// values (`emit $x + 1` has three of them).
#pragma once

#include <string_view>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/parser/ast.hpp"

namespace bytecode {

// The deepest nesting of brackets and operators; past it the tree could not be walked safely.
constexpr uint32_t max_nesting = 200;

// Every syntax error that can be told apart is in the result: parsing goes on with the next
// statement after each.
// Spans count from `offset`.
Result<ast::Closure> parse(std::string_view source, Dialect dialect, uint32_t offset = 0);

// A custom command as `view source` shows it: `def name [x: int, --flag] { ... }`, with or without
// `export`, the flags of `def`, and types behind the brackets. Nushell prints defaults without
// their quotes, behind a `[` with a blank; what is lost there is a Refused, and defaults of flags
// are not printed.
Result<ast::Def> parse_definition(std::string_view source, uint32_t offset = 0);

// The members of a cell path that is written as an argument (`get a.b.0?`); nothing where it is
// none. `span` is the place of the text.
std::optional<std::vector<ast::Member>> parse_cell_path(std::string_view text, Span span);

}  // namespace bytecode
