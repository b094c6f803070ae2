#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::emit() {
  return verb({
      .name = "emit",
      .description = "Inside a bpf closure: send a row.",
      .more = "A sole literal string is the event's name. Any other argument is the row's value. "
              "With a pipe, the pipe is\nthe value and the argument the name. The result is null.",
      .optional = {{"value", "the row's value, or the event's name", shape::any()}},
      .examples = {{"bpf-kprobe openat {|ctx| emit {pid: $ctx.pid, comm: $ctx.comm}} --stream",
                    "A record for each call"},
                   {"bpf-kprobe openat {|ctx| $ctx.pid | emit opened}",
                    "An event named opened, its value the process id"}},
  });
}

}  // namespace plugin
