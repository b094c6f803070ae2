#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::as_type() {
  return verb({
      .name = "as",
      .description = "Inside a bpf closure: what a number or an address is in C.",
      .more =
          "i8 to u64 and bool convert a number as C does. A pointer type says what lies at an "
          "address, so that a path\ncan go on there; 'char *' reads the text. Types are those of "
          "the kernel's BTF or the binary's debug data.",
      .required = {{"type", "i32, u16, bool ..., or a C type in quotes", shape::string()}},
      .examples = {{"bpf-uretprobe libc read {|ctx| $ctx.retval | as i32} --stream",
                    "The value that read returns, with its sign"},
                   {"bpf-kprobe tcp_connect {|ctx| ($ctx.arg0 | as 'struct sock *').__sk_common"
                    ".skc_dport | bswap}",
                    "The port of each connection"}},
  });
}

}  // namespace plugin
