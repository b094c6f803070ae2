// Every command of the plugin: one row of one table, one file each.
#pragma once

#include <memory>
#include <vector>

#include "plugin/call.hpp"
#include "plugin/signature.hpp"
#include "plugin/tracing.hpp"

namespace plugin {

using CallPtr = std::shared_ptr<Call>;

struct Command {
  Signature signature;
  Task<Answer> (*run)(CallPtr call, Tracing& tracing);
  std::optional<host::Kind> kind = {};  // what an attach command attaches, for completion
};

const std::vector<Command>& commands();
const Command* find_command(std::string_view name);

// For the engine: all signatures, the run of a command by its name, and what TAB offers.
Node all_signatures();
Task<Answer> run_command(CallPtr call, Tracing& tracing);
Task<Node> complete(CallPtr call, CompletionCall completion, Tracing& tracing);

namespace commands_table {
Command kprobe();
Command kretprobe();
Command tracepoint();
Command raw_tracepoint();
Command uprobe();
Command uretprobe();
Command usdt();
Command fentry();
Command fexit();
Command perf();
Command interval();
Command trace();
Command stream();
Command list();
Command detach();
Command swap();
Command explain();
Command maps();
Command maps_list();
Command maps_get();
Command maps_clear();
Command maps_delete();
Command maps_plot();
Command flamegraph();
Command maps_set();
Command maps_zero();
Command maps_watch();
Command emit();
Command count();
Command sum();
Command avg();
Command min();
Command max();
Command stats();
Command hist();
Command map_put();
Command map_add();
Command map_get();
Command map_has();
Command map_delete();
Command map_each();
Command start_timer();
Command stop_timer();
Command timestamp();
Command kstack();
Command ustack();
Command read_str();
Command targets();
Command doctor();
Command read_int();
Command read_mem();
Command as_type();
Command bswap();
Command ip_addr();
Command errno_name();
Command signal_name();
}  // namespace commands_table

}  // namespace plugin
