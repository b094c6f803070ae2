#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::max() {
  return verb({
      .name = "max",
      .description = "Inside a bpf closure: the greatest of the piped numbers.",
      .more = "The number comes from the pipe: an int, a duration or a filesize. Null adds "
              "nothing. The result is null. Where there was none, the greatest one is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe sys_write {|ctx| $ctx.size | max --by $ctx.comm} --for 5sec",
                    "The largest write of each program"}},
  });
}

}  // namespace plugin
