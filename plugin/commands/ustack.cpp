#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::ustack() {
  return verb({
      .name = "ustack",
      .description = "Inside a bpf closure: the process's own stack, a list of functions with the "
                     "innermost first.",
      .more =
          "The same as $ctx.ustack. Names come from the program's symbols and debug information. A "
          "program that was built without frame pointers shows only its innermost functions.",
      .flags = {{"depth", 'd', shape::integer(), "frames at most (127)"}},
      .examples = {{"bpf-perf cpu-clock {|ctx| {kstack: $ctx.kstack, ustack: $ctx.ustack} | count} "
                    "--for 10sec | bpf-flamegraph | save cpu.svg",
                    "Where processors spend their time"}},
  });
}

}  // namespace plugin
