// The parser's state, shared by its files: parser.cpp (blocks and statements), control.cpp
// (if, for, def ...), match.cpp, signature.cpp (parameters), calls.cpp
// (commands, where), operators.cpp, values.cpp and words.cpp (values that are
// one word). Private to them.
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

#include "bytecode/parser/lexer.hpp"
#include "bytecode/parser/parser.hpp"

namespace bytecode {

class Parser {
 public:
  Parser(std::string_view source, Dialect dialect, std::vector<Token> tokens, uint32_t offset)
      : source_(source), offset_(offset), dialect_(dialect), tokens_(std::move(tokens)) {}

  Result<ast::Closure> run();
  Result<ast::Def> run_definition();

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

  // Gives a switch another value while it lives.
  class Within {
   public:
    Within(bool& variable, bool value)
        : variable_(variable), outer_(std::exchange(variable, value)) {}
    ~Within() { variable_ = outer_; }
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    bool& variable_;
    bool outer_;
  };

  // Blocks and statements: parser.cpp.
  ast::Block block();  // up to the bracket that closes it, or the end
  ast::Block braced_block(const std::string& after);
  void skip_attributes();
  ExprPtr statement();
  ExprPtr let();
  std::string declared(const Token& token);
  ExprPtr assignment();
  ExprPtr pipeline();
  ExprPtr element();

  // Control: control.cpp.
  ExprPtr conditional();
  ExprPtr for_loop();
  ExprPtr while_loop();
  ExprPtr leave();  // break, continue
  ExprPtr return_early();
  ExprPtr definition();

  // match.cpp.
  ExprPtr match();
  ast::MatchArm match_arm(uint32_t& depth);
  ExprPtr arm_body();
  ExprPtr arm_command();
  ast::Pattern pattern(uint32_t& depth);
  ast::Pattern value_pattern(uint32_t& depth);
  ast::Pattern list_pattern(uint32_t& depth);
  ast::Pattern record_pattern(uint32_t& depth);

  // signature.cpp.
  std::vector<ast::Parameter> parameters(TokenKind close, std::string_view hint, uint32_t& depth);
  ast::Parameter parameter(std::string_view hint);
  void short_flag(ast::Parameter& parameter, std::string_view hint);
  void parameter_type(ast::Parameter& parameter);
  ExprPtr closure();

  // Commands: calls.cpp.
  ExprPtr where();
  ExprPtr call();
  ExprPtr external();
  void glued_argument(ast::Call& call);
  void arguments(ast::Call& call);
  ast::Argument flag();
  bool redirected();  // reports `o> file`
  ExprPtr argument();

  // operators.cpp.
  ExprPtr expression(int least_precedence = 0);
  ExprPtr unary();
  ExprPtr column(ExprPtr expr);
  bool at_operator() const;

  // Values: values.cpp.
  ExprPtr value();
  ExprPtr item();  // a value or a spread
  ExprPtr string();
  ExprPtr interpolation();
  ExprPtr joined_word(ExprPtr first);
  ExprPtr with_path(ExprPtr base);
  ExprPtr range(ExprPtr from, std::string_view rest, uint32_t at);
  ExprPtr range_end(std::string_view& rest, uint32_t& at);
  ExprPtr subexpression();
  ExprPtr record();
  ast::Entry entry();
  ExprPtr list();
  ExprPtr table(ExprPtr head, uint32_t start);
  ExprPtr row(const ast::List& head, ast::List& cells, Span span);

  // Values that are one word, and pieces of words: words.cpp.
  ExprPtr word_value();
  ExprPtr piece(std::string_view word, Span span);
  ExprPtr binary_literal(const Token& token);
  ExprPtr variable(std::string_view text, Span span);
  std::vector<ast::Member> members(std::string_view text, uint32_t at);
  bool glued_operator(std::string_view text, Span span);  // reports `$x>5`, `1+2`

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
  bool at_glued(TokenKind kind) const { return at(kind) && peek().glued; }
  bool at_double_pipe() const {
    return at(TokenKind::pipe) && peek(1).kind == TokenKind::pipe && peek(1).glued;
  }
  bool at_end_of_statement() const;
  bool at_end_of_element() const { return at_end_of_statement() || at(TokenKind::pipe); }
  void skip_newlines() {
    while (at(TokenKind::newline)) take();
  }
  Span since(uint32_t start) const {
    return {start, std::max(start, tokens_[at_ > 0 ? at_ - 1 : 0].span.end)};
  }
  std::string_view text(Span span) const {
    return source_.substr(span.start - offset_, span.end - span.start);
  }
  std::string shown(const Token& token) const;

  static uint32_t depth_of(const ast::Block& block);
  ExprPtr make(Span span, ast::Expr::Node node, uint32_t depth_below = 0);
  // Reports, and hides the rest of the statement. The value is a placeholder.
  ExprPtr fail(Span span, std::string message, std::string label, std::string hint = {});
  ExprPtr too_deep(Span span);
  void recover(uint32_t level);

  std::string_view source_;
  uint32_t offset_;
  Dialect dialect_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  bool panicking_ = false;
  bool columns_ = false;       // in the condition of `where`: bare words are columns
  bool in_condition_ = false;  // the same, and in parentheses there
  std::vector<Error> errors_;
};

// Words, as the grammar sees them: words.cpp.
bool is_name(std::string_view text);
bool is_number_word(std::string_view word);  // begins as a number does
bool is_value_word(std::string_view word);   // begins an expression, no command
// Where the `..` of a range is in a word, outside quotes; npos where there is none.
size_t range_operator(std::string_view word);
bool is_range_word(std::string_view word);
// An operator of Nushell or of another language, as a word.
bool is_operator_word(std::string_view word);

}  // namespace bytecode
