// Custom commands from outside, as `view source` prints them. That is the text of the body, but
// parameters in Nushell's own words:
//
//   def "a b" [ x: int y: string = some text z?: any --flag(-f): int ...more:any ]: [int -> any] {
//
// Defaults are printed as values are shown, without quotes, and some have lost their precision.
// One that cannot be told is a Refused, which matters only where it is used. Defaults of flags are
// not printed at all.

#include <cctype>

#include "bytecode/error_at.hpp"
#include "bytecode/parser/impl.hpp"
#include "bytecode/parser/literals.hpp"

namespace bytecode {
namespace {

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || (c & 0x80);
}

class PrintedSignature {
 public:
  PrintedSignature(std::string_view source, uint32_t offset) : text_(source), offset_(offset) {}

  // The parameters, where the source is of this form.
  std::optional<std::vector<ast::Parameter>> run() {
    if (!find_bracket()) return std::nullopt;
    std::vector<ast::Parameter> result;
    while (!at_close()) {
      if (!text_.substr(at_).starts_with(' ')) return std::nullopt;
      ++at_;
      std::optional<ast::Parameter> next = parameter();
      if (!next) return std::nullopt;
      result.push_back(std::move(*next));
    }
    return result;
  }
  size_t start() const { return start_; }  // behind the [
  size_t end() const { return at_; }       // of the last parameter

 private:
  std::string_view rest() const { return text_.substr(at_); }

  // Goes behind `def --env "some name" [`.
  bool find_bracket() {
    for (std::string_view word : {"def ", "--env ", "--wrapped "})
      if (rest().starts_with(word)) at_ += word.size();
    if (at_ == 0) return false;
    bool quoted = rest().starts_with('"');
    size_t end = quoted ? text_.find("\" [ ", at_ + 1) : text_.find(" [ ", at_);
    if (end == std::string_view::npos) return false;
    if (!quoted && rest().find_first_of(" [") != end - at_) return false;
    start_ = at_ = end + (quoted ? 3 : 2);
    return true;
  }

  // What follows the last parameter: ` ] {`, `]: [int -> int] {`.
  bool at_close(size_t at) const {
    std::string_view text = text_.substr(at);
    if (text.starts_with(' ')) text.remove_prefix(1);
    return text.starts_with("] {") || text.starts_with("]: [");
  }
  bool at_close() const { return at_close(at_); }

