// Expressions and values: what Nushell calls math expressions, with its precedences.

#include "bytecode/error_at.hpp"
#include "bytecode/literals.hpp"
#include "bytecode/parser_impl.hpp"

namespace bytecode {
namespace {

using ast::Op;

struct Operator {
  std::string_view word;
  Op op;
  int precedence;  // Nushell's own numbers; comparisons bind tighter than the bit operators
};

constexpr Operator operators[] = {
    {"**", Op::power, 100},
    {"*", Op::multiply, 95},
    {"/", Op::divide, 95},
    {"//", Op::floor_divide, 95},
    {"mod", Op::modulo, 95},
    {"+", Op::add, 90},
    {"-", Op::subtract, 90},
    {"bit-shl", Op::shift_left, 85},
    {"bit-shr", Op::shift_right, 85},
    {"==", Op::equal, 80},
    {"!=", Op::not_equal, 80},
    {"<", Op::less, 80},
    {"<=", Op::less_equal, 80},
    {">", Op::greater, 80},
    {">=", Op::greater_equal, 80},
    {"++", Op::concatenate, 80},
    {"=~", Op::unsupported, 80},
    {"!~", Op::unsupported, 80},
    {"like", Op::unsupported, 80},
    {"not-like", Op::unsupported, 80},
    {"in", Op::unsupported, 80},
    {"not-in", Op::unsupported, 80},
    {"has", Op::unsupported, 80},
    {"not-has", Op::unsupported, 80},
    {"starts-with", Op::unsupported, 80},
    {"ends-with", Op::unsupported, 80},
    {"bit-and", Op::bit_and, 75},
    {"bit-xor", Op::bit_xor, 70},
    {"bit-or", Op::bit_or, 60},
    {"and", Op::logical_and, 50},
    {"xor", Op::logical_xor, 45},
    {"or", Op::logical_or, 40},
};

// The spellings of other languages: operators in the text dialect, good hints elsewhere.
struct Foreign {
  std::string_view word;
  std::string_view nushell;
};
constexpr Foreign foreign_operators[] = {{"&&", "and"},     {"||", "or"},      {"^", "xor"},
                                         {"%", "mod"},      {"&", "bit-and"},  {"=", "=="},
                                         {"<<", "bit-shl"}, {">>", "bit-shr"}, {"===", "=="}};

const Operator* find_operator(std::string_view word) {
  for (const Operator& row : operators)
    if (row.word == word) return &row;
  return nullptr;
}

const Foreign* find_foreign(std::string_view word) {
  for (const Foreign& row : foreign_operators)
    if (row.word == word) return &row;
  return nullptr;
}

bool in_text_dialect(std::string_view word) {
  return word == "&&" || word == "||" || word == "^" || word == "%";
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-' || (c & 0x80);
    if (!plain) return false;
  }
  return true;
}

bool is_date(std::string_view word) {
  if (word.size() < 10 || word[4] != '-' || word[7] != '-') return false;
  for (size_t i : {0, 1, 2, 3, 5, 6, 8, 9})
    if (word[i] < '0' || word[i] > '9') return false;
  return true;
}

}  // namespace

ast::ExprPtr Parser::expression(int least_precedence) {
  Nesting nesting(*this, peek().span);
  ExprPtr left = unary();
  while (!panicking_) {
    bool pipes = at_double_pipe();
    if (!pipes && !at(TokenKind::word) && !at(TokenKind::string)) break;
    const Token& token = peek();
    Span op_span = pipes ? Span{token.span.start, peek(1).span.end} : token.span;
    std::string_view word = pipes ? "||" : std::string_view(token.text);
    if (word == "else") break;
    const Operator* row = token.kind == TokenKind::string ? nullptr : find_operator(word);
    const Foreign* foreign = row ? nullptr : find_foreign(word);
    if (foreign && dialect_ == Dialect::text && in_text_dialect(word))
      row = find_operator(foreign->nushell);
    else if (foreign)
      return fail(op_span, "`" + std::string(word) + "` is not an operator of Nushell",
                  "not an operator", "use " + std::string(foreign->nushell));
    if (!row)
      return fail(op_span, "expected an operator", "not an operator",
                  "a value stands between operators; a command stands before its values");
    if (row->precedence < least_precedence) break;
    take();
    if (pipes) take();
    if (at_end_of_statement() || at(TokenKind::pipe) || at(TokenKind::lbrace))
      return fail(
          op_span, "nothing after `" + std::string(word) + "`", "expected a value after this",
          at(TokenKind::newline) ? "put the whole expression into parentheses to break the line"
                                 : "write the value");
    // ** groups from the right, all others from the left.
    int next = row->op == Op::power ? row->precedence : row->precedence + 1;
    ast::Binary binary{row->op, op_span, std::move(left), expression(next)};
    Span span{binary.left->span.start, std::max(binary.left->span.end, binary.right->span.end)};
    uint32_t depth = std::max(binary.left->depth, binary.right->depth);
    left = make(span, std::move(binary), depth);
  }
  return left;
}

