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
};

const std::vector<Command>& commands();
const Command* find_command(std::string_view name);

// For the engine: all signatures, the run of a command by its name, and what TAB offers.
Node all_signatures();
Task<Answer> run_command(CallPtr call, Tracing& tracing);
Node complete(const CompletionCall& call, Tracing& tracing);

namespace commands_table {
Command kprobe();
Command tracepoint();
Command uprobe();
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
Command emit();
Command count();
Command read_str();
}  // namespace commands_table

}  // namespace plugin
