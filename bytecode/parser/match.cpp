// `match VALUE { PATTERN | PATTERN if GUARD => BODY, ... }`. White space, commas and newlines
// between arms are all the same to Nushell, for each body is one value or one block.

#include "bytecode/parser/impl.hpp"

namespace bytecode {

namespace {
constexpr const char* arm_example = "an arm is PATTERN => VALUE, or PATTERN => { ... }";
}

ast::ExprPtr Parser::match() {
  const Token& keyword = take();
  Nesting nesting(*this, keyword.span);
  ast::Match result;
  const std::string example = "write match $x { 1 => \"one\", _ => \"other\" }";
  if (at(TokenKind::lbrace) || at_end_of_element())
    return fail(keyword.span, "`match` without a value", "expected a value after this", example);
  result.subject = value();
  uint32_t depth = result.subject->depth;
  if (!at(TokenKind::lbrace))
    return fail(
        peek().span, "expected the arms of `match`", "expected `{`",
        at_operator() ? "put a calculation into parentheses: match (1 + 2) { ... }" : example);
  take();
  while (!panicking_ && !at(TokenKind::rbrace)) {
    if (at(TokenKind::comma))
      take();
    else
      result.arms.push_back(match_arm(depth));
  }
  take();
  return make(since(keyword.span.start), std::move(result), depth);
}

ast::MatchArm Parser::match_arm(uint32_t& depth) {
  ast::MatchArm arm;
  arm.patterns.push_back(pattern(depth));
  while (at(TokenKind::pipe)) {
    const Token& bar = take();
    if (at_word("=>") || at(TokenKind::rbrace)) {
      fail(bar.span, "nothing after `|`", "expected a pattern after this", arm_example);
      return arm;
    }
    arm.patterns.push_back(pattern(depth));
  }
  if (at_word("if")) {
    const Token& word = take();
    if (at_word("=>")) {
      fail(word.span, "a guard without a condition", "expected a condition after this",
           "write PATTERN if COND => VALUE");
      return arm;
    }
    arm.guard = expression();
    depth = std::max(depth, arm.guard->depth);
  }
  if (!at_word("=>")) {
    fail(peek().span,
         arm.guard ? "expected `=>` after the guard" : "expected `=>` after the pattern",
         "expected `=>`", arm_example);
    return arm;
  }
  const Token& arrow = take();
  if (at(TokenKind::rbrace) || at(TokenKind::comma)) {
    fail(arrow.span, "an arm without a value", "expected a value after this", arm_example);
    return arm;
  }
  bool is_command = at(TokenKind::word) && !is_value_word(peek().text);
  arm.body = arm_body();
  depth = std::max(depth, arm.body->depth);
  const Token& next = peek(1);
  bool starts_arm = next.kind == TokenKind::pipe ||
                    (next.kind == TokenKind::word && (next.text == "=>" || next.text == "if"));
  bool is_argument = is_command && (at(TokenKind::word) || at(TokenKind::string)) && !starts_arm;
  if (at(TokenKind::pipe) || at_operator() || is_argument)
    fail(peek().span, "an arm has one value", "not part of it",
         "put a calculation, a pipeline or a command with arguments into braces: 1 => { ... }");
  return arm;
}

// One value, or a block in braces, or a command without arguments.
ast::ExprPtr Parser::arm_body() {
  if (at(TokenKind::lbrace) && peek(1).kind != TokenKind::pipe) {
    uint32_t start = peek().span.start;
    ast::Subexpression node{braced_block("`=>`")};
    uint32_t depth = depth_of(node.block);
    return make(since(start), std::move(node), depth);
  }
  if (!at(TokenKind::word)) return value();
  return is_value_word(peek().text) && !at_word("not") ? value() : arm_command();
}

ast::ExprPtr Parser::arm_command() {
  const Token& token = peek();
  if (token.text == "break" || token.text == "continue" || token.text == "return") {
    take();
    if (token.text == "break") return make(token.span, ast::Break{});
    if (token.text == "continue") return make(token.span, ast::Continue{});
    return make(token.span, ast::Return{});
  }
  for (std::string_view word : {"if", "match", "not", "for", "while", "loop", "where", "let"})
    if (token.text == word)
      return fail(token.span, "`" + token.text + "` as the value of an arm", "not in braces",
                  "put it into braces: 1 => { " + token.text + " ... }");
  take();
  ast::Call call{.name = token.text, .name_span = token.span, .args = {}};
  if (at_glued(TokenKind::lparen)) glued_argument(call);
  uint32_t depth = 0;
  for (const ast::Argument& arg : call.args) depth = std::max(depth, arg.value->depth);
  return make(since(token.span.start), std::move(call), depth);
}

ast::Pattern Parser::pattern(uint32_t& depth) {
  Nesting nesting(*this, peek().span);
  if (panicking_) return {};
  const Token& token = peek();
  uint32_t below = 0;
  ast::Pattern result;
  if (token.kind == TokenKind::lbracket) {
    result = list_pattern(below);
  } else if (token.kind == TokenKind::lrecord) {
    result = record_pattern(below);
  } else if (at_word("_")) {
    take();
  } else if (token.kind == TokenKind::word && token.text.starts_with('$')) {
    take();
    result.kind = ast::Pattern::Kind::binding;
    result.name = token.text.substr(1);
    if (!is_name(result.name) && !glued_operator(token.text, token.span))
      fail(token.span, "a pattern cannot look into a variable", "not a plain name",
           "bind a name, and compare in a guard: $x if $x == $y.a => ...");
  } else {
    result = value_pattern(below);
  }
  result.span = since(token.span.start);
  depth = std::max(depth, below + 1);
  return result;
}

// A literal or a range. Nushell takes any value and compares none but these.
ast::Pattern Parser::value_pattern(uint32_t& depth) {
  ast::Pattern result;
  const Token& token = peek();
  if (at_word("=>") || at(TokenKind::pipe) || at_word("if")) {
    fail(token.span, "expected a pattern, found " + shown(token), "expected a pattern",
         arm_example);
    return result;
  }
  result.kind = ast::Pattern::Kind::value;
  result.value = value();
  depth = result.value->depth;
  bool is_literal = std::holds_alternative<ast::Literal>(result.value->node);
  if (const auto* range = std::get_if<ast::Range>(&result.value->node)) {
    is_literal = true;
    for (const ExprPtr* end : {&range->from, &range->next, &range->to})
      is_literal &= !*end || std::holds_alternative<ast::Literal>((*end)->node);
  }
  if (!is_literal)
    fail(result.value->span, "a pattern is a literal", "known only when it runs",
         "bind a name, and compare in a guard: $x if $x == (1 + 2) => ...");
  return result;
}

ast::Pattern Parser::list_pattern(uint32_t& depth) {
  ast::Pattern result;
  result.kind = ast::Pattern::Kind::list;
  take();
  while (!panicking_ && !at(TokenKind::rbracket)) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    if (result.rest) {
      fail(peek().span, "a pattern after the rest of a list", "never looked at",
           "let `..` be the last");
      break;
    }
    if (at(TokenKind::pipe)) {
      fail(peek().span, "`|` inside a list pattern", "not an alternative here",
           "write the alternatives as whole patterns: [1 $x] | [2 $x] => ...");
      break;
    }
    const Token& token = peek();
    bool is_rest =
        token.kind == TokenKind::word && (token.text == ".." || token.text.starts_with("..$"));
    if (!is_rest) {
      result.parts.push_back(pattern(depth));
      continue;
    }
    take();
    result.rest = token.text.size() > 2 ? token.text.substr(3) : "";
    if (token.text.size() > 2 && !is_name(*result.rest))
      fail(token.span, "not a variable name", "not a name",
           "a name has letters, digits, `_` and `-`");
  }
  take();
  return result;
}

