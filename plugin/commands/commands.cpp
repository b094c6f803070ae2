#include "plugin/commands/commands.hpp"

#include "plugin/codec.hpp"

namespace plugin {

const std::vector<Command>& commands() {
  using namespace commands_table;
  static const std::vector<Command> table = {
      kprobe(),      tracepoint(), uprobe(),  stream(),    list(),     detach(),
      swap(),        maps(),       explain(), maps_list(), maps_get(), maps_clear(),
      maps_delete(), emit(),       count(),   read_str(),
  };
  return table;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (command.signature.name == name) return &command;
  return nullptr;
}

Node all_signatures() {
  Node::Array signatures;
  for (const Command& command : commands()) signatures.push_back(signature_node(command.signature));
  return Node(std::move(signatures));
}

Task<Answer> run_command(CallPtr call, Tracing& tracing) {
  const Command* command = find_command(call->name());
  if (!command)
    co_return error_at(
        call->head(), "the plugin has no command " + call->name(), "this command",
        "the registered plugin is older or newer than this one: run plugin add again",
        "bpf::command");
  co_return co_await command->run(call, tracing);
}

Node complete(const CompletionCall& call, Tracing& tracing) {
  const Command* command = find_command(call.name);
  if (!command || !call.positional) return {};
  Node::Array items;
  const auto item = [&](const std::string& value, const std::string& description) {
    Node::Map map;
    map.emplace_back("value", sanitise(value));
    map.emplace_back("description", sanitise(description));
    map.emplace_back("append_whitespace", true);
    items.push_back(Node(std::move(map)));
  };
  switch (completes(command->signature, *call.positional)) {
    case Completes::nothing:
      return {};
    case Completes::probes:
      for (const host::ProbeId id : tracing.live())
        item(std::to_string(id), tracing.label(id)->name);
      break;
    case Completes::maps:
      if (!tracing.started()) break;
      for (const host::MapInfo& map : tracing.session().maps())
        item(map.name, map.kind + (map.key.empty() ? "" : " by " + map.key));
      break;
  }
  return Node(std::move(items));
}

}  // namespace plugin
