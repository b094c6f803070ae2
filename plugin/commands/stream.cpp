#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

// Rows in their envelope, of all probes or of some.
class EnvelopeRows : public ItemSource {
 public:
  EnvelopeRows(Broadcast& broadcast, Subscription::Options options, Span span)
      : span_(encode_span(span)), rows_(broadcast, std::move(options)) {}

  bool ready() const override { return !rows_.empty(); }
  void write_next(Writer& writer) override { write_envelope(writer, *rows_.take(), span_); }
  bool finished() const override { return rows_.finished(); }
  void acknowledged() override { rows_.acknowledge(); }
  void closed() override { rows_.close(); }
  void finish() { rows_.finish(); }

 private:
  std::string span_;
  Subscription rows_;
};

Task<Answer> run(CallPtr call, Tracing& tracing) {
  std::vector<ProbeRef> refs;
  if (call->positional_count() > 0) {
    auto named = co_await probe_arguments(call, tracing, false);
    if (!named) co_return named.error();
    refs = std::move(*named);
  } else {
    const std::vector<Node> piped = co_await call->input();
    for (const Node& node : piped) {
      if (!is_probe_record(node)) continue;
      auto named = probe_refs(node, tracing, false);
      if (!named) co_return named.error();
      refs.insert(refs.end(), named->begin(), named->end());
    }
  }
  Subscription::Options options;
  bool live = refs.empty() && !tracing.live().empty();
  for (const ProbeRef& ref : refs) {
    options.probes.insert(ref.id);
    live = live || tracing.lives(ref.id);
  }
  const bool unread = tracing.rows().has_backlog(options.probes);
  if (!live && !unread) {
    const Span span = refs.empty() ? call->head() : refs.front().span;
    co_return error_at(span, "there is no probe to stream from", "nothing is attached",
                       "attach one first: bpf-kprobe openat {|ctx| $ctx.comm}", "bpf::stream");
  }
  auto rows = std::make_shared<EnvelopeRows>(tracing.rows(), std::move(options), call->head());
  // What is left of probes that have ended is given, and the stream ends.
  if (!live) rows->finish();
  tracing.start_notices();
  co_return StreamAnswer{std::move(rows)};
}

}  // namespace

Command commands_table::stream() {
  return {
      {
          .name = "bpf-stream",
          .description = "Rows of the attached probes, as they come.",
          .more = "Columns: time probe target name type event_type pid tid comm cpu value.\n"
                  "Types: probe_hit (an empty closure), log (print), custom (emit, or the "
                  "closure's value), counter (a\nmap that changed, about once a second, of 10240 "
                  "entries at most), lost and fault. The stream ends with its last probe.\nRows "
                  "that nobody has read yet come first.",
          .search_terms = {"trace", "events", "watch", "ebpf"},
          .rest = {{"probe", "ids or records of probes; all of them if none is given", shape::any(),
                    Completes::probes}},
          .examples =
              {
                  {"bpf-stream | where type == \"probe_hit\" | first 10", "The next ten hits"},
                  {"bpf-stream | where type == \"counter\" | each {|row| print $row.value}",
                   "Counts, about once a second"},
              },
      },
      run};
}

}  // namespace plugin