ast::Pattern Parser::record_pattern(uint32_t& depth) {
  ast::Pattern result;
  result.kind = ast::Pattern::Kind::record;
  take();
  while (!panicking_ && !at(TokenKind::rbrace)) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    const Token& key = peek();
    if (key.kind == TokenKind::word && key.text.starts_with('$')) {
      result.parts.push_back(pattern(depth));
      result.keys.push_back(result.parts.back().name);
      if (at(TokenKind::colon))
        fail(key.span, "field names must be known here", "not a literal name",
             "write {name: $variable}");
      continue;
    }
    if (key.kind != TokenKind::word || key.text.starts_with("..")) {
      fail(key.span, "expected a field name, found " + shown(key), "not a name",
           key.kind == TokenKind::string ? "write it without quotes: Nushell matches no other"
                                         : "a record pattern is {name: pattern} or {$name}; other "
                                           "fields may be there");
      break;
    }
    take();
    result.keys.push_back(key.text);
    if (!at(TokenKind::colon)) {
      fail(peek().span, "expected `:` after the field name", "expected `:`",
           "write {" + key.text + ": pattern}, or {$" + key.text + "} to bind it");
      break;
    }
    take();
    result.parts.push_back(pattern(depth));
  }
  take();
  return result;
}

}  // namespace bytecode
