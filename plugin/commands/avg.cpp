#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::avg() {
  return verb({
      .name = "avg",
      .description = "Inside a bpf closure: the average of the piped numbers.",
      .more = "The number comes from the pipe: an int, a duration or a filesize. Null adds "
              "nothing. The result is null. An average is rounded toward zero.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe sys_write {|ctx| $ctx.size | avg --by $ctx.comm} --for 5sec",
                    "How much a write is of, by program"}},
  });
}

}  // namespace plugin
