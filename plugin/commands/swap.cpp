#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/programs.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  // bpf-swap ID C, or a probe from the pipe and the closure alone.
  std::vector<Node> probes;
  size_t closure_at = 1;
  if (call->positional_count() == 1) {
    probes = co_await call->input();
    closure_at = 0;
  } else {
    probes.push_back(*call->positional(0));
  }
  if (probes.size() != 1) {
    const Node& only = *call->positional(0);
    // The one argument is the closure, unless it can only be the probe.
    const bool probe_alone = closure_at == 0 && probes.empty() && kind_of(only) != "Closure" &&
                             (kind_of(only) != "String" || probe_refs(only, tracing, true).ok());
    if (probe_alone)
      co_return error_at(span_of(only), "bpf-swap takes one probe and its new closure",
                         "no closure for it given", "bpf-swap 1 {|ctx| ... }");
    co_return error_at(call->head(), "bpf-swap takes one probe and its new closure",
                       probes.empty() ? "no probe given" : "more than one probe given",
                       "bpf-swap 1 {|ctx| ... }");
  }
  auto refs = probe_refs(probes.front(), tracing, true);
  if (!refs) co_return refs.error();
  if (refs->size() != 1)
    co_return error_at(span_of(probes.front()), "bpf-swap takes one probe", "not one probe");
  const host::ProbeId id = refs->front().id;

  auto flags = co_await read_compile_flags(call);
  if (!flags) co_return flags.error();
  Node argument = *call->positional(closure_at);
  auto closure = co_await read_closure(call, std::move(argument));
  if (!closure) co_return closure.error();

  Blame blame;
  blame.head = call->head();
  blame.target = blame.argument = refs->front().span;
  blame.source = &closure->source;
  // Other calls ran meanwhile: the probe may have ended.
  const auto* live = tracing.lives(id) ? tracing.session().targets_of(id) : nullptr;
  if (!live) co_return error_at(refs->front().span, "the probe has ended", "ended meanwhile");
  auto programs = compile_closure(*closure, *live, *flags, tracing.session().shared_maps());
  if (!programs) co_return labeled(programs.error(), blame);
  SourceText source = closure->source;
  const host::Status swapped = tracing.swap(id, std::move(*programs), std::move(source));
  if (!swapped) co_return labeled(swapped.error(), blame);
  const std::optional<host::ProbeInfo> info = tracing.info(id);
  if (!info) co_return EmptyAnswer{};
  co_return bytecode::Value(probe_record(*info));
}

}  // namespace

Command commands_table::swap() {
  return {{
              .name = "bpf-swap",
              .description = "Replace the closure of an attached probe, without detaching it.",
              .more = "Every hit runs the old closure or the new one, never a mixture, and none is "
                      "missed.",
              .search_terms = {"replace", "update", "ebpf"},
              .required = {{"probe", "id, record or name of the probe; or it comes from the pipe",
                            shape::any(), Completes::probes}},
              .optional = {{"closure", "the new closure, or its text", shape::closure_or_string()}},
              .flags = compile_flag_table(),
              .examples = {{"bpf-swap 1 {|ctx| if $ctx.uid == 0 { $ctx.comm | count }}",
                            "From now on, count root's calls only"}},
          },
          run};
}

}  // namespace plugin
