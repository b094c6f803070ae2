#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::ip_addr() {
  return verb({
      .name = "ip-addr",
      .description = "Inside a bpf closure: an address of the internet as text.",
      .more = "Takes an int in network order, four or sixteen bytes, and the structures in_addr, "
              "in6_addr and sockaddr or\npointers to them. In outputs only: the host writes it.",
      .examples = {{"bpf-kprobe tcp_connect {|ctx| $ctx.args.sk.__sk_common.skc_daddr | ip-addr}",
                    "Where programs connect to"}},
  });
}

}  // namespace plugin
