// Values: strings, brackets, ranges, and what may stand behind them.

#include "bytecode/parser/impl.hpp"

namespace bytecode {

ast::ExprPtr Parser::value() {
  Nesting nesting(*this, peek().span);
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::word:
      return joined_word(word_value());
    case TokenKind::string:
      return string();
    case TokenKind::interpolation:
      return interpolation();
    case TokenKind::lparen:
      return joined_word(with_path(subexpression()));
    case TokenKind::lrecord:
      return with_path(record());
    case TokenKind::lbracket:
      return with_path(list());
    case TokenKind::lbrace:
      if (peek(1).kind != TokenKind::rbrace) return closure();
      take();
      take();
      return make(since(token.span.start), ast::Record{});
    case TokenKind::interpolation_end:
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

ast::ExprPtr Parser::string() {
  const Token& token = take();
  if (at_glued(TokenKind::word) && !peek().text.starts_with('.'))
    return fail(peek().span, "text glued to a string", "after the closing quote",
                "put a space between them");
  return make(token.span, ast::Literal{Value(token.text), false});
}

ast::ExprPtr Parser::interpolation() {
  uint32_t start = take().span.start, depth = 0;
  ast::Interpolation result;
  while (at(TokenKind::string) || at(TokenKind::lparen)) {
    if (at(TokenKind::string)) {
      const Token& text = take();
      result.parts.push_back(make(text.span, ast::Literal{Value(text.text), false}));
    } else {
      result.parts.push_back(subexpression());
    }
    depth = std::max(depth, result.parts.back()->depth);
  }
  take();
  return make(since(start), std::move(result), depth);
}

// `foo($x)bar`, `(1 + 2)kb`: a word with parentheses in it is a text of parts.
ast::ExprPtr Parser::joined_word(ExprPtr first) {
  const auto* literal = std::get_if<ast::Literal>(&first->node);
  bool is_text = literal && literal->bare && at_glued(TokenKind::lparen);
  bool is_group = std::holds_alternative<ast::Subexpression>(first->node) &&
                  (at_glued(TokenKind::word) || at_glued(TokenKind::lparen));
  if (panicking_ || (!is_text && !is_group)) return first;
  if (at(TokenKind::word) && is_operator_word(peek().text.substr(0, 1)))
    return fail(peek().span, "no spaces around `" + peek().text.substr(0, 1) + "`",
                "read as one word", "put a space at both sides of it");
  uint32_t start = first->span.start, depth = first->depth;
  ast::Interpolation result;
  result.parts.push_back(std::move(first));
  while (at_glued(TokenKind::word) || at_glued(TokenKind::lparen)) {
    if (at(TokenKind::lparen)) {
      result.parts.push_back(subexpression());
    } else {
      const Token& text = take();
      result.parts.push_back(make(text.span, ast::Literal{Value(text.text), true}));
    }
    depth = std::max(depth, result.parts.back()->depth);
  }
  return make(since(start), std::move(result), depth);
}

// A path or the rest of a range that follows a bracket: `{a: 1}.a`, `($ctx).pid`, `(1 + 2)..5`.
ast::ExprPtr Parser::with_path(ExprPtr base) {
  if (!at_glued(TokenKind::word) || !peek().text.starts_with('.')) return base;
  const Token& token = take();
  std::string_view word = token.text;
  size_t dots = std::min(range_operator(word), word.size());
  uint32_t end = token.span.start + static_cast<uint32_t>(dots);
  if (dots > 0) {
    Span span{base->span.start, end};
    uint32_t depth = base->depth;
    ast::Path path{std::move(base), members(word.substr(0, dots), token.span.start)};
    base = make(span, std::move(path), depth);
  }
  if (dots == word.size()) return base;
  return range(std::move(base), word.substr(dots), end);
}

// `rest` is the remainder of the word that has just been taken, from the first `..` on.
ast::ExprPtr Parser::range(ExprPtr from, std::string_view rest, uint32_t at) {
  uint32_t start = from ? from->span.start : at;
  ast::Range result;
  std::vector<ExprPtr> ends;
  bool inclusive = true;
  while (!panicking_ && rest.starts_with("..")) {
    size_t sign = rest.substr(2).starts_with('<') || rest.substr(2).starts_with('=') ? 3 : 2;
    if (ends.size() == 2 || !inclusive)
      return fail({start, at + static_cast<uint32_t>(rest.size())}, "not a range", "not a range",
                  "a range is 1..5, 1..<5 or 0..2..10");
    inclusive = !rest.starts_with("..<");
    rest.remove_prefix(sign);
    at += static_cast<uint32_t>(sign);
    ends.push_back(range_end(rest, at));
  }
  uint32_t depth = from ? from->depth : 0;
  for (const ExprPtr& end : ends) depth = std::max(depth, end ? end->depth : 0);
  if (!panicking_ && ends.size() == 2 && !ends[0])
    return fail(since(start), "not a range", "not a range", "a range is 1..5, 1..<5 or 0..2..10");
  result.inclusive = inclusive;
  result.from = std::move(from);
  if (!ends.empty()) result.to = std::move(ends.back());
  if (ends.size() == 2) result.next = std::move(ends.front());
  return make(since(start), std::move(result), depth);
}

// The value behind a `..`, where there is one; `rest` is left at what follows it.
ast::ExprPtr Parser::range_end(std::string_view& rest, uint32_t& at) {
  ExprPtr end;
  size_t dots = 0;
  if (rest.empty() && at_glued(TokenKind::lparen)) {
    end = subexpression();
    if (!at_glued(TokenKind::word) || !peek().text.starts_with('.')) return end;
    const Token& token = take();
    rest = token.text;
    at = token.span.start;
    dots = std::min(range_operator(rest), rest.size());
    if (dots > 0) {
      Span span{end->span.start, at + static_cast<uint32_t>(dots)};
      uint32_t depth = end->depth;
      ast::Path path{std::move(end), members(rest.substr(0, dots), at)};
      end = make(span, std::move(path), depth);
    }
  } else {
    dots = std::min(range_operator(rest), rest.size());
    if (dots > 0) end = piece(rest.substr(0, dots), {at, at + static_cast<uint32_t>(dots)});
  }
  rest.remove_prefix(dots);
  at += static_cast<uint32_t>(dots);
  return end;
}

ast::ExprPtr Parser::subexpression() {
  uint32_t start = take().span.start;
  ast::Subexpression node{block()};
  take();
  uint32_t depth = depth_of(node.block);
  return make(since(start), std::move(node), depth);
}

// A value, or one with `...` before it.
ast::ExprPtr Parser::item() {
  const Token& token = peek();
  Within none(columns_, false);
  if (token.kind != TokenKind::word || !token.text.starts_with("...")) return value();
  bool bracket = token.text == "..." && peek(1).glued &&
                 (peek(1).kind == TokenKind::lbracket || peek(1).kind == TokenKind::lparen ||
                  peek(1).kind == TokenKind::lrecord || peek(1).kind == TokenKind::lbrace);
  bool is_variable = token.text.starts_with("...$");
  if (!bracket && !is_variable) return value();
  take();
  ast::Spread spread{bracket ? value()
                             : variable(std::string_view(token.text).substr(4),
                                        {token.span.start + 3, token.span.end})};
  uint32_t depth = spread.value->depth;
  return make(since(token.span.start), std::move(spread), depth);
}

ast::ExprPtr Parser::record() {
  uint32_t start = take().span.start, depth = 0;
  ast::Record record;
  while (!at(TokenKind::rbrace) && !panicking_) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    ast::Entry next = entry();
    for (const ast::Entry& other : record.entries)
      if (!panicking_ && !next.spread && !other.spread && other.key == next.key)
        fail(next.key_span, "field `" + next.key + "` is there twice", "the second one",
             "rename one of them");
    if (next.value) depth = std::max(depth, next.value->depth);
    record.entries.push_back(std::move(next));
  }
  take();
  return make(since(start), std::move(record), depth);
}

ast::Entry Parser::entry() {
  ast::Entry result;
  const Token& key = peek();
  result.key = key.text;
  result.key_span = key.span;
  if (key.kind == TokenKind::word && key.text.starts_with("...")) {
    result.key.clear();
    result.spread = true;
    ExprPtr spread = item();
    if (auto* node = std::get_if<ast::Spread>(&spread->node))
      result.value = std::move(node->value);
    else
      fail(key.span, "nothing to spread", "expected a record after this",
           "write ...$record or ...{a: 1}");
    return result;
  }
  take();
  if (key.kind == TokenKind::interpolation || key.text.starts_with('$')) {
    fail(key.span, "field names must be known here", "not a literal name",
         "write the fields out: {name: value}");
  } else if (key.kind != TokenKind::word && key.kind != TokenKind::string) {
    fail(key.span, "expected a field name", "not a name", "a record is {name: value}");
  } else if (!at(TokenKind::colon)) {
    fail(peek().span, "expected `:` after the field name", "expected `:`",
         "a field holds one value: put a calculation into parentheses, {a: (1 + 2)}");
  }
  take();
  Within none(columns_, false);
  result.value = value();
  return result;
}

ast::ExprPtr Parser::list() {
  uint32_t start = take().span.start, depth = 0;
  ast::List list;
  while (!at(TokenKind::rbracket) && !panicking_) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    if (at(TokenKind::semicolon) && list.items.size() == 1)
      return table(std::move(list.items.front()), start);
    list.items.push_back(item());
    depth = std::max(depth, list.items.back()->depth);
  }
  take();
  return make(since(start), std::move(list), depth);
}

