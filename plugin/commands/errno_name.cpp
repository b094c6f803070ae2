#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::errno_name() {
  return verb({
      .name = "errno-name",
      .description = "Inside a bpf closure: the name of an error, of -2 or 2 ENOENT.",
      .more = "What is no error stays the number that it is. In outputs only: the host names it.",
      .examples = {{"bpf-kretprobe openat {|ctx| if $ctx.retval < 0 {$ctx.retval | errno-name}}",
                    "Why files do not open"}},
  });
}

}  // namespace plugin
