#include "bytecode/parser/lexer.hpp"

#include <algorithm>
#include <optional>

#include "bytecode/error_at.hpp"
#include "bytecode/parser/literals.hpp"

namespace bytecode {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_one_of(char c, std::string_view chars) { return chars.find(c) != std::string_view::npos; }

// The text up to the hour of a date: the colons that follow belong to it.
bool begins_time(std::string_view word) {
  return word.size() >= 13 && word[4] == '-' && word[7] == '-' && (word[10] | 0x20) == 't' &&
         word.find_first_not_of("0123456789-") == 10;
}

class Lexer {
 public:
  Lexer(std::string_view source, uint32_t offset) : source_(source), offset_(offset) {}

  Result<std::vector<Token>> run() {
    while (!error_) {
      if (inside(TokenKind::interpolation)) {
        interpolated();
        continue;
      }
      bool glued = !skip_blanks() && at_ > 0;
      if (at_ == source_.size()) break;
      next(glued);
    }
    if (!error_ && !open_.empty() && !unclosed_in_string())
      fail(one_at(open_.back().at), "unclosed bracket", "opened here",
           std::string("add the closing `") + closer(open_.back()) + "`");
    if (error_) return std::move(*error_);
    push(TokenKind::end, at_, false);
    return std::move(tokens_);
  }

 private:
  // Whether a `|` here begins or ends the parameters of a closure.
  enum class Signature : uint8_t { none, possible, inside };
  // Which part of a match arm is under way.
  enum class Arm : uint8_t { none, pattern, guard, body };

  struct Open {
    TokenKind kind;
    size_t at;
    size_t token;  // its index
    Signature signature = Signature::none;
    Arm arm = Arm::none;      // not none in the braces of a match
    bool in_pattern = false;  // a list or a record of patterns
    char quote = '\0';        // of an interpolation
  };

  Span span(size_t start, size_t end) const {
    return {offset_ + static_cast<uint32_t>(start), offset_ + static_cast<uint32_t>(end)};
  }
  Span one_at(size_t at) const { return span(at, at + 1); }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  static char closer(const Open& open) {
    if (open.kind == TokenKind::interpolation) return open.quote;
    return open.kind == TokenKind::lparen ? ')' : open.kind == TokenKind::lbracket ? ']' : '}';
  }
  bool inside(TokenKind kind) const { return !open_.empty() && open_.back().kind == kind; }
  bool in_match() const { return !open_.empty() && open_.back().arm != Arm::none; }
  bool in_pattern() const {
    return !open_.empty() && (open_.back().in_pattern || open_.back().arm == Arm::pattern);
  }
  Signature& signature() { return open_.empty() ? outermost_ : open_.back().signature; }
  bool in_signature() { return signature() == Signature::inside; }
  bool newline_is_blank() {
    return in_match() || in_signature() || (!open_.empty() && !inside(TokenKind::lbrace));
  }
  bool comma_separates() {
    return inside(TokenKind::lbracket) || inside(TokenKind::lrecord) || in_match() ||
           in_signature();
  }
  bool colon_separates() { return inside(TokenKind::lrecord) || in_signature(); }

  void fail(Span where, std::string message, std::string label, std::string hint) {
    error_ = error_at(where, std::move(message), std::move(label), std::move(hint));
  }

  // An open parenthesis of $"..." swallows the closing quote: what is missing is its end.
  bool unclosed_in_string() {
    for (size_t i = open_.size(); i-- > 1;) {
      if (open_[i - 1].kind != TokenKind::interpolation) continue;
      fail(one_at(open_[i].at), "unclosed parenthesis in a string", "opened here",
           open_[i - 1].quote == '"' ? "add the closing `)`, or write \\( for the sign"
                                     : "add the closing `)`, or write $\"\\(\" for the sign");
      return true;
    }
    return false;
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
    if (Signature& state = signature(); state == Signature::possible && kind != TokenKind::newline)
      state = Signature::none;
    if (in_match()) follow_arm(kind, text);
    tokens_.push_back(
        {kind, span(start, at_), glued, std::move(text), static_cast<uint32_t>(open_.size())});
    openers_.push_back(tokens_.size() - 1);
  }

