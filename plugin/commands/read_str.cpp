#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::read_str() {
  return verb({
      .name = "read-str",
      .description = "Inside a bpf closure: the text that an address points to.",
      .more = "From user or kernel memory, by the address. Null where the memory does not answer; "
              "that is counted as\na fault, but for a null pointer. --str-len of the attach "
              "command bounds the length.",
      .optional = {{"address", "the address; or it comes from the pipe", shape::any()}},
      .examples = {{"bpf-uprobe libc getenv {|ctx| read-str $ctx.arg0} --stream",
                    "The environment variables that programs ask for"}},
  });
}

}  // namespace plugin
