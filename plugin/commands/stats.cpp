#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::stats() {
  return verb({
      .name = "stats",
      .description =
          "Inside a bpf closure: count, sum, average, least and greatest of the piped numbers.",
      .more = "The number comes from the pipe: an int, a duration or a filesize. Null adds "
              "nothing. The result is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe sys_write {|ctx| $ctx.size | stats --by $ctx.comm} --for 5sec",
                    "Writes by program"}},
  });
}

}  // namespace plugin
