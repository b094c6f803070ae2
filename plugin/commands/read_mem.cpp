#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::read_mem() {
  return verb({
      .name = "read-mem",
      .description = "Inside a bpf closure: bytes at an address, as binary.",
      .more = "From user or kernel memory, by the address. Null where the memory does not answer; "
              "that is counted as\na fault, but for a null pointer. Of an argument that is a char "
              "* it takes the address. The count is a constant of at most 4095.",
      .required = {{"address", "the address; where it comes from the pipe, the count",
                    shape::any()}},
      .optional = {{"count", "how many bytes", shape::size()}},
      .examples = {{"bpf-uprobe libc write {|ctx| read-mem $ctx.arg1 16} --stream",
                    "The first bytes of what programs write"}},
  });
}

}  // namespace plugin
