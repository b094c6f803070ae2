#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::sum() {
  return verb({
      .name = "sum",
      .description = "Inside a bpf closure: add up the piped number.",
      .more = "The number comes from the pipe: an int, a duration or a filesize. Null adds "
              "nothing. The result is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kretprobe sys_read {|ctx| $ctx.retval | where $it > 0 | sum bytes --by "
                    "$ctx.comm} --for 5sec",
                    "Bytes read in five seconds, by program"}},
  });
}

}  // namespace plugin
