#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::read_int() {
  return verb({
      .name = "read-int",
      .description = "Inside a bpf closure: the number at an address.",
      .more = "From user or kernel memory, by the address. Null where the memory does not answer; "
              "that is counted as\na fault, but for a null pointer. Of an argument that is a char "
              "* it takes the address.",
      .optional = {{"address", "the address; or it comes from the pipe", shape::any()}},
      .flags = {{"size", 'n', shape::integer(), "bytes of the number: 1, 2, 4 or 8 (else 8)"},
                {"signed", 's', {}, "the number has a sign"}},
      .examples = {{"bpf-uprobe libc malloc {|ctx| read-int $ctx.regs.sp --size 8} --stream",
                    "Where malloc returns to"}},
  });
}

}  // namespace plugin
