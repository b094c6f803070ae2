// Commands: a name and what follows it, and `where`, whose condition has rules of its own.

#include "bytecode/parser/impl.hpp"

namespace bytecode {
namespace {

// `o>`, `err>>`, `out+err>|`.
bool is_redirection(std::string_view word) {
  size_t sign = word.find('>');
  if (sign == std::string_view::npos) return false;
  std::string_view streams = word.substr(0, sign);
  for (std::string_view known : {"o", "out", "e", "err", "o+e", "e+o", "out+err", "err+out"})
    if (streams == known) return word.find_first_not_of('>', sign) == std::string_view::npos;
  return false;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_flag(const Token& token) {
  return token.kind == TokenKind::word && token.text.starts_with('-') && token.text.size() > 1 &&
         !is_number_word(token.text) && !is_operator_word(token.text);
}

// `0.name`, `1?.x`: the path to a list's item, that is no number.
bool is_item_path(std::string_view word) {
  size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  if (digits == 0 || digits == word.size()) return false;
  if (word[digits] == '?' || word[digits] == '!') return true;
  if (word[digits] != '.' || digits + 1 == word.size()) return false;
  char c = word[digits + 1];
  return is_letter(c) || c == '"' || c == '\'' ||
         word.find('.', digits + 1) < word.find("..", digits);
}

}  // namespace

// The condition is a row condition, a closure or a variable that holds one; a block behind it is
// ours.
ast::ExprPtr Parser::where() {
  const Token& keyword = take();
  Nesting nesting(*this, keyword.span);
  ast::Where result;
  if (at_end_of_element())
    return fail(keyword.span, "`where` without a condition", "expected a condition after this",
                "write where COND, such as where size > 1kb");
  if (at(TokenKind::lrecord))
    return fail(peek().span, "a record where a condition is expected", "read as a record",
                "write where COND, such as where size > 1kb");
  if (at(TokenKind::lbrace)) {
    result.condition = value();
  } else {
    Within columns(columns_, true), condition(in_condition_, true);
    result.condition = column(expression());
  }
  uint32_t depth = result.condition->depth;
  if (at(TokenKind::lbrace) || at(TokenKind::lrecord)) {
    result.block = braced_block("the condition");
    depth = std::max(depth, depth_of(*result.block));
  }
  return make(since(keyword.span.start), std::move(result), depth);
}

ast::ExprPtr Parser::call() {
  const Token& name = take();
  if (name.text.find('=') != std::string::npos && at_end_of_statement() &&
      glued_operator(name.text, name.span))
    return make(name.span, ast::Literal{});
  ast::Call call{.name = name.text, .name_span = name.span, .args = {}};
  if (at_glued(TokenKind::lparen))
    glued_argument(call);
  else
    arguments(call);
  uint32_t depth = 0;
  for (const ast::Argument& arg : call.args)
    if (arg.value) depth = std::max(depth, arg.value->depth);
  return make(since(name.span.start), std::move(call), depth);
}

ast::ExprPtr Parser::external() {
  const Token& name = take();
  return fail(name.span, "a probe runs no programs", "an external command",
              "emit what it needs, and run it on the rows of bpf-stream");
}

// `count()`, `emit("x")`: Nushell takes them for an external command; here the parentheses hold the
// argument.
void Parser::glued_argument(ast::Call& call) {
  uint32_t start = peek().span.start;
  Nesting nesting(*this, peek().span);
  take();
  ast::Block inner = block();
  if (panicking_) return;
  take();
  if (inner.items.size() > 1)
    fail(since(start), "`" + call.name + "(...)` takes one value", "more than one",
         "put several values into a record");
  else if (inner.items.size() == 1)
    call.args.push_back({.flag = {}, .flag_span = {}, .value = std::move(inner.items.front())});
  if (!panicking_ && !at_end_of_element() && !at(TokenKind::comma) && !at(TokenKind::word))
    fail(peek().span, "unexpected " + shown(peek()), "after the closing parenthesis",
         "separate statements by a newline or `;`");
}

void Parser::arguments(ast::Call& call) {
  while (!at_end_of_element()) {
    if (redirected()) return;
    if (is_flag(peek())) {
      call.args.push_back(flag());
    } else if (call.name == "bits" && call.args.empty() && at(TokenKind::word)) {
      // `bits and`: an operator's word that is the second half of a name.
      const Token& word = take();
      Value name(word.text);
      call.args.push_back(
          {.flag = {}, .flag_span = {}, .value = make(word.span, ast::Literal{name, true})});
    } else {
      call.args.push_back({.flag = {}, .flag_span = {}, .value = argument()});
    }
  }
}

bool Parser::redirected() {
  if (!at(TokenKind::word) || !is_redirection(peek().text)) return false;
  fail(peek().span, "a probe writes no files", "a redirection",
       "emit the value, and save the rows of bpf-stream");
  return true;
}

// `--name`, `-n`, `--name=value`.
ast::Argument Parser::flag() {
  const Token& token = take();
  ast::Argument result{.flag = token.text, .flag_span = token.span, .value = nullptr};
  if (!token.text.ends_with('=')) return result;
  result.flag->pop_back();
  --result.flag_span.end;
  bool has_value = !at_end_of_element() && peek().glued;
  result.value = has_value ? argument()
                           : fail(token.span, "nothing after `=`", "expected a value after this",
                                  "write " + *result.flag + "=VALUE, without a space");
  return result;
}

// One value, where a word may also be a cell path that is no value elsewhere: `0.name`,
// `"a b".c`.
ast::ExprPtr Parser::argument() {
  const Token& token = peek();
  if (token.kind == TokenKind::word && is_item_path(token.text)) {
    take();
    return make(token.span, ast::Literal{Value(token.text), true});
  }
  // Operators, but also the last words of two commands: `str starts-with`.
  if (at_word("starts-with") || at_word("ends-with")) {
    take();
    return make(token.span, ast::Literal{Value(token.text), true});
  }
  const Token& after = peek(1);
  if (token.kind == TokenKind::string && after.kind == TokenKind::word && after.glued &&
      (after.text.starts_with('.') || after.text.starts_with('?'))) {
    take();
    take();
    Span span{token.span.start, after.span.end};
    return make(span, ast::Literal{Value(std::string(text(span))), true});
  }
  return item();
}

}  // namespace bytecode