  // A body is one value: with its first token the next pattern is due.
  void follow_arm(TokenKind kind, std::string_view text) {
    Arm& arm = open_.back().arm;
    if (kind == TokenKind::word && text == "=>")
      arm = Arm::body;
    else if (arm == Arm::body)
      arm = Arm::pattern;
    else if (kind == TokenKind::word && text == "if")
      arm = Arm::guard;
  }

  void single(TokenKind kind, bool glued, std::string text = {}) {
    ++at_;
    push(kind, at_ - 1, glued, std::move(text));
  }

  void open(TokenKind kind, bool glued) {
    Open opened{kind, at_, tokens_.size()};
    opened.in_pattern = in_pattern() && kind != TokenKind::lparen;
    if (kind == TokenKind::lbrace) {
      if (!glued && follows_match())
        opened.arm = Arm::pattern;
      else
        opened.signature = Signature::possible;
    } else if (kind != TokenKind::lrecord && follows_def()) {
      opened.signature = Signature::inside;
    }
    single(kind, glued);
    open_.push_back(opened);
  }

  void close(TokenKind kind, char c, bool glued) {
    if (open_.empty() || closer(open_.back()) != c) {
      Span here = one_at(at_);
      if (open_.empty())
        return fail(here, "closing bracket without an opening one", "nothing is open here",
                    "remove it");
      fail(here, "brackets do not match", std::string("expected `") + closer(open_.back()) + "`",
           "close what was opened last first");
      error_->labels.push_back({one_at(open_.back().at), "opened here"});
      return;
    }
    size_t opener = open_.back().token;
    open_.pop_back();
    single(kind, glued);
    openers_.back() = opener;
  }

