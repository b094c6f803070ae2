#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_add() {
  return verb({
      .name = "map-add",
      .description = "Inside a bpf closure: add the piped number to what a map has.",
      .more = "Where the map has nothing, the number is the first. The result is null.",
      .required = {{"map", "name of the map", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kprobe sys_write {|ctx| $ctx.size | map-add written --by $ctx.pid}",
                    "Bytes written by each process, which other closures can ask for"}},
  });
}

}  // namespace plugin
