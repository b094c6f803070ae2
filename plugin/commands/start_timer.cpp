#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::start_timer() {
  return verb({
      .name = "start-timer",
      .description = "Inside a bpf closure: begin to take the time, in this thread.",
      .more = "Each thread has a timer of its own. A function that calls itself starts it again: "
              "each stop ends the latest start, up to 16 in one another. The result is null.",
      .optional = {{"timer", "name of the timer (else the function that is probed)",
                    shape::string()}},
      .examples = {{"bpf-trace {\"kprobe:vfs_read\": {|| start-timer}, \"kretprobe:vfs_read\": {|| "
                    "stop-timer | hist}} --for 5sec",
                    "How long reads take"}},
  });
}

}  // namespace plugin