  void next(bool glued) {
    char c = peek();
    switch (c) {
      case '\n':
        return single(TokenKind::newline, glued);
      case '|':
        return pipe(glued);
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
    if (c == ',' && comma_separates()) return single(TokenKind::comma, glued);
    if (c == ':' && colon_separates()) return single(TokenKind::colon, glued);
    if (in_signature()) {
      if (c == '=') return single(TokenKind::word, glued, "=");
      if (tokens_.back().kind == TokenKind::colon && type(glued)) return;
    }
    if (is_quote(c)) return string(glued);
    if (c == '$' && (peek(1) == '"' || peek(1) == '\'')) return interpolation(glued);
    if (c == 'r' && peek(1) == '#') {
      if (raw_string(glued)) return;
    }
    word(glued);
  }

  void pipe(bool glued) {
    Signature before = signature();
    single(TokenKind::pipe, glued);
    if (!inside(TokenKind::lbrace) && !open_.empty()) return;
    if (before == Signature::possible) signature() = Signature::inside;
    if (before == Signature::inside) signature() = Signature::none;
  }

  // `match VALUE` stands before this brace.
  bool follows_match() const {
    size_t level = open_.size(), at = tokens_.size();
    while (at > 0 && tokens_[at - 1].level == level) {
      at = openers_[at - 1];
      if (!tokens_[at].glued) break;
    }
    return at > 0 && tokens_[at - 1].level == level && tokens_[at - 1].kind == TokenKind::word &&
           tokens_[at - 1].text == "match";
  }

  // `def NAME` stands before this bracket, with flags or without.
  bool follows_def() const {
    size_t level = open_.size(), at = tokens_.size();
    bool named = false;
    for (int i = 0; i < 6 && at > 0 && tokens_[at - 1].level == level; ++i) {
      const Token& token = tokens_[--at];
      if (token.kind == TokenKind::word && token.text == "def") {
        bool first = at == 0 || tokens_[at - 1].level != level ||
                     tokens_[at - 1].kind != TokenKind::word || tokens_[at - 1].text == "export";
        return named && first;
      }
      if (token.kind != TokenKind::word && token.kind != TokenKind::string) return false;
      named = true;
    }
    return false;
  }

  // As Nushell decides it: a brace opens a record where its first word has a colon after it. In a
  // pattern it opens nothing else.
  bool begins_record() const {
    if (in_pattern()) return true;
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
    if (source_.substr(at).starts_with("$\"") || source_.substr(at).starts_with("$'")) ++at;
    if (at < source_.size() && is_quote(source_[at])) {
      std::optional<size_t> end = quote_end(at);
      if (!end) return false;
      at = *end;
    } else {
      while (at < source_.size() && !is_blank(source_[at]) &&
             !is_one_of(source_[at], "\n|;(){}[]:\"'`,"))
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

  void fail_unclosed_string(size_t quote) {
    if (unclosed_in_string()) return;
    fail(one_at(quote), "unclosed string", "opened here",
         std::string("add the closing ") + source_[quote]);
  }

  // Where the string at `start` ends; 0 with the error set where it does not.
  size_t end_of_string(size_t start) {
    if (std::optional<size_t> end = quote_end(start)) return *end;
    fail_unclosed_string(start);
    return 0;
  }

  // The text from `start` to here as a string.
  void push_text(size_t start, size_t token_start, bool escapes, bool glued, size_t end) {
    std::string_view text = source_.substr(start, end - start);
    if (!escapes) return push(TokenKind::string, token_start, glued, std::string(text));
    Result<std::string> plain = unescape(text, span(start, end).start);
    if (plain)
      push(TokenKind::string, token_start, glued, std::move(plain).value());
    else
      error_ = std::move(plain).error();
  }

  void string(bool glued) {
    size_t start = at_, end = end_of_string(start);
    if (error_) return;
    at_ = end;
    push_text(start + 1, start, source_[start] == '"', glued, end - 1);
  }

  void interpolation(bool glued) {
    Open opened{TokenKind::interpolation, at_ + 1, tokens_.size()};
    opened.quote = peek(1);
    at_ += 2;
    push(TokenKind::interpolation, at_ - 2, glued);
    open_.push_back(opened);
  }

  // Inside of $"...": text up to a parenthesis or the end.
  void interpolated() {
    const Open& opened = open_.back();
    size_t start = at_, opener = opened.token, quote_at = opened.at;
    char quote = opened.quote;
    while (at_ < source_.size() && peek() != quote && peek() != '(')
      at_ += quote == '"' && peek() == '\\' ? 2 : 1;
    if (at_ >= source_.size()) {
      open_.pop_back();
      return fail_unclosed_string(quote_at);
    }
    if (at_ > start) push_text(start, start, quote == '"', true, at_);
    if (error_) return;
    if (peek() == '(') return open(TokenKind::lparen, true);
    open_.pop_back();
    single(TokenKind::interpolation_end, true);
    openers_.back() = opener;
  }

  // r#'...'#, with as many # at either end.
  bool raw_string(bool glued) {
    size_t hashes = 0, start = at_;
    while (peek(1 + hashes) == '#') ++hashes;
    if (peek(1 + hashes) != '\'') return false;
    std::string close = "'" + std::string(hashes, '#');
    size_t text = start + hashes + 2, end = source_.find(close, text);
    if (end == std::string_view::npos) {
      fail(span(start, text), "unclosed string", "opened here", "add the closing " + close);
      return true;
    }
    at_ = end + close.size();
    push(TokenKind::string, start, glued, std::string(source_.substr(text, end - text)));
    return true;
  }

  // `record<a: int, b: list<int>>` is one word behind the colon of a parameter.
  bool type(bool glued) {
    size_t start = at_;
    long angles = 0;
    while (at_ < source_.size() && !is_one_of(peek(), "|;(){}[]@\"'`")) {
      char c = peek();
      if (angles <= 0 && (is_blank(c) || is_one_of(c, "\n,=:"))) break;
      angles += c == '<' ? 1 : c == '>' ? -1 : 0;
      ++at_;
    }
    if (at_ == start) return false;
    push(TokenKind::word, start, glued, std::string(source_.substr(start, at_ - start)));
    return true;
  }

  void word(bool glued) {
    size_t start = at_;
    bool is_flag = peek() == '-' && (peek(1) == '-' || (peek(1) | 0x20) >= 'a') && peek(1) < 127;
    while (at_ < source_.size()) {
      char c = source_[at_];
      if (is_blank(c) || is_one_of(c, "\n|;(){}[]")) break;
      if (c == ',' && comma_separates()) break;
      if (c == ':' && colon_separates() && !begins_time(source_.substr(start, at_ - start))) break;
      if (c == '=' && in_signature()) break;
      if (c == '=' && is_flag) {  // the flag's value is a token of its own
        ++at_;
        break;
      }
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
  uint32_t offset_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::vector<size_t> openers_;  // of each closing bracket's token; of others themselves
  std::vector<Open> open_;
  Signature outermost_ = Signature::possible;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source, uint32_t offset) {
  return Lexer(source, offset).run();
}

}  // namespace bytecode
