#include "plugin/closure.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "bytecode/literals.hpp"
#include "plugin/codec.hpp"

namespace plugin {

namespace {

// A member of a value's body: {"Closure": {"val": {...}}} -> val's `name`.
const Node* member(const Node& value, std::string_view name) {
  const Node* body = value.tagged().payload;
  return body ? body->find("val", name) : nullptr;
}

std::optional<std::string> text_of(const std::optional<Node>& answer) {
  const std::optional<bytecode::Value> value = answer ? to_value(*answer) : std::nullopt;
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

// "span": {"start": 12, "end": 34} at the top of what `view ir --json` prints.
Span span_in_json(std::string_view json) {
  const auto number_after = [&](std::string_view key, size_t from) -> std::optional<uint64_t> {
    size_t at = json.find(key, from);
    if (at == std::string_view::npos) return std::nullopt;
    at = json.find_first_of("0123456789", at + key.size());
    if (at == std::string_view::npos) return std::nullopt;
    uint64_t number = 0;
    std::from_chars(json.data() + at, json.data() + json.size(), number);
    return number;
  };
  const size_t span = json.find("\"span\"");
  if (span == std::string_view::npos) return {};
  const auto start = number_after("\"start\"", span);
  const auto end = number_after("\"end\"", span);
  if (!start || !end || *end < *start) return {};
  return {*start, *end};
}

// Where the block was written, as far as this Nushell tells.
Task<Span> block_span(std::shared_ptr<Call> call, Node closure, int64_t block_id) {
  const std::optional<Node> ir = co_await call->block_ir(block_id);
  const Node* spans = ir ? ir->find("spans") : nullptr;
  // The last instruction returns, and its span is the whole block's.
  if (spans && !spans->items().empty()) co_return spans->items().back().as_span();
  const std::optional<Node> json =
      co_await call->run_command("view ir", std::move(closure), "json");
  const std::optional<std::string> text = text_of(json);
  co_return text ? span_in_json(*text) : Span{};
}

// The name that `text` begins with.
std::string leading_name(std::string_view text) {
  const auto is_name = [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) >= 0x80;
  };
  return std::string(text.begin(), std::find_if_not(text.begin(), text.end(), is_name));
}

// What a value is that no program can hold, for the message: "range", "closure".
std::string unsupported_kind(const Node& value) {
  const std::string_view kind = kind_of(value);
  if (kind == "CellPath") return "cell path";
  if (kind == "Record" || kind == "List") return "value with a closure, range or cell path in it";
  std::string text(kind);
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

// A capture is a variable's number and value; the value's span is where the body first uses the
// variable, so the source there has its name. Nested blocks repeat a variable.
Task<std::vector<bytecode::Capture>> read_captures(std::shared_ptr<Call> call, Node list) {
  std::vector<bytecode::Capture> captures;
  std::set<int64_t> seen;
  for (const Node& pair : list.items()) {
    const Node* id = pair.at(0);
    const Node* node = pair.at(1);
    if (!id || !node || !seen.insert(id->as_int()).second) continue;
    const Span use = span_of(*node);
    const std::string text = co_await call->span_contents(use);
    std::string name = text.starts_with("$") ? leading_name(text.substr(1)) : std::string();
    if (name.empty()) continue;
    bytecode::Capture& capture = captures.emplace_back();
    capture.name = std::move(name);
    if (std::optional<bytecode::Value> value = to_value(*node))
      capture.value = std::move(*value);
    else
      capture.unsupported = unsupported_kind(*node);
  }
  co_return captures;
}

// Nushell captures neither $env nor $nu. What the text names of them is read now, and stands in the
// program as a captured record does.
Task<std::vector<bytecode::Capture>> read_surroundings(std::shared_ptr<Call> call,
                                                       std::string text) {
  constexpr std::string_view environment = "$env.";
  bytecode::Record variables;
  std::set<std::string> seen;
  for (size_t at = text.find(environment); at != std::string::npos;
       at = text.find(environment, at + 1)) {
    std::string name = leading_name(std::string_view(text).substr(at + environment.size()));
    if (name.empty() || !seen.insert(name).second) continue;
    const std::optional<Node> answer = co_await call->environment_variable(name);
    std::optional<bytecode::Value> value = answer ? to_value(*answer) : std::nullopt;
    if (value) variables.emplace_back(std::move(name), std::move(*value));
  }
  std::vector<bytecode::Capture> captures;
  if (!seen.empty()) captures.push_back({"env", std::move(variables)});
  if (text.find("$nu.pid") != std::string::npos) {
    bytecode::Record nushell;
    nushell.emplace_back("pid", static_cast<int64_t>(getppid()));
    captures.push_back({"nu", std::move(nushell)});
  }
  co_return captures;
}

Task<Outcome<ClosureArgument>> read_block(std::shared_ptr<Call> call, Node argument) {
  ClosureArgument result;
  const Node* block = member(argument, "block_id");
  const int64_t block_id = block ? block->as_int() : 0;
  const Span span = span_of(argument);
  const std::string words = co_await call->span_contents(span);
  const std::optional<Node> viewed = co_await call->run_command("view source", argument);
  const std::optional<std::string> text = text_of(viewed);
  if (text && *text == words) {
    result.source = {words, TextPlace(span, span.start, words.size())};
  } else if (text) {
    const Span place = co_await block_span(call, argument, block_id);
    const std::string there = co_await call->span_contents(place);
    // The block's span is believed only if the text is really there.
    if (there == *text)
      result.source = {*text, TextPlace(span, place.start, text->size())};
    else
      result.source = {*text, TextPlace(span)};
  } else if (words.starts_with("{")) {
    result.source = {words, TextPlace(span, span.start, words.size())};
  } else {
    co_return error_at(span, "the source of this closure cannot be read", "this closure",
                       "write the closure in place, or pass its source as a string",
                       "bpf::closure");
  }
  if (const Node* list = member(argument, "captures")) {
    Node copy = *list;
    result.captures = co_await read_captures(call, std::move(copy));
  }
  co_return result;
}

Task<Outcome<ClosureArgument>> read_string(std::shared_ptr<Call> call, std::string text,
                                           Span span) {
  ClosureArgument result;
  result.dialect = bytecode::Dialect::text;
  const std::string literal = co_await call->span_contents(span);
  std::vector<uint64_t> places = string_places(literal, span.start, text);
  TextPlace place = places.empty() ? TextPlace(span) : TextPlace(span, std::move(places));
  result.source = {std::move(text), std::move(place)};
  co_return result;
}

Task<Outcome<ClosureArgument>> read_written(std::shared_ptr<Call> call, Node argument) {
  const Span span = span_of(argument);
  if (kind_of(argument) == "Closure") co_return co_await read_block(call, std::move(argument));
  const std::optional<bytecode::Value> value = to_value(argument);
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  if (text) co_return co_await read_string(call, *text, span);
  co_return error_at(span, "expected a closure or its text", "not a closure",
                     "write it as {|ctx| ... }, or as a string");
}

// The escape after a backslash at `at`; its length in the literal, its bytes appended to `out`.
size_t read_escape(std::string_view literal, size_t at, std::string& out) {
  const char c = at + 1 < literal.size() ? literal[at + 1] : '\\';
  static constexpr std::string_view letters = "abefnrt0", meanings("\a\b\x1b\f\n\r\t\0", 8);
  if (c == 'u' && at + 2 < literal.size() && literal[at + 2] == '{') {
    const size_t close = literal.find('}', at);
    if (close != std::string_view::npos) {
      uint32_t number = 0;
      std::from_chars(literal.data() + at + 3, literal.data() + close, number, 16);
      out += bytecode::utf8(number).value_or("");
      return close + 1 - at;
    }
  }
  const size_t letter = letters.find(c);
  out.push_back(letter == std::string_view::npos ? c : meanings[letter]);
  return 2;
}

}  // namespace

std::vector<uint64_t> string_places(std::string_view literal, uint64_t start,
                                    std::string_view value) {
  std::vector<uint64_t> places;
  if (literal.empty()) return places;
  const bool escapes = literal.front() == '"';
  if (!escapes) {
    // '...', `...`, r#'...'# and bare words hold their value verbatim.
    const size_t at = literal.find(value);
    if (at == std::string_view::npos) return places;
    for (size_t i = 0; i <= value.size(); ++i) places.push_back(start + at + i);
    return places;
  }
  std::string read;
  for (size_t i = 1; i + 1 < literal.size();) {
    size_t length = 1;
    if (literal[i] == '\\')
      length = read_escape(literal, i, read);
    else
      read.push_back(literal[i]);
    places.resize(read.size(), start + i);
    i += length;
  }
  places.push_back(start + literal.size() - 1);
  if (read != value) places.clear();
  return places;
}

Task<Outcome<ClosureArgument>> read_closure(std::shared_ptr<Call> call, Node argument) {
  auto closure = co_await read_written(call, std::move(argument));
  if (!closure) co_return closure;
  std::vector<bytecode::Capture> more = co_await read_surroundings(call, closure->source.text);
  std::move(more.begin(), more.end(), std::back_inserter(closure->captures));
  co_return closure;
}

}  // namespace plugin