ast::ExprPtr Parser::unary() {
  if (!at_word("not")) return value();
  Nesting nesting(*this, peek().span);
  uint32_t start = take().span.start;
  ast::Not node{unary()};
  Span span{start, std::max(start, node.operand->span.end)};
  uint32_t depth = node.operand->depth;
  return make(span, std::move(node), depth);
}

ast::ExprPtr Parser::value() {
  Nesting nesting(*this, peek().span);
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::word:
      return word_value();
    case TokenKind::string: {
      take();
      if (at(TokenKind::word) && peek().glued && !peek().text.starts_with('.'))
        return fail(peek().span, "text glued to a string", "after the closing quote",
                    "put a space between them");
      return make(token.span, ast::Literal{Value(token.text), false});
    }
    case TokenKind::interpolation:
      take();
      return refused(token.span, "string interpolation is not supported in a probe",
                     "not supported yet", "send the parts in a record and join them in Nushell");
    case TokenKind::lparen:
      return with_path(subexpression());
    case TokenKind::lrecord:
      return with_path(record());
    case TokenKind::lbracket:
      return with_path(list());
    case TokenKind::lbrace:
      if (peek(1).kind == TokenKind::rbrace) {
        take();
        take();
        return make(since(token.span.start), ast::Record{});
      }
      return fail(token.span, "a closure cannot be a value in a probe", "read as a closure",
                  "a record is {name: value}");
    case TokenKind::rparen:
    case TokenKind::rbrace:
    case TokenKind::rbracket:
    case TokenKind::pipe:
    case TokenKind::semicolon:
    case TokenKind::newline:
    case TokenKind::comma:
    case TokenKind::colon:
    case TokenKind::end:
      break;
  }
  return fail(token.span, "expected a value, found " + shown(token), "expected a value",
              "write a value, such as $ctx.pid");
}

ast::ExprPtr Parser::word_value() {
  const Token& token = take();
  const std::string& word = token.text;
  if (at(TokenKind::lbracket) && peek().glued && word.starts_with("0"))
    return fail({token.span.start, peek().span.end}, "binary values are not supported in a probe",
                "not supported yet", "use an int or a string");
  if (word.starts_with('$')) return variable(token, std::string_view(word).substr(1));
  if (std::optional<Value> value = parse_literal(word))
    return make(token.span, ast::Literal{*value, false});
  if (is_date(word))
    return refused(token.span, "dates are not supported in a probe", "not supported yet",
                   "compare times in Nushell");
  bool digit = word[0] >= '0' && word[0] <= '9';
  if (size_t dots = word.find(".."); dots != std::string::npos && (digit || word[0] == '.'))
    return refused(token.span, "ranges are not supported in a probe", "not supported yet",
                   "compare with both ends");
  if (digit && glued_operator(token)) return make(token.span, ast::Literal{});
  if (const Operator* row = find_operator(word); row || find_foreign(word))
    return fail(token.span, "unexpected operator `" + word + "`", "expected a value",
                "put a calculation into parentheses: (1 + 2)");
  if (bare_names_ && is_name(word.substr(0, word.find('.')))) {
    std::string first = word.substr(0, word.find('.'));
    bool is_event = parameter_.empty() ? first == "event" || first == "ctx" : first == parameter_;
    if (is_event) return variable(token, word);
  }
  if (digit)
    return fail(token.span, "`" + word + "` is not a number", "not a number",
                "quote it if it is text: \"" + word + "\"");
  return make(token.span, ast::Literal{Value(word), true});
}

// `text` is the word without the $, at the end of the token.
ast::ExprPtr Parser::variable(const Token& token, std::string_view text) {
  uint32_t at = token.span.end - static_cast<uint32_t>(text.size());
  size_t dot = text.find('.');
  std::string_view name = text.substr(0, dot);
  if (glued_operator(token)) return make(token.span, ast::Literal{});
  if (!is_name(name))
    return fail({token.span.start, at + static_cast<uint32_t>(name.size())}, "not a variable name",
                "not a name", "a name has letters, digits, `_` and `-`");
  Span name_span{token.span.start, at + static_cast<uint32_t>(name.size())};
  ExprPtr base = make(name_span, ast::Variable{std::string(name)});
  if (dot == std::string_view::npos) return base;
  ast::Path path{std::move(base), members(text.substr(dot), at + static_cast<uint32_t>(dot))};
  return make(token.span, std::move(path), 1);
}

// `.a."b c".d?`, beginning with the dot.
std::vector<ast::Member> Parser::members(std::string_view text, uint32_t at) {
  std::vector<ast::Member> result;
  size_t i = 0;
  while (i < text.size() && text[i] == '.') {
    size_t start = ++i;
    ast::Member member;
    if (i < text.size() && (text[i] == '"' || text[i] == '\'' || text[i] == '`')) {
      size_t end = text.find(text[i], i + 1);
      member.name = text.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      while (i < text.size() && text[i] != '.' && text[i] != '?' && text[i] != '!') ++i;
      member.name = text.substr(start, i - start);
    }
    member.span = {at + static_cast<uint32_t>(start), at + static_cast<uint32_t>(i)};
    while (i < text.size() && (text[i] == '?' || text[i] == '!'))
      member.optional |= text[i++] == '?';
    if (member.name.empty()) break;
    result.push_back(std::move(member));
  }
  if (i < text.size() || result.empty() || text.back() == '.')
    fail({at, at + static_cast<uint32_t>(text.size())}, "not a path to a field", "not a path",
         "write $ctx.NAME or $ctx.args.NAME");
  return result;
}

