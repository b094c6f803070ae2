#include "plugin/commands/target_words.hpp"

#include <cstdlib>

#include "plugin/codec.hpp"

namespace plugin {

TargetWord parse_target(std::string_view word) {
  using host::Kind;
  TargetWord target;
  target.kind = word.find(':') == std::string_view::npos ? Kind::kprobe : Kind::tracepoint;
  for (const Kind kind : {Kind::kprobe, Kind::tracepoint, Kind::uprobe}) {
    const std::string_view name = host::kind_name(kind);
    if (!word.starts_with(name) || word.substr(name.size(), 1) != ":") continue;
    target.kind = kind;
    word.remove_prefix(name.size() + 1);
    break;
  }
  target.name = word;
  // A symbol may have colons of its own: ns::f.
  const size_t colon = word.find(':');
  if (target.kind == Kind::uprobe && colon != std::string_view::npos) {
    target.name = word.substr(0, colon);
    target.symbol = word.substr(colon + 1);
  }
  return target;
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

}  // namespace plugin
