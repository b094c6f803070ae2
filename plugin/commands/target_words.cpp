#include "plugin/commands/target_words.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

using host::Kind;

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// A word, or a list of them; empty where the value is neither.
std::vector<std::string> words_of(const Node& node) {
  std::vector<std::string> words;
  const std::optional<bytecode::Value> value = to_value(node);
  if (!value) return words;
  const auto take = [&](const bytecode::Value& item) {
    if (const std::string* text = item.get_if<std::string>())
      words.push_back(*text);
    else if (const int64_t* number = item.get_if<int64_t>())
      words.push_back(std::to_string(*number));  // a bare address
    else if (const bytecode::Duration* duration = item.get_if<bytecode::Duration>())
      words.push_back(duration_word(duration->nanoseconds));
    else
      return false;
    return true;
  };
  if (const bytecode::List* list = value->get_if<bytecode::List>()) {
    for (const bytecode::Value& item : *list)
      if (!take(item)) return {};
  } else {
    take(*value);
  }
  return words;
}

std::vector<Span> spans_of_items(const Node& node) {
  std::vector<Span> spans;
  if (const Node::Array* items = list_items(node))
    for (const Node& item : *items) spans.push_back(span_of(item));
  return spans;
}

std::string words_together(const host::Request& request) {
  std::string words = joined(request.targets);
  if (!request.symbols.empty()) words += ":" + joined(request.symbols);
  return words;
}

}  // namespace

Span place_of(const TargetRequest& wanted, const bytecode::Error& error) {
  const bool is_symbol = error.subject == "symbol";
  const std::vector<Span>& items = is_symbol ? wanted.symbol_items : wanted.target_items;
  if (error.item > 0 && error.item <= items.size() && items[error.item - 1].is_place())
    return items[error.item - 1];
  return is_symbol ? wanted.symbol : wanted.target;
}

bool has_path(Kind kind) {
  return kind == Kind::uprobe || kind == Kind::uretprobe || kind == Kind::usdt;
}

TargetWord parse_target(std::string_view word) {
  TargetWord target;
  const size_t colon = word.find(':');
  target.kind = colon == std::string_view::npos ? Kind::kprobe : Kind::tracepoint;
  if (colon != std::string_view::npos) {
    if (const std::optional<Kind> kind = host::find_kind(word.substr(0, colon))) {
      target.kind = *kind;
      word.remove_prefix(colon + 1);
    }
  }
  target.name = word;
  // A symbol may have colons of its own: ns::f, provider:name.
  const size_t behind_path = word.find(':');
  if (has_path(target.kind) && behind_path != std::string_view::npos) {
    target.name = word.substr(0, behind_path);
    target.symbol = word.substr(behind_path + 1);
  }
  return target;
}

Task<Outcome<TargetRequest>> read_targets(CallPtr call, Kind kind) {
  TargetRequest out;
  out.request.kind = kind;
  const Node& target = *call->positional(0);
  out.target = span_of(target);
  out.target_items = spans_of_items(target);
  std::vector<std::string> words = words_of(target);
  if (words.empty())
    co_return error_at(out.target, "there is no target to attach to", "no name in here",
                       "give a name, a glob or a list of them");
  if (has_path(kind)) {
    for (std::string& word : words) {
      std::string path = co_await user_path(call, word);
      word = std::move(path);
    }
    const Node& symbol = *call->positional(1);
    out.symbol = span_of(symbol);
    out.symbol_items = spans_of_items(symbol);
    out.request.symbols = words_of(symbol);
    if (out.request.symbols.empty())
      co_return error_at(out.symbol, "there is no target to attach to", "no name in here",
                         "give a name, a glob or a list of them");
  }
  out.request.targets = std::move(words);
  out.words = words_together(out.request);
  co_return out;
}

Task<TargetRequest> read_target_word(CallPtr call, std::string word, Span place) {
  TargetRequest out;
  TargetWord parsed = parse_target(word);
  out.request.kind = parsed.kind;
  if (has_path(parsed.kind)) {
    std::string path = parsed.name;
    parsed.name = co_await user_path(call, std::move(path));
    out.request.symbols = {parsed.symbol};
  }
  out.request.targets = {parsed.name};
  out.words = words_together(out.request);
  out.target = out.symbol = place;
  co_return out;
}

Task<std::string> user_path(CallPtr call, std::string path) {
  if (path.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    co_return home ? home + path.substr(1) : path;
  }
  if (path.starts_with("/") || path.find('/') == std::string::npos) co_return path;
  const std::string directory = co_await call->current_directory();
  co_return directory.empty() ? path : directory + "/" + path;
}

std::string text_argument(const Call& call, size_t index) {
  const Node* node = call.positional(index);
  const std::optional<bytecode::Value> value = node ? to_value(*node) : std::nullopt;
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  return text ? *text : std::string();
}

std::string duration_word(int64_t nanoseconds) {
  static constexpr std::pair<int64_t, const char*> units[] = {
      {60'000'000'000, "min"}, {1'000'000'000, "sec"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (const auto& [size, name] : units)
    if (nanoseconds != 0 && nanoseconds % size == 0)
      return std::to_string(nanoseconds / size) + name;
  return std::to_string(nanoseconds) + "ns";
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t most = 3;
  // "and 1 more" is no shorter than the name.
  const size_t shown = names.size() <= most + 1 ? names.size() : most;
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == shown && shown == names.size();
    if (i > 0) text += last ? " and " : ", ";
    text += names[i];
  }
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace plugin
