// Operators: what Nushell calls math expressions, with its precedences.

#include "bytecode/parser/impl.hpp"

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
    {"=~", Op::matches, 80},
    {"like", Op::matches, 80},
    {"!~", Op::not_matches, 80},
    {"not-like", Op::not_matches, 80},
    {"in", Op::in, 80},
    {"not-in", Op::not_in, 80},
    {"has", Op::has, 80},
    {"not-has", Op::not_has, 80},
    {"starts-with", Op::starts_with, 80},
    {"not-starts-with", Op::not_starts_with, 80},
    {"ends-with", Op::ends_with, 80},
    {"not-ends-with", Op::not_ends_with, 80},
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

}  // namespace

bool is_operator_word(std::string_view word) { return find_operator(word) || find_foreign(word); }

bool Parser::at_operator() const { return at(TokenKind::word) && is_operator_word(peek().text); }

ast::ExprPtr Parser::expression(int least_precedence) {
  Nesting nesting(*this, peek().span);
  ExprPtr left = unary();
  while (!panicking_) {
    bool pipes = at_double_pipe();
    if (!pipes && !at(TokenKind::word) && !at(TokenKind::string)) break;
    const Token& token = peek();
    Span op_span = pipes ? Span{token.span.start, peek(1).span.end} : token.span;
    std::string_view word = pipes ? "||" : std::string_view(token.text);
    if (token.kind == TokenKind::word && (word == "else" || word == "=>")) break;
    const Operator* row = token.kind == TokenKind::string ? nullptr : find_operator(word);
    const Foreign* foreign = row ? nullptr : find_foreign(word);
    if (foreign && dialect_ == Dialect::text && in_text_dialect(word))
      row = find_operator(foreign->nushell);
    else if (foreign)
      return fail(op_span, "`" + std::string(word) + "` is not an operator of Nushell",
                  "not an operator", "use " + std::string(foreign->nushell));
    if (!row && redirected()) return left;
    if (!row)
      return fail(op_span, "expected an operator", "not an operator",
                  "a value stands between operators; a command stands before its values");
    if (row->precedence < least_precedence) break;
    take();
    if (pipes) take();
    if (at_end_of_element() || at(TokenKind::lbrace) || at_word("=>"))
      return fail(
          op_span, "nothing after `" + std::string(word) + "`", "expected a value after this",
          at(TokenKind::newline) ? "put the whole expression into parentheses to break the line"
                                 : "write the value");
    // ** groups from the right, all others from the left.
    int next = row->op == Op::power ? row->precedence : row->precedence + 1;
    if (columns_) left = column(std::move(left));
    ast::Binary binary{row->op, op_span, std::move(left), expression(next)};
    Span span{binary.left->span.start, std::max(binary.left->span.end, binary.right->span.end)};
    uint32_t depth = std::max(binary.left->depth, binary.right->depth);
    left = make(span, std::move(binary), depth);
  }
  return left;
}

ast::ExprPtr Parser::unary() {
  if (at_word("if")) return conditional();
  if (at_word("match")) return match();
  if (!at_word("not")) return value();
  Nesting nesting(*this, peek().span);
  uint32_t start = take().span.start;
  ast::Not node{unary()};
  Span span{start, std::max(start, node.operand->span.end)};
  uint32_t depth = node.operand->depth;
  return make(span, std::move(node), depth);
}

// In the condition of a `where` Nushell reads a text as a column where it is the left operand of
// any operator, or all that there is; quoted text, too.
ast::ExprPtr Parser::column(ExprPtr expr) {
  if (auto* node = std::get_if<ast::Not>(&expr->node))
    node->operand = column(std::move(node->operand));
  auto* literal = std::get_if<ast::Literal>(&expr->node);
  const std::string* name = literal ? literal->value.get_if<std::string>() : nullptr;
  if (!name) return expr;
  if (!literal->bare) {
    ast::Column quoted;
    quoted.members.push_back({*name, expr->span, false});
    return make(expr->span, std::move(quoted));
  }
  std::optional<std::vector<ast::Member>> members = parse_cell_path(*name, expr->span);
  if (!members) return expr;
  return make(expr->span, ast::Column{std::move(*members)});
}

}  // namespace bytecode
