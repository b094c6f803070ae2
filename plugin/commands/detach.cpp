#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  const bool all = call->has_switch("all");
  if (!all && !call->has_input() && call->positional_count() == 0)
    co_return error_at(call->head(), "which probe?", "takes ids, records from the pipe, or --all",
                       "bpf-list shows what is attached");
  std::vector<ProbeRef> refs;
  if (all) {
    for (const host::ProbeId id : tracing.live()) refs.push_back({id, call->head()});
  } else {
    auto named = co_await probe_arguments(call, tracing, true);
    if (!named) co_return named.error();
    refs = std::move(*named);
  }
  for (const ProbeRef& ref : refs) {
    if (!tracing.lives(ref.id)) continue;
    const host::Status detached = tracing.detach(ref.id);
    if (!detached) co_return labeled(detached.error(), Blame::at(ref.span));
  }
  co_return EmptyAnswer{};
}

}  // namespace

Command commands_table::detach() {
  return {
      {
          .name = "bpf-detach",
          .description = "End probes. Their maps stay.",
          .search_terms = {"stop", "remove", "ebpf"},
          .rest = {{"probe", "ids, records or names of probes", shape::any(), Completes::probes}},
          .flags = {{"all", 'a', Node(), "every probe"}},
          .examples = {{"bpf-detach 1", "End probe 1"},
                       {"bpf-list | where hits == 0 | bpf-detach", "End what was never hit"},
                       {"bpf-detach --all", "End everything"}},
      },
      run};
}

}  // namespace plugin
