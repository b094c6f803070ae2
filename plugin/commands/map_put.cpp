#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_put() {
  return verb({
      .name = "map-put",
      .description = "Inside a bpf closure: keep the piped value in a map, for other closures and "
                     "for the shell.",
      .more = "A map holds ints, bools, durations, filesizes and times; its type is that of the "
              "value put into it first. Null takes the entry away. The result is null.",
      .required = {{"map", "name of the map", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe do_exit {|ctx| timestamp | map-put ended --by $ctx.pid}",
                    "When each process ended"}},
  });
}

}  // namespace plugin
