#include "plugin/commands/attach.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::perf);
}
}  // namespace

Command commands_table::perf() {
  return {attach_signature({
              .name = "bpf-perf",
              .description = "Run a closure at samples of a performance event: a clock, page "
                             "faults, cycles.",
              .more = "A clock (cpu-clock, task-clock) is sampled 99 times a second on each "
                      "processor unless --hz or --period\nsays otherwise; other events at each "
                      "one, or every --period. Hardware events (cpu-cycles,\ncache-misses) need a "
                      "machine that counts them.",
              .search_terms = {"sample", "profile", "ebpf", "hardware", "counter"},
              .required = {{"event",
                            "cpu-clock, task-clock, page-faults, context-switches, "
                            "cpu-cycles ..., or a list",
                            shape::string_or_list(), Completes::targets}},
              .flags = sampling_flag_table(),
              .examples =
                  {
                      {"bpf-perf cpu-clock {|ctx| $ctx.comm | count} --for 5sec | sort-by value -r",
                       "Who has the processor?"},
                      {"bpf-perf page-faults {|ctx| $ctx.comm | count} --period 1 --run {^ls}",
                       "How many page faults does ls take?"},
                      {"bpf-perf cpu-clock {|ctx| $ctx.pid | count} --hz 499 --cpu 0 --for 1sec",
                       "Processes on processor 0, finely"},
                  },
          }),
          run, host::Kind::perf};
}

}  // namespace plugin
