#include "plugin/custom_commands.hpp"

#include <algorithm>

#include "plugin/block.hpp"
#include "plugin/codec.hpp"

namespace plugin {

namespace {

// More source than stands between a `def` and its body.
constexpr uint64_t heading_max = 4096;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

size_t skip_space(std::string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

// Past the quoted text at `at`.
size_t skip_quoted(std::string_view text, size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at)
    if (quote == '"' && text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

// Past the brackets that open at `at`; nothing where they do not close.
std::optional<size_t> skip_brackets(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (is_quote(c)) {
      at = skip_quoted(text, at);
      continue;
    }
    if (c == '#' && is_space(text[at - 1])) at = std::min(text.find('\n', at), text.size() - 1);
    if (c == '[' || c == '(' || c == '{') ++depth;
    if (c == ']' || c == ')' || c == '}') --depth;
    ++at;
    if (depth == 0) return at;
  }
  return std::nullopt;
}

// A heading that starts at `at` and reaches the end.
std::optional<Heading> heading_at(std::string_view text, size_t at) {
  Heading heading;
  heading.start = at;
  at = skip_space(text, at + 3);
  while (text.substr(at).starts_with("--")) {
    while (at < text.size() && !is_space(text[at])) ++at;
    at = skip_space(text, at);
  }
  heading.name_start = at;
  if (at < text.size() && is_quote(text[at])) {
    at = skip_quoted(text, at);
    if (at < heading.name_start + 2) return std::nullopt;
    heading.name = text.substr(heading.name_start + 1, at - heading.name_start - 2);
  } else {
    while (at < text.size() && !is_space(text[at]) && text[at] != '[' && text[at] != '(') ++at;
    heading.name = text.substr(heading.name_start, at - heading.name_start);
  }
  heading.name_end = at;
  at = skip_space(text, at);
  if (heading.name.empty() || at >= text.size() || (text[at] != '[' && text[at] != '('))
    return std::nullopt;
  const std::optional<size_t> end = skip_brackets(text, at);
  if (!end) return std::nullopt;
  const std::string_view rest = text.substr(skip_space(text, *end));
  // Behind the signature stands at most a type, without the braces of another body.
  const bool nothing_else =
      rest.empty() || (rest.front() == ':' && rest.find_first_of("{};") == std::string_view::npos);
  return nothing_else ? std::optional(heading) : std::nullopt;
}

// The source up to `end`, as much as there is of it in its file.
Task<std::string> source_before(std::shared_ptr<Call> call, uint64_t end) {
  uint64_t most = std::min(end, heading_max);
  std::string text = co_await call->span_contents({end - most, end});
  if (!text.empty()) co_return text;
  // Nushell gives nothing of a span that reaches over the start of a file.
  uint64_t least = 0;
  while (most - least > 1) {
    const uint64_t length = (least + most) / 2;
    std::string part = co_await call->span_contents({end - length, end});
    if (part.empty()) {
      most = length;
    } else {
      least = length;
      text = std::move(part);
    }
  }
  co_return text;
}

// Whether a command that its source calls `written` is called `called` and not by an alias, which
// has arguments of its own: `big`, `m big` from the module m, `m` of its main.
bool is_named(std::string_view called, std::string_view written) {
  return called == written || called.ends_with(" " + std::string(written)) || written == "main";
}

std::string shown_name(const std::string& name) {
  return name.find(' ') == std::string::npos ? name : "\"" + name + "\"";
}

}  // namespace

std::optional<Heading> find_heading(std::string_view before) {
  for (size_t at = before.rfind("def"); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : before.rfind("def", at - 1)) {
    const bool word = (at == 0 || is_space(before[at - 1]) || before[at - 1] == ';' ||
                       before[at - 1] == '{' || before[at - 1] == '|') &&
                      at + 3 < before.size() && is_space(before[at + 3]);
    if (!word) continue;
    if (const auto heading = heading_at(before, at)) return heading;
  }
  return std::nullopt;
}

Task<std::optional<CustomCommand>> CustomCommands::read(std::string name, int64_t declaration) {
  Node number = int_node(declaration);
  const auto view = co_await view_block(call_, std::move(number), BlockOf::declaration);
  if (!view) co_return std::nullopt;
  Node id = int_node(view->id);
  const std::optional<std::string> body = co_await block_text(call_, std::move(id));
  if (!body) co_return std::nullopt;
  CustomCommand command;
  command.block = view->id;
  command.source.name = name;
  const std::string there = co_await call_->span_contents(view->span);
  std::string before;
  if (there == *body) before = co_await source_before(call_, view->span.start);
  if (const std::optional<Heading> heading = find_heading(before)) {
    if (!is_named(name, heading->name)) co_return std::nullopt;
    // As it was written, but under the name it is called by.
    const uint64_t origin = view->span.start - before.size();
    std::vector<uint64_t> places;
    const auto take = [&](std::string_view text, uint64_t from, bool verbatim) {
      command.source.text += text;
      for (size_t i = 0; i < text.size(); ++i) places.push_back(from + (verbatim ? i : 0));
    };
    const std::string_view head = before;
    const std::string_view first =
        head.substr(heading->start, heading->name_start - heading->start);
    take(first, origin + heading->start, true);
    take(shown_name(name), origin + heading->name_start, false);
    take(head.substr(heading->name_end), origin + heading->name_end, true);
    take(*body, view->span.start, true);
    places.push_back(view->span.end);
    command.source.place = TextPlace(argument_, std::move(places));
    co_return command;
  }
  // The source is out of sight: as Nushell prints the command.
  Node::Map text;
  text.emplace_back("val", name);
  text.emplace_back("span", Span{});
  Node named = tag("String", Node(std::move(text)));
  std::optional<std::string> printed = co_await block_text(call_, std::move(named));
  if (!printed || !printed->starts_with("def ") || !printed->ends_with(*body))
    co_return std::nullopt;
  command.source.text = std::move(*printed);
  command.source.place = TextPlace(argument_);
  co_return command;
}

Task<Outcome<std::vector<CustomCommand>>> CustomCommands::called_by(std::string text,
                                                                    bytecode::Dialect dialect,
                                                                    std::optional<int64_t> block) {
  std::vector<CustomCommand> found;
  const std::vector<std::string> names = bytecode::commands_called(text, dialect);
  if (names.empty()) co_return found;
  std::map<std::string, int64_t> calls;
  if (block) {
    Node id = int_node(*block);
    auto view = co_await view_block(call_, std::move(id), BlockOf::closure_or_id);
    if (view) calls = co_await calls_in(call_, std::move(*view));
  }
  for (const std::string& name : names) {
    std::optional<int64_t> declaration;
    if (const auto call = calls.find(name); call != calls.end()) declaration = call->second;
    if (!declaration) {
      std::string called = name;
      const auto global = co_await call_->find_declaration(std::move(called));
      if (global) declaration = static_cast<int64_t>(*global);
    }
    if (!declaration) continue;
    const auto known = known_.find(name);
    if (known != known_.end() && known->second.declaration == *declaration) continue;
    std::string called = name;
    auto command = co_await read(std::move(called), *declaration);
    std::string its_text = command ? command->source.text : std::string();
    if (known == known_.end()) {
      known_[name] = {*declaration, std::move(its_text)};
      if (command) found.push_back(std::move(*command));
    } else if (known->second.text != its_text) {
      // A sourced file is read twice by some versions: two numbers for one command.
      co_return error_at(argument_, "two different commands are called `" + name + "` here",
                         "calls both", "give one of them another name", "bpf::closure");
    }
  }
  co_return found;
}

}  // namespace plugin
