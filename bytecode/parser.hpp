// Tokens to a tree, by Nushell's grammar: a pipeline element that begins with a value is an
// expression with operators, one that begins with a word is a command whose arguments are single
// values (`emit $x + 1` has three of them).
#pragma once

#include <string_view>
#include <vector>

#include "ast.hpp"
#include "compile.hpp"

namespace bytecode {

// The deepest nesting of brackets and operators; past it the tree could not be walked safely.
constexpr uint32_t max_nesting = 200;

// Every syntax error that can be told apart is in the result: parsing goes on with the next
// statement after each.
Result<ast::Closure> parse(std::string_view source, Dialect dialect);

}  // namespace bytecode
