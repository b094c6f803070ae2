#include "plugin/commands/commands.hpp"

namespace plugin {

const std::vector<Command>& commands() {
  using namespace commands_table;
  static const std::vector<Command> table = {
      kprobe(),    kretprobe(),  tracepoint(), raw_tracepoint(), uprobe(),      uretprobe(),
      usdt(),      fentry(),     fexit(),      perf(),           interval(),    trace(),
      stream(),    list(),       detach(),     swap(),           maps(),        explain(),
      targets(),   doctor(),     maps_list(),  maps_get(),       maps_clear(),  maps_delete(),
      maps_set(),  maps_zero(),  emit(),       count(),          sum(),         avg(),
      min(),       max(),        stats(),      hist(),           map_put(),     map_add(),
      map_get(),   map_has(),    map_delete(), map_each(),       start_timer(), stop_timer(),
      timestamp(), kstack(),     ustack(),     read_str(),       read_int(),    read_mem(),
      as_type(),   bswap(),      ip_addr(),    errno_name(),     signal_name(), maps_watch(),
      maps_plot(), flamegraph(),
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

}  // namespace plugin
