#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::stop_timer() {
  return verb({
      .name = "stop-timer",
      .description = "Inside a bpf closure: how long ago this thread has started the timer; null "
                     "if it has not.",
      .more = "The start is over then. What comes through a pipe as null adds nothing to a sum or "
              "a histogram.",
      .optional = {{"timer", "name of the timer (else the function that is probed)",
                    shape::string()}},
      .examples = {{"bpf-trace {\"kprobe:vfs_read\": {|| start-timer}, \"kretprobe:vfs_read\": "
                    "{|ctx| stop-timer | hist --by $ctx.comm}} --for 5sec",
                    "How long reads take, by program"}},
  });
}

}  // namespace plugin
