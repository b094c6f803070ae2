#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::min() {
  return verb({
      .name = "min",
      .description = "Inside a bpf closure: the least of the piped numbers.",
      .more = "The number comes from the pipe: an int, a duration or a filesize. Null adds "
              "nothing. The result is null. Where there was none, the least one is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe sys_write {|ctx| $ctx.size | min} --for 5sec",
                    "The smallest write"}},
  });
}

}  // namespace plugin
