#include "bytecode/lexer.hpp"

#include <optional>

#include "bytecode/error_at.hpp"
#include "bytecode/literals.hpp"

namespace bytecode {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (!error_) {
      bool glued = !skip_blanks() && at_ > 0;
      if (at_ == source_.size()) break;
      next(glued);
    }
    if (!error_ && !open_.empty())
      fail({open_.back().at, open_.back().at + 1}, "unclosed bracket", "opened here",
           std::string("add the closing `") + closer(open_.back().kind) + "`");
    if (error_) return std::move(*error_);
    push(TokenKind::end, at_, false);
    return std::move(tokens_);
  }

 private:
  struct Open {
    TokenKind kind;
    uint32_t at;
  };

  uint32_t position() const { return static_cast<uint32_t>(at_); }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  static char closer(TokenKind kind) {
    return kind == TokenKind::lparen ? ')' : kind == TokenKind::lbracket ? ']' : '}';
  }
  bool inside(TokenKind kind) const { return !open_.empty() && open_.back().kind == kind; }
  bool newline_is_blank() const { return !open_.empty() && !inside(TokenKind::lbrace); }

  void fail(Span span, std::string message, std::string label, std::string hint) {
    error_ = error_at(span, std::move(message), std::move(label), std::move(hint));
  }

  // Blanks, comments and, where they mean nothing, newlines. True if there were any.
  bool skip_blanks() {
    size_t start = at_;
    while (at_ < source_.size()) {
      char c = source_[at_];
      if (is_blank(c) || (c == '\n' && newline_is_blank()))
        ++at_;
      else if (c == '#')  // here a word would begin: inside a word it is an ordinary character
        while (at_ < source_.size() && source_[at_] != '\n') ++at_;
      else
        break;
    }
    return at_ != start;
  }

  void push(TokenKind kind, size_t start, bool glued, std::string text = {}) {
    tokens_.push_back({kind,
                       {static_cast<uint32_t>(start), position()},
                       glued,
                       std::move(text),
                       static_cast<uint32_t>(open_.size())});
  }

  void single(TokenKind kind, bool glued) {
    ++at_;
    push(kind, at_ - 1, glued);
  }

  void open(TokenKind kind, bool glued) {
    single(kind, glued);
    open_.push_back({kind, position() - 1});
  }

  void close(TokenKind kind, char c, bool glued) {
    if (open_.empty() || closer(open_.back().kind) != c) {
      Span here{position(), position() + 1};
      if (open_.empty())
        return fail(here, "closing bracket without an opening one", "nothing is open here",
                    "remove it");
      fail(here, "brackets do not match",
           std::string("expected `") + closer(open_.back().kind) + "`",
           "close what was opened last first");
      error_->labels.push_back({{open_.back().at, open_.back().at + 1}, "opened here"});
      return;
    }
    open_.pop_back();
    single(kind, glued);
  }

  void next(bool glued) {
    char c = peek();
    switch (c) {
      case '\n':
        return single(TokenKind::newline, glued);
      case '|':
        return single(TokenKind::pipe, glued);
      case ';':
        return single(TokenKind::semicolon, glued);
      case '(':
        return open(TokenKind::lparen, glued);
      case '[':
        return open(TokenKind::lbracket, glued);
      case '{':
        return open(begins_record() ? TokenKind::lrecord : TokenKind::lbrace, glued);
      case ')':
        return close(TokenKind::rparen, c, glued);
      case ']':
        return close(TokenKind::rbracket, c, glued);
      case '}':
        return close(TokenKind::rbrace, c, glued);
      default:
        break;
    }
    if (c == ',' && (inside(TokenKind::lbracket) || inside(TokenKind::lrecord)))
      return single(TokenKind::comma, glued);
    if (c == ':' && inside(TokenKind::lrecord)) return single(TokenKind::colon, glued);
    if (is_quote(c)) return string(glued);
    if (c == '$' && (peek(1) == '"' || peek(1) == '\'')) return interpolation(glued);
    if (c == 'r' && peek(1) == '#') {
      if (raw_string(glued)) return;
    }
    word(glued);
  }

  // As Nushell decides it: a brace opens a record where its first word has a colon after it.
  bool begins_record() {
    size_t at = at_ + 1;
    while (at < source_.size()) {
      char c = source_[at];
      if (is_blank(c) || c == '\n')
        ++at;
      else if (c == '#')
        while (at < source_.size() && source_[at] != '\n') ++at;
      else
        break;
    }
    if (source_.substr(at).starts_with("...")) return true;
    size_t start = at;
    if (at < source_.size() && is_quote(source_[at])) {
      std::optional<size_t> end = quote_end(at);
      if (!end) return false;
      at = *end;
    } else {
      while (at < source_.size() && !is_blank(source_[at]) &&
             std::string_view("\n|;(){}[]:\"'`,").find(source_[at]) == std::string_view::npos)
        ++at;
    }
    if (at == start) return false;
    while (at < source_.size() && is_blank(source_[at])) ++at;
    return at < source_.size() && source_[at] == ':';
  }

  // One past the closing quote of the string that opens at `start`.
  std::optional<size_t> quote_end(size_t start) const {
    char quote = source_[start];
    for (size_t i = start + 1; i < source_.size(); ++i) {
      if (quote == '"' && source_[i] == '\\')
        ++i;
      else if (source_[i] == quote)
        return i + 1;
    }
    return std::nullopt;
  }

  // Where the string at `start` ends; 0 with the error set where it does not.
  size_t end_of_string(size_t start) {
    if (std::optional<size_t> end = quote_end(start)) return *end;
    fail({static_cast<uint32_t>(start), static_cast<uint32_t>(start) + 1}, "unclosed string",
         "opened here", std::string("add the closing ") + source_[start]);
    return 0;
  }

  void string(bool glued) {
    size_t start = at_, end = end_of_string(start);
    if (error_) return;
    std::string_view inner = source_.substr(start + 1, end - start - 2);
    at_ = end;
    if (source_[start] != '"') return push(TokenKind::string, start, glued, std::string(inner));
    Result<std::string> text = unescape(inner, static_cast<uint32_t>(start) + 1);
    if (!text) {
      error_ = std::move(text).error();
      return;
    }
    push(TokenKind::string, start, glued, std::move(text).value());
  }

  void interpolation(bool glued) {
    size_t start = at_, end = end_of_string(start + 1);
    if (error_) return;
    at_ = end;
    push(TokenKind::interpolation, start, glued);
  }

  // r#'...'#, with as many # at either end.
  bool raw_string(bool glued) {
    size_t hashes = 0, start = at_;
    while (peek(1 + hashes) == '#') ++hashes;
    if (peek(1 + hashes) != '\'') return false;
    std::string close = "'" + std::string(hashes, '#');
    size_t text = start + hashes + 2, end = source_.find(close, text);
    if (end == std::string_view::npos) {
      fail({position(), static_cast<uint32_t>(text)}, "unclosed string", "opened here",
           "add the closing " + close);
      return true;
    }
    at_ = end + close.size();
    push(TokenKind::string, start, glued, std::string(source_.substr(text, end - text)));
    return true;
  }

  void word(bool glued) {
    size_t start = at_;
    while (at_ < source_.size()) {
      char c = source_[at_];
      if (is_blank(c) || std::string_view("\n|;(){}[]").find(c) != std::string_view::npos) break;
      if (c == ',' && (inside(TokenKind::lbracket) || inside(TokenKind::lrecord))) break;
      if (c == ':' && inside(TokenKind::lrecord)) break;
      if (is_quote(c)) {  // a quoted member of a path: $ctx.args."some name"
        size_t end = end_of_string(at_);
        if (error_) return;
        at_ = end;
        continue;
      }
      ++at_;
    }
    push(TokenKind::word, start, glued, std::string(source_.substr(start, at_ - start)));
  }

  std::string_view source_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::vector<Open> open_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source) { return Lexer(source).run(); }

}  // namespace bytecode