  std::string_view name() {
    size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  bool take(std::string_view sign) {
    if (!rest().starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  // `record<a: int>`, `closure()`; empty where there is none.
  std::string type() {
    size_t start = at_;
    int angles = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (angles == 0 && (c == ' ' || c == ']')) break;
      if (!is_name_char(c) && std::string_view("<>(), :\"").find(c) == std::string_view::npos)
        return "";
      angles += c == '<' ? 1 : c == '>' ? -1 : 0;
    }
    return angles == 0 ? std::string(text_.substr(start, at_ - start)) : "";
  }

  std::optional<ast::Parameter> parameter() {
    ast::Parameter result;
    size_t start = at_;
    if (take("...")) {
      result.rest = true;
      result.name = name();
      if (!take(":")) return std::nullopt;
      result.type = type();
    } else if (take("--")) {
      result.flag = true;
      result.name = name();
      if (take("(-")) {
        result.short_name = name();
        if (!take(")")) return std::nullopt;
      }
      if (result.name.empty()) result.name = result.short_name;
      if (take(": ")) result.type = type();
    } else {
      result.name = name();
      result.optional = take("?");
      if (!take(": ")) return std::nullopt;
      result.type = type();
    }
    result.span = span(start, at_);
    bool typed = !result.type.empty() || result.flag;
    if (!is_name(result.name) || !typed) return std::nullopt;
    bool plain = !result.flag && !result.rest && !result.optional;
    if (plain && take(" = ")) {
      result.optional = true;
      size_t from = at_;
      if (!skip_default(result.type)) return std::nullopt;
      result.initial = initial(result, text_.substr(from, at_ - from), span(from, at_));
    }
    return result;
  }

  // A default ends before the next parameter; one in brackets where they close.
  bool skip_default(std::string_view type) {
    if (type != "string" && (rest().starts_with('[') || rest().starts_with('{'))) {
      int open = 0;
      do {
        if (at_ == text_.size()) return false;
        char c = text_[at_++];
        open += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      } while (open > 0);
      return true;
    }
    for (; at_ < text_.size(); ++at_)
      if (at_close() || at_parameter()) return true;
    return false;
  }

  bool at_parameter() {
    size_t start = at_;
    bool found = false;
    if (take(" ")) {
      if (take("...") || take("--")) {
        found = rest().starts_with("(-") || !name().empty();
      } else if (is_name(name())) {
        take("?");
        found = take(": ") && !type().empty();
      }
    }
    at_ = start;
    return found;
  }

  Span span(size_t start, size_t end) const {
    return {offset_ + static_cast<uint32_t>(start), offset_ + static_cast<uint32_t>(end)};
  }

  static ast::ExprPtr leaf(Span span, ast::Expr::Node node) {
    return std::make_unique<ast::Expr>(ast::Expr{span, 1, std::move(node)});
  }

  static ast::ExprPtr initial(const ast::Parameter& parameter, std::string_view text, Span span) {
    const std::string& type = parameter.type;
    if (type == "string") return leaf(span, ast::Literal{Value(std::string(text)), false});
    if (text.empty()) return leaf(span, ast::Literal{Value(Null{}), false});
    std::optional<Value> value;
    if (type == "int" || type == "float" || type == "number" || type == "bool")
      value = parse_literal(text);
    else if (type == "duration")
      value = duration(text);
    else if (type == "filesize" && text.ends_with(" B"))
      value = parse_literal(std::string(text.substr(0, text.size() - 2)) + "b");
    else if (holds_numbers(type))
      if (ast::ExprPtr expr = parse_value(text, span.start)) return expr;
    if (value) return leaf(span, ast::Literal{std::move(*value), false});
    return leaf(span, ast::Refused{error_at(
                          parameter.span, "the default of `" + parameter.name + "` is not known",
                          "lost in the text that `view source` gives",
                          "pass the argument, or set the default inside with `default`")});
  }

  // `1hr 30min`; a sign is of all parts.
  static std::optional<Value> duration(std::string_view text) {
    bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int64_t total = 0;
    while (!text.empty()) {
      size_t end = std::min(text.find(' '), text.size());
      std::optional<Value> part = parse_literal(text.substr(0, end));
      const auto* amount = part ? part->get_if<Duration>() : nullptr;
      if (!amount || __builtin_add_overflow(total, amount->nanoseconds, &total))
        return std::nullopt;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return Value(Duration{negative ? -total : total});
  }

  // Lists and records of numbers are printed as they are written.
  static bool holds_numbers(std::string_view type) {
    for (size_t i = 0; i < type.size();) {
      size_t end = i;
      while (end < type.size() && is_name_char(type[end])) ++end;
      std::string_view word = type.substr(i, end - i);
      bool is_key = end < type.size() && type[end] == ':';
      bool known = word.empty() || is_key;
      for (std::string_view safe : {"int", "float", "number", "bool", "list", "record"})
        known |= word == safe;
      if (!known || (end < type.size() && type[end] == '"')) return false;
      i = end + 1;
    }
    return true;
  }

  static ast::ExprPtr parse_value(std::string_view text, uint32_t offset) {
    std::string closure = "{" + std::string(text) + "}";
    Result<ast::Closure> parsed = parse(closure, Dialect::closure, offset - 1);
    if (!parsed || parsed->body.items.size() != 1) return nullptr;
    return std::move(parsed->body.items.front());
  }

  std::string_view text_;
  uint32_t offset_;
  size_t at_ = 0;
  size_t start_ = 0;
};

}  // namespace

Result<ast::Def> parse_definition(std::string_view source, uint32_t offset) {
  // What has been read of the signature here is blank for the parser.
  std::string text(source);
  PrintedSignature printed(source, offset);
  std::optional<std::vector<ast::Parameter>> parameters = printed.run();
  if (parameters)
    std::fill(text.begin() + static_cast<ptrdiff_t>(printed.start()),
              text.begin() + static_cast<ptrdiff_t>(printed.end()), ' ');
  Result<std::vector<Token>> tokens = lex(text, offset);
  if (!tokens) return std::move(tokens).error();
  Result<ast::Def> def =
      Parser(text, Dialect::closure, std::move(tokens).value(), offset).run_definition();
  if (def && parameters) def->closure.parameters = std::move(*parameters);
  return def;
}

}  // namespace bytecode