// A path that follows a bracket: `{a: 1}.a`, `($ctx).pid`.
ast::ExprPtr Parser::with_path(ExprPtr base) {
  if (!at(TokenKind::word) || !peek().glued || !peek().text.starts_with('.')) return base;
  const Token& token = take();
  Span span{base->span.start, token.span.end};
  uint32_t depth = base->depth;
  ast::Path path{std::move(base), members(token.text, token.span.start)};
  return make(span, std::move(path), depth);
}

ast::ExprPtr Parser::subexpression() {
  uint32_t start = take().span.start, depth = 0;
  ast::Subexpression node{block()};
  take();
  for (const ExprPtr& item : node.block.items) depth = std::max(depth, item->depth);
  return make(since(start), std::move(node), depth);
}

ast::ExprPtr Parser::record() {
  uint32_t start = take().span.start, depth = 0;
  ast::Record record;
  while (!at(TokenKind::rbrace) && !panicking_) {
    const Token& key = take();
    if (key.kind == TokenKind::comma) continue;
    if (key.kind != TokenKind::word && key.kind != TokenKind::string)
      return fail(key.span, "expected a field name", "not a name", "a record is {name: value}");
    if (key.text.starts_with("...") || key.text.starts_with('$'))
      return fail(key.span, "field names must be known here", "not a literal name",
                  "write the fields out: {name: value}");
    if (!at(TokenKind::colon))
      return fail(peek().span, "expected `:` after the field name", "expected `:`",
                  "a field holds one value: put a calculation into parentheses, {a: (1 + 2)}");
    take();
    for (const ast::Entry& other : record.entries)
      if (other.key == key.text)
        return fail(key.span, "field `" + key.text + "` is there twice", "the second one",
                    "rename one of them");
    record.entries.push_back({key.text, key.span, value()});
    depth = std::max(depth, record.entries.back().value->depth);
  }
  take();
  return make(since(start), std::move(record), depth);
}

ast::ExprPtr Parser::list() {
  uint32_t start = take().span.start, depth = 0;
  ast::List list;
  while (!at(TokenKind::rbracket) && !panicking_) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    list.items.push_back(value());
    depth = std::max(depth, list.items.back()->depth);
  }
  take();
  return make(since(start), std::move(list), depth);
}

bool Parser::glued_operator(const Token& token) {
  std::string_view text = token.text;
  size_t quote = text.find_first_of("\"'`");
  size_t at = text.substr(0, quote).find_first_of("<>=!+*/%&^");
  // In a word that begins with a digit a minus is one too; in a name it is a letter.
  if (at == std::string_view::npos && text[0] >= '0' && text[0] <= '9') at = text.find('-');
  if (at == std::string_view::npos || at == 0) return false;
  if (text[at] == '!' && (at + 1 == text.size() || text[at + 1] != '=')) return false;  // .Name!
  size_t end = std::min(text.find_first_not_of("<>=!+*/%&^-", at), text.size());
  std::string op(text.substr(at, end - at));
  fail(token.span, "no spaces around `" + op + "`", "read as one word",
       "write " + std::string(text.substr(0, at)) + " " + op + " " + std::string(text.substr(end)));
  return true;
}

std::string Parser::shown(const Token& token) const {
  if (token.kind == TokenKind::end) return "the end";
  if (token.kind == TokenKind::newline) return "the end of the line";
  return "`" + std::string(source_.substr(token.span.start, token.span.end - token.span.start)) +
         "`";
}

ast::ExprPtr Parser::make(Span span, ast::Expr::Node node, uint32_t depth_below) {
  auto expr = std::make_unique<ast::Expr>(ast::Expr{span, depth_below + 1, std::move(node)});
  if (expr->depth > max_nesting) return too_deep(span);
  return expr;
}

ast::ExprPtr Parser::fail(Span span, std::string message, std::string label, std::string hint) {
  if (!panicking_)
    errors_.push_back(error_at(span, std::move(message), std::move(label), std::move(hint)));
  panicking_ = true;
  return std::make_unique<ast::Expr>(ast::Expr{span, 1, ast::Literal{}});
}

ast::ExprPtr Parser::too_deep(Span span) {
  return fail(span, "nested more than " + std::to_string(max_nesting) + " deep", "too deep here",
              "use let to name a part of it");
}

ast::ExprPtr Parser::refused(Span span, std::string message, std::string label, std::string hint) {
  return make(span,
              ast::Refused{error_at(span, std::move(message), std::move(label), std::move(hint))});
}

}  // namespace bytecode
