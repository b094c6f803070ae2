// What steers a run: if, for, while, loop, break, continue, return, and the definition of commands.

#include "bytecode/error_at.hpp"
#include "bytecode/parser/impl.hpp"

namespace bytecode {

ast::ExprPtr Parser::conditional() {
  uint32_t start = take().span.start;
  Nesting nesting(*this, {start, start + 2});
  ast::If result;
  uint32_t depth = 0;
  while (true) {
    ast::Arm arm;
    arm.condition = expression();
    depth = std::max(depth, arm.condition->depth);
    arm.block = braced_block("the condition");
    depth = std::max(depth, depth_of(arm.block));
    result.arms.push_back(std::move(arm));
    if (!at_word("else")) break;
    take();
    if (at_word("if")) {
      take();
      continue;
    }
    // Nushell takes a value in place of the block, too.
    if (at(TokenKind::lbrace) || at_end_of_element()) {
      result.otherwise = braced_block("`else`");
    } else {
      ast::Block otherwise;
      otherwise.items.push_back(element());
      otherwise.span = otherwise.items.front()->span;
      result.otherwise = std::move(otherwise);
    }
    depth = std::max(depth, depth_of(*result.otherwise));
    break;
  }
  return make(since(start), std::move(result), depth);
}

ast::ExprPtr Parser::for_loop() {
  const Token& keyword = take();
  Nesting nesting(*this, keyword.span);
  const std::string example = "write for x in 1..5 { ... }";
  ast::For loop;
  if (!at(TokenKind::word) || at_word("in"))
    return fail(peek().span, "expected a name after `for`", "not a name", example);
  const Token& name = take();
  loop.name_span = name.span;
  loop.name = declared(name);
  if (!at_word("in"))
    return fail(peek().span, "expected `in` after the name", "expected `in`", example);
  const Token& in = take();
  if (at(TokenKind::lbrace) || at_end_of_element())
    return fail(in.span, "nothing to loop over", "expected values after this", example);
  loop.values = value();
  if (at_operator())
    return fail(peek().span, "`for` takes one value", "expected `{`",
                "put a calculation into parentheses: for x in ($a ++ $b) { ... }");
  loop.block = braced_block("the values");
  uint32_t depth = std::max(loop.values->depth, depth_of(loop.block));
  return make(since(keyword.span.start), std::move(loop), depth);
}

ast::ExprPtr Parser::while_loop() {
  const Token& keyword = take();
  Nesting nesting(*this, keyword.span);
  ast::While loop;
  uint32_t depth = 0;
  if (keyword.text == "while") {
    if (at(TokenKind::lbrace) || at_end_of_element())
      return fail(keyword.span, "`while` without a condition", "expected a condition after this",
                  "write while COND { ... }, or loop { ... }");
    loop.condition = expression();
    depth = loop.condition->depth;
  }
  loop.block = braced_block(loop.condition ? "the condition" : "`loop`");
  depth = std::max(depth, depth_of(loop.block));
  return make(since(keyword.span.start), std::move(loop), depth);
}

ast::ExprPtr Parser::leave() {
  const Token& keyword = take();
  if (!at_end_of_element())
    return fail(peek().span, "`" + keyword.text + "` takes no value", "not expected here",
                "keep the value in a `mut` variable");
  if (keyword.text == "break") return make(keyword.span, ast::Break{});
  return make(keyword.span, ast::Continue{});
}

ast::ExprPtr Parser::return_early() {
  const Token& keyword = take();
  ast::Return result;
  uint32_t depth = 0;
  if (!at_end_of_element()) {
    result.value = value();
    depth = result.value->depth;
    if (!at_end_of_element())
      return fail(peek().span, "`return` takes one value", "not expected here",
                  "put a calculation into parentheses: return (1 + 2)");
  }
  return make(since(keyword.span.start), std::move(result), depth);
}

ast::ExprPtr Parser::definition() {
  const Token& keyword = take();
  Nesting nesting(*this, keyword.span);
  const std::string example = "write def name [x: int] { ... }";
  uint32_t depth = 0;
  ast::Def def;
  for (bool named = false; !at(TokenKind::lbracket) && !at(TokenKind::lparen);) {
    const Token& token = peek();
    bool is_flag = token.kind == TokenKind::word && token.text.starts_with("--");
    bool is_text = token.kind == TokenKind::word || token.kind == TokenKind::string;
    if (is_flag && token.text != "--env")
      return fail(token.span, "`" + token.text + "` is not supported in a probe", "not in a probe",
                  "name the parameters");
    if (!is_text || (named && !is_flag))
      return fail(
          token.span,
          named ? "expected the parameters of `" + def.name + "`" : "expected a name after `def`",
          named ? "expected `[`" : "not a name", example);
    take();
    if (is_flag) continue;
    named = true;
    def.name = token.text;
    def.name_span = token.span;
  }
  if (def.name.empty())
    return fail(peek().span, "expected a name after `def`", "not a name", example);
  TokenKind close = at(TokenKind::lbracket) ? TokenKind::rbracket : TokenKind::rparen;
  def.closure.parameters = parameters(close, example, depth);
  // What it takes and yields, `: int -> string`, is Nushell's business.
  uint32_t level = peek().level;
  if (at(TokenKind::word) && (peek().text.starts_with(':') || peek().text == "->"))
    while (!((at(TokenKind::lbrace) || at(TokenKind::lrecord)) && peek().level == level) &&
           !at_end_of_statement())
      if (const Token& token = take(); token.kind == TokenKind::lbracket)
        while (!at(TokenKind::end) && take().level != token.level) continue;
  def.closure.body = braced_block("the parameters");
  depth = std::max(depth, depth_of(def.closure.body));
  return make(since(keyword.span.start), std::move(def), depth);
}

Result<ast::Def> Parser::run_definition() {
  skip_newlines();
  skip_attributes();
  if (at_word("export")) take();
  ExprPtr result;
  if (at_word("def"))
    result = definition();
  else
    fail(peek().span, "expected the definition of a command", "this is none",
         "write def name [x: int] { ... }");
  panicking_ = false;
  while (at(TokenKind::newline) || at(TokenKind::semicolon)) take();
  if (!at(TokenKind::end) && errors_.empty())
    fail(peek().span, "text after the definition", "not part of it", "remove it");
  if (errors_.empty()) return std::move(std::get<ast::Def>(result->node));
  return combined(std::move(errors_));
}

}  // namespace bytecode
