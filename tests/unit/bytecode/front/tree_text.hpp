// A closure's tree as one line, as a Lisp would write it: what the parser's tests compare.
#pragma once

#include <string>

#include "bytecode/parser/parser.hpp"

namespace bytecode {

std::string tree_text(const ast::Expr& expr);
std::string tree_text(const ast::Block& block);
std::string tree_text(const ast::Closure& closure);
std::string tree_text(const ast::Def& def);

// The message of an error with its labels, what they underline in `source`, and its hint; then of
// those it carries.
std::string error_text(const Error& error, std::string_view source);

// The tree of a source, or its errors.
std::string parsed(std::string_view source, Dialect dialect = Dialect::text);
std::string parsed_definition(std::string_view source);

}  // namespace bytecode
