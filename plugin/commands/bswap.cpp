#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::bswap() {
  return verb({
      .name = "bswap",
      .description = "Inside a bpf closure: a number with its bytes in the other order.",
      .more = "As many bytes as its C type has, or as --size says: ports and addresses of the "
              "internet lie in memory\nwith the highest byte first.",
      .flags = {{"size", 'n', shape::integer(), "bytes of the number: 2, 4 or 8"}},
      .examples = {{"bpf-kprobe tcp_connect {|ctx| $ctx.args.sk.__sk_common.skc_dport | bswap}",
                    "The port of each connection"}},
  });
}

}  // namespace plugin
