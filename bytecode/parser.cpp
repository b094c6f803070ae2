#include "bytecode/parser.hpp"

#include "bytecode/error_at.hpp"
#include "bytecode/parser_impl.hpp"

namespace bytecode {
namespace {

struct Keyword {
  std::string_view word;
  std::string_view hint;
};

// What Nushell has, and closures in the kernel do not have yet. Their syntax differs from a
// command's, so they are told apart here.
constexpr Keyword unsupported_keywords[] = {
    {"match", "use if, else if and else"},
    {"for", "write the steps out, or count in the kernel and compute in Nushell"},
    {"while", "write the steps out, or count in the kernel and compute in Nushell"},
    {"loop", "write the steps out, or count in the kernel and compute in Nushell"},
    {"def", "write the body where it is used"},
    {"return", "let the value be the last one of the closure"},
    {"break", "there are no loops here yet"},
    {"continue", "there are no loops here yet"},
    {"const", "use let"},
    {"try", "a failed read is null in an output, and counted"},
    {"do", "write the body where it is used"},
    {"alias", "define it outside the closure"},
    {"use", "import outside the closure"},
};

std::optional<ast::Op> assignment_operator(std::string_view word, bool& plain) {
  plain = word == "=";
  if (word == "+=") return ast::Op::add;
  if (word == "-=") return ast::Op::subtract;
  if (word == "*=") return ast::Op::multiply;
  if (word == "//=") return ast::Op::floor_divide;
  if (word == "mod=" || word == "%=") return ast::Op::modulo;
  if (word == "**=") return ast::Op::power;
  if (word == "/=") return ast::Op::divide;
  if (word == "++=") return ast::Op::concatenate;
  return std::nullopt;
}

bool closes(TokenKind kind) {
  return kind == TokenKind::rparen || kind == TokenKind::rbrace || kind == TokenKind::rbracket ||
         kind == TokenKind::end;
}

bool is_number_word(std::string_view word) {
  size_t digit = word.find_first_not_of("+-.");
  return digit != std::string_view::npos && digit <= 2 && word[digit] >= '0' && word[digit] <= '9';
}

bool is_value_word(std::string_view word) {
  return word.starts_with('$') || is_number_word(word) || word == "not" || word == "true" ||
         word == "false" || word == "null";
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
  if (at(TokenKind::pipe)) parameters(closure);
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

// `|ctx|`, `|ctx: record|`, `||`. Types are Nushell's business: they are passed over.
void Parser::parameters(ast::Closure& closure) {
  uint32_t start = take().span.start;
  uint32_t names = 0;
  long angles = 0;  // of record<...>
  bool in_type = false;
  while (!at(TokenKind::pipe) && !at(TokenKind::end)) {
    const Token& token = take();
    if (token.kind == TokenKind::lbracket || token.kind == TokenKind::rbracket) continue;
    if (token.kind != TokenKind::word) {
      fail(token.span, "bad parameter list", "not a name", "write {|ctx| ... }");
      break;
    }
    std::string_view name = token.text;
    if (name.starts_with("...") || name.starts_with('='))
      return void(fail(token.span, "a probe's closure has one plain parameter", "not supported",
                       "the event is one record: write {|ctx| ... } and $ctx.NAME"));
    angles += std::count(name.begin(), name.end(), '<') - std::count(name.begin(), name.end(), '>');
    if (in_type || name.starts_with(':')) {
      in_type = angles > 0 || !name.ends_with(',');
      continue;
    }
    in_type = name.find(':') != std::string_view::npos;
    name = name.substr(0, name.find_first_of(":,?"));
    if (++names > 1) {
      fail(token.span, "a probe's closure has one parameter", "the second one",
           "the event is one record: write {|ctx| ... } and $ctx.NAME");
      break;
    }
    closure.parameter = std::string(name.starts_with('$') ? name.substr(1) : name);
  }
  if (!panicking_ && !at(TokenKind::pipe))
    fail({start, start + 1}, "unclosed parameter list", "opened here", "write {|ctx| ... }");
  if (panicking_) return;
  take();
  parameter_ = closure.parameter.value_or("");
}

ast::Block Parser::block() {
  ast::Block block;
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

ast::ExprPtr Parser::statement() {
  if (at_word("let")) return let(false);
  if (at_word("mut")) return let(true);
  bool plain = false;
  if (at(TokenKind::word) && peek().text.starts_with('$') && peek(1).kind == TokenKind::word &&
      (assignment_operator(peek(1).text, plain) || plain))
    return assignment();
  return pipeline();
}

ast::ExprPtr Parser::let(bool is_mut) {
  const Token& keyword = take();
  uint32_t start = keyword.span.start;
  ast::Let let;
  let.is_mut = is_mut;
  if (!at(TokenKind::word))
    return fail(peek().span, "expected a name after `" + keyword.text + "`", "not a name",
                "write " + keyword.text + " x = ...");
  const Token& name = take();
  std::string_view text = name.text;
  if (size_t equals = text.find('='); equals != std::string_view::npos)
    return fail(name.span, "no spaces around `=`", "read as one word",
                "write " + keyword.text + " " + std::string(text.substr(0, equals)) + " = " +
                    std::string(text.substr(equals + 1)));
  bool typed = text.ends_with(':');
  text = text.substr(text.starts_with('$'), text.find(':') - text.starts_with('$'));
  let.name = text;
  let.name_span = name.span;
  if (typed && at(TokenKind::word)) take();
  if (!at_word("="))
    return fail(peek().span, "expected `=` after the name", "expected `=`",
                "write " + keyword.text + " " + let.name + " = ...");
  take();
  let.value = pipeline();
  uint32_t depth = let.value->depth;
  return make(since(start), std::move(let), depth);
}

ast::ExprPtr Parser::assignment() {
  const Token& name = take();
  if (name.text.find('.') != std::string::npos)
    return fail(name.span, "a field cannot be assigned to", "not a variable",
                "make a new record with let");
  const Token& sign = take();
  bool plain = false;
  ast::Assign assign{.name = name.text.substr(1),
                     .name_span = name.span,
                     .op = assignment_operator(sign.text, plain),
                     .op_span = sign.span,
                     .value = pipeline()};
  uint32_t depth = assign.value->depth;
  return make(since(name.span.start), std::move(assign), depth);
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
  if (token.kind != TokenKind::word || is_value_word(token.text)) return expression();
  if (token.text == "if") return conditional();
  if (token.text == "where") return where();
  if (token.text == "let" || token.text == "mut")
    return fail(token.span, "`" + token.text + "` inside a pipeline", "not allowed here",
                "put it on a line of its own");
  if (token.text == "else")
    return fail(token.span, "`else` without its `if`", "not after an `if` block",
                "write it after the closing brace, on the same line: } else {");
  for (const Keyword& keyword : unsupported_keywords)
    if (token.text == keyword.word)
      return fail(token.span, "`" + token.text + "` is not supported in a probe",
                  "not supported yet", std::string(keyword.hint));
  return call();
}

ast::ExprPtr Parser::conditional() {
  uint32_t start = take().span.start;
  Nesting nesting(*this, {start, start + 2});
  ast::If result;
  uint32_t depth = 0;
  while (true) {
    ast::Arm arm;
    arm.condition = expression();
    depth = std::max(depth, arm.condition->depth);
    arm.block = braced_block("the condition");
    result.arms.push_back(std::move(arm));
    if (!at_word("else")) break;
    take();
    if (!at_word("if")) {
      result.otherwise = braced_block("`else`");
      break;
    }
    take();
  }
  for (const ast::Arm& arm : result.arms)
    for (const ExprPtr& item : arm.block.items) depth = std::max(depth, item->depth);
  if (result.otherwise)
    for (const ExprPtr& item : result.otherwise->items) depth = std::max(depth, item->depth);
  return make(since(start), std::move(result), depth);
}

ast::ExprPtr Parser::where() {
  uint32_t start = take().span.start;
  Nesting nesting(*this, {start, start + 5});
  ast::If result;
  ast::Arm arm;
  bool outer = std::exchange(bare_names_, true);
  arm.condition = expression();
  bare_names_ = outer;
  uint32_t depth = arm.condition->depth;
  if (!panicking_ && !at(TokenKind::lbrace) && at_end_of_statement())
    return fail(since(start), "`where` filters nothing here", "no block",
                "write if COND { ... }, or where COND { ... }");
  arm.block = braced_block("the condition");
  for (const ExprPtr& item : arm.block.items) depth = std::max(depth, item->depth);
  result.arms.push_back(std::move(arm));
  return make(since(start), std::move(result), depth);
}

ast::ExprPtr Parser::call() {
  const Token& name = take();
  if (name.text.find('=') != std::string::npos && at_end_of_statement() && glued_operator(name))
    return make(name.span, ast::Literal{});
  ast::Call call{.name = name.text, .name_span = name.span, .args = {}, .flags = {}};
  if (at(TokenKind::lparen) && peek().glued)
    glued_argument(call);
  else
    arguments(call);
  uint32_t depth = 0;
  for (const ExprPtr& arg : call.args) depth = std::max(depth, arg->depth);
  return make(since(name.span.start), std::move(call), depth);
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
    call.args.push_back(std::move(inner.items.front()));
  if (!panicking_ && !at_end_of_statement() && !at(TokenKind::pipe))
    fail(peek().span, "unexpected " + shown(peek()), "after the closing parenthesis",
         "separate statements by a newline or `;`");
}

void Parser::arguments(ast::Call& call) {
  while (!at_end_of_statement() && !at(TokenKind::pipe)) {
    const Token& token = peek();
    bool dashed = token.kind == TokenKind::word && token.text.starts_with('-') &&
                  token.text.size() > 1 && !is_number_word(token.text);
    if (dashed) {
      call.flags.push_back({token.text, token.span});
      take();
      continue;
    }
    call.args.push_back(value());
  }
}

Result<ast::Closure> parse(std::string_view source, Dialect dialect) {
  Result<std::vector<Token>> tokens = lex(source);
  if (!tokens) return std::move(tokens).error();
  return Parser(source, dialect, std::move(tokens).value()).run();
}

}  // namespace bytecode
