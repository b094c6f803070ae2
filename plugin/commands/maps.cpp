// bpf-maps alone: the help of its subcommands, as Nushell's own parent commands do.
#include "plugin/commands/commands.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing&) {
  const std::optional<std::string> help = co_await call->help();
  co_return bytecode::Value(
      help ? *help : std::string("bpf-maps list, get, set, watch, plot, clear, zero or delete"));
}

}  // namespace

Command commands_table::maps() {
  return {{
              .name = "bpf-maps",
              .description = "Read and change the maps that closures write.",
              .more = "Maps outlive their probes, until bpf-maps delete or the end of Nushell.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .examples = {{"bpf-maps list", "Which maps are there?"},
                           {"bpf-maps get opens | sort-by value -r | first 10",
                            "The ten highest counts of the map `opens`"}},
          },
          run};
}

}  // namespace plugin
