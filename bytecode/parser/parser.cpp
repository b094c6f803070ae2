#include "bytecode/parser/parser.hpp"

#include "bytecode/error_at.hpp"
#include "bytecode/parser/impl.hpp"

namespace bytecode {
namespace {

struct Keyword {
  std::string_view word;
  std::string_view hint;
};

// What Nushell has, and no probe can do. Their syntax differs from a command's, so they are told
// apart here.
constexpr Keyword unsupported_keywords[] = {
    {"try", "a failed read is null in an output, and counted"},
    {"catch", "a failed read is null in an output, and counted"},
    {"alias", "write the command itself where it is used"},
    {"use", "import outside the closure"},
    {"source", "import outside the closure"},
    {"source-env", "import outside the closure"},
    {"overlay", "import outside the closure"},
    {"hide", "import outside the closure"},
    {"module", "define it outside the closure"},
    {"extern", "define it outside the closure"},
    {"export", "remove it: what a closure defines is known in the closure alone"},
    {"export-env", "set it outside the closure"},
};

// What is a statement and no value.
constexpr std::string_view statement_keywords[] = {"let", "mut", "const", "def", "for"};

struct Assignment {
  std::string_view word;
  std::optional<ast::Op> op;
};
constexpr Assignment assignments[] = {
    {"=", std::nullopt},           {"+=", ast::Op::add},    {"-=", ast::Op::subtract},
    {"*=", ast::Op::multiply},     {"/=", ast::Op::divide}, {"//=", ast::Op::floor_divide},
    {"mod=", ast::Op::modulo},     {"%=", ast::Op::modulo}, {"**=", ast::Op::power},
    {"++=", ast::Op::concatenate},
};

const Assignment* find_assignment(std::string_view word) {
  for (const Assignment& row : assignments)
    if (row.word == word) return &row;
  return nullptr;
}

bool closes(TokenKind kind) {
  return kind == TokenKind::rparen || kind == TokenKind::rbrace || kind == TokenKind::rbracket ||
         kind == TokenKind::end;
}

}  // namespace

Result<ast::Closure> Parser::run() {
  ast::Closure closure;
  skip_newlines();
  bool braced = at(TokenKind::lbrace);
  if (braced) {
    take();
    skip_newlines();
  } else if (dialect_ == Dialect::closure) {
    fail(peek().span, "expected a closure", "this is not one", "write {|ctx| ... }");
  }
  uint32_t depth = 0;
  if (at(TokenKind::pipe))
    closure.parameters = parameters(TokenKind::pipe, "write {|ctx| ... }", depth);
  closure.body = block();
  if (braced) {
    take();
    skip_newlines();
  }
  if (!at(TokenKind::end) && errors_.empty())
    fail(peek().span, "text after the closure", "not part of the closure", "remove it");
  if (errors_.empty()) return closure;
  return combined(std::move(errors_));
}

ast::Block Parser::block() {
  ast::Block block;
  if (panicking_) return block;
  Within none(columns_, false);
  uint32_t start = peek().span.start, level = peek().level;
  if (closes(peek().kind)) ++level;  // empty: the bracket that closes it lies outside
  while (true) {
    while (at(TokenKind::newline) || at(TokenKind::semicolon)) take();
    if (closes(peek().kind) && !panicking_) break;
    block.items.push_back(statement());
    if (!panicking_ && !at_end_of_statement())
      fail(peek().span, "unexpected " + shown(peek()), "expected the end of the statement",
           "separate statements by a newline or `;`");
    if (panicking_) recover(level);
  }
  block.span = since(start);
  return block;
}

void Parser::recover(uint32_t level) {
  panicking_ = false;
  while (!at(TokenKind::end)) {
    const Token& token = peek();
    if (token.level < level && closes(token.kind)) return;
    if (token.level == level &&
        (token.kind == TokenKind::newline || token.kind == TokenKind::semicolon))
      return;
    take();
  }
}

ast::Block Parser::braced_block(const std::string& after) {
  if (at(TokenKind::lrecord)) {
    fail(peek().span, "a record where a block is expected", "read as a record",
         "a block that yields a record has two pairs of braces: { {a: 1} }");
    return {};
  }
  if (!at(TokenKind::lbrace)) {
    bool next_line = at(TokenKind::newline);
    Span span = next_line ? tokens_[at_ - 1].span : peek().span;
    fail(span, "expected a block after " + after,
         next_line ? "expected `{` after this" : "expected `{`",
         "write { ... }; the brace is on the same line");
    if (!next_line) return {};
    // The block on the next line belongs to this one all the same.
    panicking_ = false;
    skip_newlines();
    panicking_ = !at(TokenKind::lbrace);
  }
  Nesting nesting(*this, peek().span);
  take();
  if (at(TokenKind::pipe))
    fail(peek().span, "a closure where a block is expected", "a block has no parameters",
         "remove the parameters");
  ast::Block result = block();
  take();
  return result;
}

bool Parser::at_end_of_statement() const {
  return at(TokenKind::newline) || at(TokenKind::semicolon) || closes(peek().kind);
}

// `@example "..." { ... }` before a `def` is documentation, to the end of its line.
void Parser::skip_attributes() {
  while (at(TokenKind::word) && peek().text.starts_with('@')) {
    uint32_t level = peek().level;
    while (peek().level > level || !at(TokenKind::newline)) {
      if (at(TokenKind::end) || (peek().level < level && closes(peek().kind))) return;
      take();
    }
    skip_newlines();
  }
}

ast::ExprPtr Parser::statement() {
  skip_attributes();
  if (at_word("let") || at_word("mut") || at_word("const")) return let();
  if (at_word("def")) return definition();
  if (at_word("for")) return for_loop();
  if (at(TokenKind::word) && peek().text.starts_with('$') && peek(1).kind == TokenKind::word &&
      find_assignment(peek(1).text))
    return assignment();
  return pipeline();
}

ast::ExprPtr Parser::let() {
  const Token& keyword = take();
  uint32_t start = keyword.span.start;
  ast::Let let;
  let.is_mut = keyword.text == "mut";
  if (!at(TokenKind::word))
    return fail(peek().span, "expected a name after `" + keyword.text + "`", "not a name",
                "write " + keyword.text + " x = ...");
  const Token& name = take();
  std::string_view text = name.text;
  if (size_t equals = text.find('='); equals != std::string_view::npos)
    return fail(name.span, "no spaces around `=`", "read as one word",
                "write " + keyword.text + " " + std::string(text.substr(0, equals)) + " = " +
                    std::string(text.substr(equals + 1)));
  let.name_span = name.span;
  let.name = declared(name);
  if (!at_word("="))
    return fail(peek().span, "expected `=` after the name", "expected `=`",
                "write " + keyword.text + " " + let.name + " = ...");
  take();
  let.value = pipeline();
  uint32_t depth = let.value->depth;
  return make(since(start), std::move(let), depth);
}

// The name in `let x`, `for x: int`. Its type is Nushell's business.
std::string Parser::declared(const Token& token) {
  std::string_view name = token.text;
  bool typed = name.ends_with(':');
  name.remove_suffix(typed);
  name.remove_prefix(name.starts_with('$'));
  size_t colon = name.find(':');
  if (colon != std::string_view::npos && is_name(name.substr(0, colon)))
    fail(
        token.span, "no space behind `:`", "read as one word",
        "write " + std::string(name.substr(0, colon)) + ": " + std::string(name.substr(colon + 1)));
  else if (!is_name(name))
    fail(token.span, "not a variable name", "not a name",
         "a name has letters, digits, `_` and `-`");
  long open = 0;
  while (typed && at(TokenKind::word) && !at_word("=")) {
    std::string_view word = take().text;
    open += std::count(word.begin(), word.end(), '<') - std::count(word.begin(), word.end(), '>');
    typed = open > 0;
  }
  return std::string(name);
}

ast::ExprPtr Parser::assignment() {
  const Token& target = take();
  const Token& sign = take();
  std::string_view name = std::string_view(target.text).substr(1);
  size_t dot = std::min(name.find('.'), name.size());
  ast::Assign assign;
  if (!is_name(name.substr(0, dot)))
    return fail(target.span, "not a variable name", "not a name",
                "a name has letters, digits, `_` and `-`");
  assign.name = name.substr(0, dot);
  assign.name_span = {target.span.start, target.span.start + 1 + static_cast<uint32_t>(dot)};
  if (dot < name.size()) assign.path = members(name.substr(dot), assign.name_span.end);
  assign.op = find_assignment(sign.text)->op;
  assign.op_span = sign.span;
  assign.value = pipeline();
  uint32_t depth = assign.value->depth;
  return make(since(target.span.start), std::move(assign), depth);
}

ast::ExprPtr Parser::pipeline() {
  uint32_t start = peek().span.start, depth = 0;
  ast::Pipeline pipeline;
  pipeline.elements.push_back(element());
  while (true) {
    size_t ahead = 0;  // Nushell lets a line begin with the pipe
    while (peek(ahead).kind == TokenKind::newline) ++ahead;
    if (peek(ahead).kind != TokenKind::pipe) break;
    while (at(TokenKind::newline)) take();
    if (at_double_pipe()) {
      fail({peek().span.start, peek(1).span.end}, "`||` is not an operator of Nushell",
           "not an operator", "use or");
      break;
    }
    const Token& pipe = take();
    skip_newlines();
    if (at_end_of_statement()) {
      fail(pipe.span, "nothing after the pipe", "expected a command",
           "write a verb, such as count");
      break;
    }
    pipeline.elements.push_back(element());
  }
  if (pipeline.elements.size() == 1) return std::move(pipeline.elements.front());
  for (const ExprPtr& element : pipeline.elements) depth = std::max(depth, element->depth);
  return make(since(start), std::move(pipeline), depth);
}

ast::ExprPtr Parser::element() {
  const Token& token = peek();
  const std::string& word = token.text;
  if (token.kind != TokenKind::word || is_value_word(word)) return expression();
  if (word == "if") return conditional();
  if (word == "match") return match();
  if (word == "where") return where();
  if (word == "while" || word == "loop") return while_loop();
  if (word == "break" || word == "continue") return leave();
  if (word == "return") return return_early();
  for (std::string_view keyword : statement_keywords)
    if (word == keyword)
      return fail(token.span, "`" + word + "` inside a pipeline", "not allowed here",
                  "put it on a line of its own");
  if (word == "else")
    return fail(token.span, "`else` without its `if`", "not after an `if` block",
                "write it after the closing brace, on the same line: } else {");
  for (const Keyword& keyword : unsupported_keywords)
    if (word == keyword.word)
      return fail(token.span, "`" + word + "` is not supported in a probe", "not in a probe",
                  std::string(keyword.hint));
  if (word.starts_with('^') && find_assignment(word) == nullptr) return external();
  return call();
}

uint32_t Parser::depth_of(const ast::Block& block) {
  uint32_t depth = 0;
  for (const ExprPtr& item : block.items) depth = std::max(depth, item->depth);
  return depth;
}

std::string Parser::shown(const Token& token) const {
  if (token.kind == TokenKind::end) return "the end";
  if (token.kind == TokenKind::newline) return "the end of the line";
  return "`" + std::string(text(token.span)) + "`";
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

Result<ast::Closure> parse(std::string_view source, Dialect dialect, uint32_t offset) {
  Result<std::vector<Token>> tokens = lex(source, offset);
  if (!tokens) return std::move(tokens).error();
  return Parser(source, dialect, std::move(tokens).value(), offset).run();
}

}  // namespace bytecode
