#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::usdt);
}
}  // namespace

Command commands_table::usdt() {
  return {attach_signature({
              .name = "bpf-usdt",
              .description = "Run a closure at a place that a program's author has marked (USDT).",
              .more = "Arguments are $ctx.arg0, $ctx.arg1 ... with the sizes and signs that the "
                      "program declares.\nbpf-targets --kind usdt lists what a file has.",
              .search_terms = {"trace", "ebpf", "user", "marker", "dtrace"},
              .required = {{"path",
                            "program or library: a path, or a bare name as libc; a glob, or a list",
                            shape::string_or_list()},
                           {"marker", "provider:name, a glob (libc:*), or a list",
                            shape::string_or_list(), Completes::symbols}},
              .examples =
                  {
                      {"bpf-usdt libc libc:setjmp {|ctx| $ctx.comm | count} --for 10sec",
                       "Who calls setjmp?"},
                      {"bpf-usdt libc libc:memory_* {|ctx| $ctx.probe | count} --run {^ls}",
                       "What does malloc do inside ls?"},
                  },
          }),
          run, host::Kind::usdt};
}

}  // namespace plugin
