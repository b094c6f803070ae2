#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_delete() {
  return verb({
      .name = "map-delete",
      .description = "Inside a bpf closure: take what a map has at the piped key away.",
      .more = "The key comes from the pipe or by --by. The result is null.",
      .required = {{"map", "name of the map", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
      .examples = {{"bpf-kretprobe vfs_read {|ctx| $ctx.tid | map-delete starts}",
                    "Forget the start"}},
  });
}

}  // namespace plugin
