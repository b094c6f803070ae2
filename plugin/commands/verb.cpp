#include "plugin/commands/verb.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing&) {
  co_return error_at(
      call->head(), "`" + call->name() + "` works inside a bpf closure only", "runs in the kernel",
      "give it to an attach command: bpf-kprobe openat {|ctx| ... " + call->name() + " ... }",
      "bpf::verb");
}

}  // namespace

Command verb(Signature signature) {
  signature.category = "inside bpf closures";
  signature.search_terms = {"bpf", "ebpf", "closure", "trace"};
  return {std::move(signature), run};
}

}  // namespace plugin
