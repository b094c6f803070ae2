#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::count() {
  return verb({
      .name = "count",
      .description = "Inside a bpf closure: count, by the piped value if there is one.",
      .more = "A record as the key gives a column for each of its fields. The result is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .examples = {{"bpf-kprobe openat {|ctx| $ctx.comm | count} --for 5sec",
                    "Calls in five seconds, by program"},
                   {"bpf-kprobe openat {|ctx| {comm: $ctx.comm, uid: $ctx.uid} | count opens}",
                    "Into a map of its own, by program and user"},
                   {"bpf-kprobe sys_write { || count() }", "All calls, one number"}},
  });
}

}  // namespace plugin
