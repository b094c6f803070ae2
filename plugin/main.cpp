// The Nushell process: nu starts it with --stdio and speaks the plugin protocol over its pipes.
#include <utility>

#include <unistd.h>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <string_view>

#include "plugin/commands/commands.hpp"
#include "plugin/engine.hpp"
#include "plugin/module.hpp"
#include "plugin/tracing.hpp"

namespace {

constexpr const char* usage =
    "nu_plugin_ebpf runs Nushell closures in the Linux kernel. It is a Nushell plugin:\n"
    "\n"
    "  plugin add nu_plugin_ebpf    register it, once; then plugin use ebpf\n"
    "  help bpf-kprobe              from then on\n"
    "\n"
    "  --stdio     speak Nushell's plugin protocol (nu starts it so)\n"
    "  --module    print the Nushell module that names $pid, $uid, $comm ... for closures\n"
    "  --version   print the version\n"
    "  --help      print this\n";

int serve() {
  using namespace plugin;
  boost::asio::io_context io(1);
  // The engine tells the tracing side's rows, the tracing side fills the engine's streams: each
  // reaches the other through these hooks.
  Engine* engine = nullptr;
  Tracing tracing(io, {.rows_ready = [&engine] { engine->schedule_pump(); },
                       .keep_alive = [&engine](bool on) { engine->set_gc_disabled(on); }});
  Engine connection(io, STDIN_FILENO, STDOUT_FILENO,
                    {.run = [&](CallPtr call) { return run_command(std::move(call), tracing); },
                     .signatures = all_signatures,
                     .complete =
                         [&](CallPtr call, CompletionCall completion) {
                           return complete(std::move(call), std::move(completion), tracing);
                         },
                     .settled = [&] { tracing.settle(); }});
  engine = &connection;
  connection.start();
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc == 2 ? argv[1] : "";
  if (option == "--stdio") return serve();
  if (option == "--module") {
    std::fputs(plugin::module_text, stdout);
    return 0;
  }
  if (option == "--version") {
    std::puts("nu_plugin_ebpf " EBPF_PLUGIN_VERSION);
    return 0;
  }
  if (option == "--help" || option == "-h") {
    std::fputs(usage, stdout);
    return 0;
  }
  std::fputs(usage, stderr);
  return 2;
}
