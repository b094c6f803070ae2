#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::timestamp() {
  return verb({
      .name = "timestamp",
      .description = "Inside a bpf closure: the time of the hit.",
      .more = "The same as $ctx.time. The clock is monotonic: differences are exact.",
      .examples = {{"bpf-kprobe do_exit {|ctx| timestamp | map-put ended --by $ctx.pid}",
                    "When each process ended"}},
  });
}

}  // namespace plugin
