#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::signal_name() {
  return verb({
      .name = "signal-name",
      .description = "Inside a bpf closure: the name of a signal, of 9 SIGKILL.",
      .more = "What is no signal stays the number that it is. In outputs only: the host names it.",
      .examples = {{"bpf-tracepoint signal:signal_generate {|ctx| $ctx.args.sig | signal-name}",
                    "Signals, as they are sent"}},
  });
}

}  // namespace plugin
