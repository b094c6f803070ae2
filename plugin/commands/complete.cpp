// What TAB offers (Nushell 0.109 and later ask). Nushell filters by what is typed; here the search
// is narrowed to it, so that of 50,000 functions a few go over the wire.
#include <utility>

#include "host/inventory.hpp"
#include "plugin/codec.hpp"
#include "plugin/commands/commands.hpp"
#include "plugin/commands/target_words.hpp"

namespace plugin {

namespace {

constexpr size_t items_max = 1000;

void add_item(Node::Array& items, const std::string& value, const std::string& description) {
  Node::Map map;
  map.emplace_back("value", sanitise(value));
  map.emplace_back("description", sanitise(description));
  map.emplace_back("append_whitespace", true);
  items.push_back(Node(std::move(map)));
}

// A positional argument as far as it is typed, without its quotes.
Task<std::string> typed(CallPtr call, CompletionCall completion, size_t index) {
  if (index >= completion.arguments.size()) co_return std::string();
  const CompletionCall::Argument& argument = completion.arguments[index];
  std::string text;
  // No conditional expression: GCC 12 destroys what such a one awaits twice.
  if (argument.text)
    text = *argument.text;
  else
    text = co_await call->span_contents(argument.span);
  const bool last = index + 1 == completion.arguments.size();
  if (last && completion.placeholder && !text.empty()) text.pop_back();
  while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.erase(0, 1);
  while (!text.empty() && (text.back() == '"' || text.back() == '\'')) text.pop_back();
  co_return text;
}

// The targets with `word` in them, those that begin with it first, each behind `prefix`.
Node targets_like(host::Search search, const std::string& word, const std::string& prefix) {
  Node::Array items, others;
  if (word.find_first_of("*?[") != std::string::npos) return {};
  search.glob = "*" + word + "*";
  const host::Status listed = host::list_targets(search, [&](host::Attachable&& found) {
    Node::Array& side = found.target.starts_with(word) ? items : others;
    if (side.size() < items_max)
      add_item(side, prefix + found.target,
               found.module.empty() ? std::string(host::kind_name(found.kind)) : found.module);
    return items.size() < items_max;
  });
  if (!listed) return {};
  items.insert(items.end(), std::make_move_iterator(others.begin()),
               std::make_move_iterator(others.end()));
  return Node(std::move(items));
}

Node probe_items(const Tracing& tracing) {
  Node::Array items;
  for (const host::ProbeId id : tracing.live())
    add_item(items, std::to_string(id), tracing.label(id)->name);
  return Node(std::move(items));
}

Node map_items(Tracing& tracing) {
  Node::Array items;
  if (tracing.started())
    for (const host::MapInfo& map : tracing.session().maps())
      add_item(items, map.name, map.kind + (map.key.empty() ? "" : " by " + map.key));
  return Node(std::move(items));
}

}  // namespace

Task<Node> complete(CallPtr call, CompletionCall completion, Tracing& tracing) {
  const Command* command = find_command(completion.name);
  if (!command || !completion.positional) co_return Node();
  const size_t index = *completion.positional;
  const Completes what = completes(command->signature, index);
  if (what == Completes::probes) co_return probe_items(tracing);
  if (what == Completes::maps) co_return map_items(tracing);
  if (what == Completes::nothing) co_return Node();

  const std::string word = co_await typed(call, completion, index);
  host::Search search;
  search.kind = command->kind;
  if (what == Completes::targets) co_return targets_like(std::move(search), word, "");
  if (what == Completes::symbols) {
    std::string path = co_await typed(call, completion, 0);
    search.path = co_await user_path(call, std::move(path));
    co_return targets_like(std::move(search), word, "");
  }
  const TargetWord target = parse_target(word);
  const std::string& name = target.symbol.empty() ? target.name : target.symbol;
  search.kind = target.kind;
  if (has_path(target.kind)) {
    if (target.symbol.empty()) co_return Node();
    search.path = co_await user_path(call, target.name);
  }
  co_return targets_like(std::move(search), name, word.substr(0, word.size() - name.size()));
}

}  // namespace plugin
