#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_has() {
  return verb({
      .name = "map-has",
      .description = "Inside a bpf closure: whether a map has something at the piped key.",
      .more = "The key comes from the pipe or by --by.",
      .required = {{"map", "name of the map", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples =
          {{"bpf-kprobe sys_write {|ctx| if ($ctx.pid | map-has watched) { $ctx.comm | count }}",
            "Writes of the processes that bpf-maps set has put into a map"}},
  });
}

}  // namespace plugin
