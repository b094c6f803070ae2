#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_get() {
  return verb({
      .name = "map-get",
      .description =
          "Inside a bpf closure: what a map has at the piped key; null if it has nothing.",
      .more = "The key comes from the pipe or by --by; a map without a key needs none.",
      .required = {{"map", "name of the map", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kretprobe vfs_read {|ctx| let start = map-get starts --by $ctx.tid; if "
                    "$start != null { (timestamp) - $start | hist latency }}",
                    "How long a read takes; another closure has put the start there"}},
  });
}

}  // namespace plugin
