#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::kstack() {
  return verb({
      .name = "kstack",
      .description =
          "Inside a bpf closure: the kernel's stack, a list of functions with the innermost first.",
      .more = "The same as $ctx.kstack. In the kernel it is a number: send it, or count by it.",
      .flags = {{"depth", 'd', shape::integer(), "frames at most (127)"}},
      .examples = {{"bpf-tracepoint block:block_rq_issue {|ctx| kstack --depth 20 | count} --for "
                    "5sec | bpf-flamegraph | save io.svg",
                    "Who does block I/O"}},
  });
}

}  // namespace plugin