// `[[a b]; [1 2] [3 4]]`, from the semicolon on.
ast::ExprPtr Parser::table(ExprPtr head, uint32_t start) {
  take();
  const auto* names = std::get_if<ast::List>(&head->node);
  bool named = names;
  for (size_t i = 0; named && i < names->items.size(); ++i) {
    const auto* name = std::get_if<ast::Literal>(&names->items[i]->node);
    named = name && name->value.get_if<std::string>();
  }
  if (!named)
    return fail(head->span, "the head of a table has the names of its columns", "not names",
                "write [[a b]; [1 2] [3 4]]");
  ast::List rows;
  uint32_t depth = head->depth;
  while (!at(TokenKind::rbracket) && !panicking_) {
    if (at(TokenKind::comma)) {
      take();
      continue;
    }
    Span span = peek().span;
    ExprPtr cells = value();
    auto* list = std::get_if<ast::List>(&cells->node);
    rows.items.push_back(list ? row(*names, *list, cells->span)
                              : fail(panicking_ ? span : cells->span, "a table's row is a list",
                                     "not a list", "write [[a b]; [1 2] [3 4]]"));
    depth = std::max(depth, rows.items.back()->depth);
  }
  take();
  return make(since(start), std::move(rows), depth);
}

ast::ExprPtr Parser::row(const ast::List& head, ast::List& cells, Span span) {
  ast::Record record;
  uint32_t depth = 0;
  for (const ExprPtr& cell : cells.items)
    if (std::holds_alternative<ast::Spread>(cell->node))
      return fail(cell->span, "a table's row has its values written out", "not one value",
                  "write [[a b]; [1 2] [3 4]]");
  if (cells.items.size() != head.items.size())
    return fail(span,
                "a row of " + std::to_string(cells.items.size()) + " under " +
                    std::to_string(head.items.size()) + " columns",
                "not as long as the head", "give each column a value");
  for (size_t i = 0; i < cells.items.size(); ++i) {
    const ast::Expr& name = *head.items[i];
    std::string key = *std::get<ast::Literal>(name.node).value.get_if<std::string>();
    for (const ast::Entry& other : record.entries)
      if (other.key == key)
        return fail(name.span, "field `" + key + "` is there twice", "the second one",
                    "rename one of them");
    depth = std::max(depth, cells.items[i]->depth);
    record.entries.push_back({std::move(key), name.span, std::move(cells.items[i])});
  }
  return make(span, std::move(record), depth);
}

}  // namespace bytecode
