#include "plugin/closure.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "bytecode/parser/literals.hpp"
#include "plugin/block.hpp"
#include "plugin/codec.hpp"
#include "plugin/custom_commands.hpp"

namespace plugin {

namespace {

// A member of a value's body: {"Closure": {"val": {...}}} -> val's `name`.
const Node* member(const Node& value, std::string_view name) {
  const Node* body = value.tagged().payload;
  return body ? body->find("val", name) : nullptr;
}

// The name that `text` begins with.
std::string leading_name(std::string_view text) {
  const auto is_name = [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) >= 0x80;
  };
  return std::string(text.begin(), std::find_if_not(text.begin(), text.end(), is_name));
}

// What a value is that no program can hold, for the message: "range of floats", "closure".
std::string unsupported_kind(const Node& value) {
  const std::string_view kind = kind_of(value);
  if (kind == "CellPath") return "cell path";
  if (kind == "Range") return "range of floats";
  if (kind == "Record" || kind == "List")
    return "value with a closure, a range of floats or a cell path in it";
  std::string text(kind);
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
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

// One text of a closure: its own or one that it takes along.
struct Part {
  SourceText source;
  bytecode::Dialect dialect = bytecode::Dialect::closure;
  std::optional<int64_t> block;  // Nushell's, where it has parsed the text
  std::vector<bytecode::Capture> captures;
};

// A closure's parts: the first is the closure itself, what it takes along comes behind.
class Reader {
 public:
  Reader(std::shared_ptr<Call> call, Span argument) : call_(std::move(call)), argument_(argument) {}

  // The index of the part; nothing where the source of the closure cannot be read.
  Task<std::optional<size_t>> add_block(Node closure, std::string name);
  Task<void> add_string(std::string text);
  // The custom commands that the parts call, and those that these call.
  Task<std::optional<LabeledError>> add_commands();
  // Of all parts.
  Task<void> add_surroundings();

  ClosureArgument take();

 private:
  Task<std::vector<bytecode::Capture>> read_captures(Node list);

  std::shared_ptr<Call> call_;
  Span argument_;
  std::vector<Part> parts_;
};

// A capture is a variable's number and value; the value's span is where the body first uses the
// variable, so the source there has its name. Nested blocks repeat a variable.
Task<std::vector<bytecode::Capture>> Reader::read_captures(Node list) {
  std::vector<bytecode::Capture> captures;
  std::set<int64_t> seen;
  for (const Node& pair : list.items()) {
    const Node* id = pair.at(0);
    const Node* node = pair.at(1);
    if (!id || !node || !seen.insert(id->as_int()).second) continue;
    const Span use = span_of(*node);
    const std::string text = co_await call_->span_contents(use);
    std::string name = text.starts_with("$") ? leading_name(text.substr(1)) : std::string();
    if (name.empty()) continue;
    bytecode::Capture capture;
    if (std::optional<bytecode::Value> value = to_value(*node)) {
      capture.value = std::move(*value);
    } else if (kind_of(*node) == "Closure") {
      Node closure = *node;
      std::string called = "$" + name;
      const auto part = co_await add_block(std::move(closure), std::move(called));
      if (part)
        capture.text = static_cast<uint32_t>(*part - 1);
      else
        capture.unsupported = "closure whose source cannot be read";
    } else {
      capture.unsupported = unsupported_kind(*node);
    }
    capture.name = std::move(name);
    captures.push_back(std::move(capture));
  }
  co_return captures;
}

Task<std::optional<size_t>> Reader::add_block(Node closure, std::string name) {
  Part part;
  const Node* block = member(closure, "block_id");
  if (block) part.block = block->as_int();
  part.source.name = std::move(name);
  const Span span = span_of(closure);
  const std::string words = co_await call_->span_contents(span);
  Node viewed = closure;
  const std::optional<std::string> text = co_await block_text(call_, std::move(viewed));
  if (text && *text == words) {
    part.source.place = TextPlace(argument_, span.start, words.size());
  } else if (text) {
    Node placed = closure;
    const Span place = co_await block_span(call_, std::move(placed));
    const std::string there = co_await call_->span_contents(place);
    // The block's span is believed only if the text is really there.
    part.source.place =
        there == *text ? TextPlace(argument_, place.start, text->size()) : TextPlace(argument_);
  } else if (words.starts_with("{")) {
    part.source.place = TextPlace(argument_, span.start, words.size());
  } else {
    co_return std::nullopt;
  }
  part.source.text = text ? *text : words;
  const size_t index = parts_.size();
  parts_.push_back(std::move(part));
  if (const Node* list = member(closure, "captures")) {
    Node copy = *list;
    auto captures = co_await read_captures(std::move(copy));
    parts_[index].captures = std::move(captures);
  }
  co_return index;
}

Task<void> Reader::add_string(std::string text) {
  Part part;
  part.dialect = bytecode::Dialect::text;
  const std::string literal = co_await call_->span_contents(argument_);
  std::vector<uint64_t> places = string_places(literal, argument_.start, text);
  part.source.place =
      places.empty() ? TextPlace(argument_) : TextPlace(argument_, std::move(places));
  part.source.text = std::move(text);
  parts_.push_back(std::move(part));
}

Task<std::optional<LabeledError>> Reader::add_commands() {
  CustomCommands commands(call_, argument_);
  for (size_t i = 0; i < parts_.size(); ++i) {
    std::string text = parts_[i].source.text;
    auto found = co_await commands.called_by(std::move(text), parts_[i].dialect, parts_[i].block);
    if (!found) co_return found.error();
    for (CustomCommand& command : *found) {
      Part part;
      part.source = std::move(command.source);
      part.block = command.block;
      parts_.push_back(std::move(part));
    }
  }
  co_return std::nullopt;
}

Task<void> Reader::add_surroundings() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    std::string text = parts_[i].source.text;
    std::vector<bytecode::Capture> more = co_await read_surroundings(call_, std::move(text));
    std::move(more.begin(), more.end(), std::back_inserter(parts_[i].captures));
  }
}

ClosureArgument Reader::take() {
  ClosureArgument closure;
  closure.source = std::move(parts_.front().source);
  closure.dialect = parts_.front().dialect;
  closure.captures = std::move(parts_.front().captures);
  for (size_t i = 1; i < parts_.size(); ++i) {
    closure.texts.push_back({parts_[i].source.text, std::move(parts_[i].captures)});
    closure.source.along.push_back(std::move(parts_[i].source));
  }
  return closure;
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
  const Span span = span_of(argument);
  Reader reader(call, span);
  if (kind_of(argument) == "Closure") {
    std::string no_name;
    const auto part = co_await reader.add_block(std::move(argument), std::move(no_name));
    if (!part)
      co_return error_at(span, "the source of this closure cannot be read", "this closure",
                         "write the closure in place, or pass its source as a string",
                         "bpf::closure");
  } else {
    const std::optional<bytecode::Value> value = to_value(argument);
    const std::string* text = value ? value->get_if<std::string>() : nullptr;
    if (!text)
      co_return error_at(span, "expected a closure or its text", "not a closure",
                         "write it as {|ctx| ... }, or as a string");
    std::string copy = *text;
    co_await reader.add_string(std::move(copy));
  }
  const std::optional<LabeledError> wrong = co_await reader.add_commands();
  if (wrong) co_return *wrong;
  co_await reader.add_surroundings();
  co_return reader.take();
}

}  // namespace plugin
