#include "plugin/commands/attach.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::uretprobe);
}
}  // namespace

Command commands_table::uretprobe() {
  return {
      attach_signature({
          .name = "bpf-uretprobe",
          .description = "Run a closure in the kernel each time a function of a program returns.",
          .more = "What it returns is $ctx.retval.",
          .search_terms = {"trace", "ebpf", "user", "function", "library", "return"},
          .required = {{"path",
                        "program or library: a path, or a bare name as libc; a glob, or a list",
                        shape::string_or_list()},
                       {"symbol", "function, function+0x4, an address, a glob (ssl_*), or a list",
                        shape::string_or_list(), Completes::symbols}},
          .flags = {unsafe_flag()},
          .examples =
              {
                  {"bpf-uretprobe libc getenv {|ctx| if $ctx.retval == 0 { $ctx.comm | count } } "
                   "--for 10sec",
                   "Who asks for environment variables that are not there?"},
                  {"bpf-uretprobe /bin/bash readline {|ctx| read-str $ctx.retval} --stream",
                   "What is typed into bash, a row a line"},
              },
      }),
      run, host::Kind::uretprobe};
}

}  // namespace plugin
