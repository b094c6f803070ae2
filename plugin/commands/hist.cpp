#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::hist() {
  return verb({
      .name = "hist",
      .description = "Inside a bpf closure: a histogram of the piped numbers.",
      .more =
          "The number comes from the pipe: an int, a duration or a filesize. Buckets are powers of "
          "two unless said otherwise; with --linear A..B they go from A to below B, and what lies "
          "outside has a bucket of its own. Null adds nothing. The result is null.",
      .optional = {{"map", "name of the map (else the probe's name)", shape::string()}},
      .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"},
                {"linear", 'l', shape::any(), "buckets of one size in this range: 0..100"},
                {"step", 's', shape::any(), "how wide each of them is (a twentieth of the range)"},
                {"bits", 0, shape::integer(), "cut each power of two into 2^bits buckets (0)"}},
      .examples = {{"bpf-kprobe sys_read {|ctx| $ctx.size | hist} --for 5sec",
                    "Sizes of reads, in powers of two"},
                   {"bpf-kprobe sys_read {|ctx| $ctx.size | hist small --linear 0..1000 --step 100 "
                    "--by $ctx.comm} --for 5sec",
                    "In hundreds, by program"}},
  });
}

}  // namespace plugin
