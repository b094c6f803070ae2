#include "plugin/commands/attach.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::uprobe);
}
}  // namespace

Command commands_table::uprobe() {
  return {
      attach_signature({
          .name = "bpf-uprobe",
          .description =
              "Run a closure in the kernel each time a function of a program is entered.",
          .more = "Arguments are registers: $ctx.arg0, or `read-str $ctx.arg0` for the text a "
                  "register points to. Where\nthe file has debug information they have names: "
                  "$ctx.args.name.",
          .search_terms = {"trace", "ebpf", "user", "function", "library"},
          .required = {{"path",
                        "program or library: a path, or a bare name as libc; a glob, or a list",
                        shape::string_or_list()},
                       {"symbol", "function, function+0x4, an address, a glob (ssl_*), or a list",
                        shape::string_or_list(), Completes::symbols}},
          .flags = {unsafe_flag()},
          .examples =
              {
                  {"bpf-uprobe /usr/bin/curl main { || print \"curl started\" }",
                   "A log row each time curl starts"},
                  {"bpf-uprobe libc getenv {|ctx| read-str $ctx.arg0 | count} --for 10sec",
                   "Which environment variables are asked for?"},
                  {"bpf-uprobe libc [malloc calloc] {|ctx| $ctx.func | count} --run {^ls}",
                   "How often does ls allocate memory?"},
              },
      }),
      run, host::Kind::uprobe};
}

}  // namespace plugin
