// Parameters: of closures between bars, of commands in brackets. The lexer has split them; types
// are words.

#include "bytecode/parser/impl.hpp"

namespace bytecode {

// `|a, b?: int = 5, ...c|`, `[a --flag(-f): int]`, `||`. The opening sign comes next.
std::vector<ast::Parameter> Parser::parameters(TokenKind close, std::string_view hint,
                                               uint32_t& depth) {
  const Token& opening = take();
  std::vector<ast::Parameter> result;
  while (!at(close) && !at(TokenKind::end)) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    ast::Parameter next = parameter(hint);
    for (const ast::Parameter& other : result)
      if (!panicking_ && other.name == next.name)
        fail(next.span, "parameter `" + next.name + "` is there twice", "the second one",
             "rename one of them");
    if (next.initial) depth = std::max(depth, next.initial->depth);
    result.push_back(std::move(next));
  }
  if (!panicking_ && !at(close))
    fail(opening.span, "unclosed parameter list", "opened here", std::string(hint));
  take();
  return result;
}

ast::Parameter Parser::parameter(std::string_view hint) {
  ast::Parameter result;
  const Token& token = take();
  result.span = token.span;
  std::string_view name = token.kind == TokenKind::word ? std::string_view(token.text) : "";
  if (name.starts_with("...")) {
    result.rest = true;
    name.remove_prefix(3);
  } else if (name.starts_with('-')) {
    result.flag = true;
    bool is_short = !name.starts_with("--");
    name.remove_prefix(is_short ? 1 : 2);
    if (is_short) result.short_name = name;
    if (at(TokenKind::lparen)) short_flag(result, hint);
    if (name.empty()) name = result.short_name;
  } else if (name.ends_with('?')) {
    result.optional = true;
    name.remove_suffix(1);
  }
  name.remove_prefix(name.starts_with('$'));
  if (!is_name(name)) {
    fail(token.span, "bad parameter list", "not a name", std::string(hint));
    return result;
  }
  result.name = name;
  if (at(TokenKind::colon)) parameter_type(result);
  if (at_word("=")) {
    take();
    result.optional = true;
    result.initial = value();
    if (result.type.empty()) result.type = "any";
  }
  return result;
}

// `(-f)` behind the name of a flag.
void Parser::short_flag(ast::Parameter& parameter, std::string_view hint) {
  const Token& opening = take();
  const Token& token = take();
  if (token.kind != TokenKind::word || token.text.size() < 2 || token.text[0] != '-')
    return void(fail(panicking_ ? opening.span : token.span, "bad parameter list",
                     "not a short flag", std::string(hint)));
  parameter.short_name = token.text.substr(1);
  if (!at(TokenKind::rparen))
    return void(fail(peek().span, "bad parameter list", "expected `)`", std::string(hint)));
  take();
}

// `: int`, and what completes it: `: string@names`.
void Parser::parameter_type(ast::Parameter& parameter) {
  const Token& colon = take();
  if (!at(TokenKind::word) || at_word("="))
    return void(fail(colon.span, "expected a type", "expected a type after this",
                     "write the type, such as int, or remove the colon"));
  const Token& type = take();
  parameter.type = type.text;
  if (std::count(type.text.begin(), type.text.end(), '<') !=
      std::count(type.text.begin(), type.text.end(), '>'))
    fail(type.span, "unclosed type", "a `<` without its `>`", "add the closing `>`");
  if (!at(TokenKind::word) || !peek().text.starts_with('@')) return;
  take();
  if (!at_glued(TokenKind::lbracket)) return;
  uint32_t level = take().level;
  while (!at(TokenKind::end) && take().level != level) continue;
}

// `{|x| ... }` or `{ ... }`, from its brace on.
ast::ExprPtr Parser::closure() {
  const Token& opening = take();
  ast::Closure result;
  uint32_t depth = 0;
  skip_newlines();
  if (at(TokenKind::pipe))
    result.parameters = parameters(TokenKind::pipe, "write {|x| ... }", depth);
  Within none(in_condition_, false);
  result.body = block();
  take();
  depth = std::max(depth, depth_of(result.body));
  return make(since(opening.span.start), std::move(result), depth);
}

}  // namespace bytecode
