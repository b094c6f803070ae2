// The parser's state, shared by its two files: parser.cpp (closures, statements, commands) and
// parser_values.cpp (expressions and values). Private to them.
//
// After a syntax error the parser sees only an end of input until the statement that holds the
// error has unwound; then it goes on with the next one. So no function needs to ask whether the one
// it called has failed, and each error is reported once.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/lexer.hpp"
#include "bytecode/parser.hpp"

namespace bytecode {

class Parser {
 public:
  Parser(std::string_view source, Dialect dialect, std::vector<Token> tokens)
      : source_(source), dialect_(dialect), tokens_(std::move(tokens)) {}

  Result<ast::Closure> run();

 private:
  using ExprPtr = ast::ExprPtr;

  // Counts nesting while it lives.
  class Nesting {
   public:
    Nesting(Parser& parser, Span span) : parser_(parser) {
      if (++parser_.depth_ > max_nesting) parser_.too_deep(span);
    }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  // Statements and commands: parser.cpp.
  void parameters(ast::Closure& closure);
  ast::Block block();  // up to the bracket that closes it, or the end
  ast::Block braced_block(const std::string& after);
  ExprPtr statement();
  ExprPtr let(bool is_mut);
  ExprPtr assignment();
  ExprPtr pipeline();
  ExprPtr element();
  ExprPtr conditional();
  ExprPtr where();
  ExprPtr call();
  void arguments(ast::Call& call);
  void glued_argument(ast::Call& call);

  // Expressions and values: parser_values.cpp.
  ExprPtr expression(int least_precedence = 0);
  ExprPtr unary();
  ExprPtr value();
  ExprPtr word_value();
  ExprPtr variable(const Token& token, std::string_view text);
  std::vector<ast::Member> members(std::string_view text, uint32_t at);
  ExprPtr with_path(ExprPtr base);
  ExprPtr subexpression();
  ExprPtr record();
  ExprPtr list();
  bool glued_operator(const Token& token);  // reports `$x>5`, `1+2`

  // Tokens.
  const Token& peek(size_t ahead = 0) const {
    return panicking_ ? tokens_.back() : tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    if (!panicking_ && at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_word(std::string_view text) const { return at(TokenKind::word) && peek().text == text; }
  bool at_double_pipe() const {
    return at(TokenKind::pipe) && peek(1).kind == TokenKind::pipe && peek(1).glued;
  }
  bool at_end_of_statement() const;
  void skip_newlines() {
    while (at(TokenKind::newline)) take();
  }
  Span since(uint32_t start) const {
    return {start, std::max(start, tokens_[at_ > 0 ? at_ - 1 : 0].span.end)};
  }
  std::string shown(const Token& token) const;

  ExprPtr make(Span span, ast::Expr::Node node, uint32_t depth_below = 0);
  // Reports, and hides the rest of the statement. The value is a placeholder.
  ExprPtr fail(Span span, std::string message, std::string label, std::string hint = {});
  ExprPtr too_deep(Span span);
  void recover(uint32_t level);
  // A placeholder for what is understood but not supported; parsing goes on.
  ExprPtr refused(Span span, std::string message, std::string label, std::string hint);

  std::string_view source_;
  Dialect dialect_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  bool panicking_ = false;
  std::string parameter_;    // the closure's; empty where it has none
  bool bare_names_ = false;  // in the condition of `where`, where `event.size` is `$event.size`
  std::vector<Error> errors_;
};

}  // namespace bytecode
