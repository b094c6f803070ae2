#include "plugin/commands/attach.hpp"

#include <cstdio>
#include <set>

#include "bytecode/compile.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/validate.hpp"
#include "plugin/closure.hpp"
#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/flags.hpp"
#include "plugin/commands/target_words.hpp"

namespace plugin {

namespace {

using bytecode::Record;
using bytecode::Value;

struct Prepared {
  ClosureArgument closure;
  AttachFlags flags;
  host::Target target;
  bytecode::Program program;
  Blame blame;
};

Task<std::optional<LabeledError>> prepare(CallPtr call, Tracing& tracing, TargetWords words,
                                          Prepared& out) {
  out.blame.head = call->head();
  const Node* target = call->positional(0);
  const Node* closure = call->positional(words.count);
  if (!target || !closure)
    co_return error_at(call->head(), call->name() + " takes a target and a closure", "here");
  auto flags = co_await read_attach_flags(call);
  if (!flags) co_return flags.error();
  out.flags = std::move(*flags);

  out.blame.target = span_of(*target);
  std::string name = text_argument(*call, 0);
  std::string symbol;
  if (words.count > 1) {
    name = co_await user_path(call, name);
    symbol = text_argument(*call, 1);
  }
  auto resolved = tracing.session().resolve(words.kind, name, symbol);
  if (!resolved) {
    if (resolved.error().subject == "symbol") out.blame.target = span_of(*call->positional(1));
    co_return labeled(resolved.error(), out.blame);
  }
  out.target = std::move(*resolved);

  Node argument = *closure;
  auto text = co_await read_closure(call, std::move(argument));
  if (!text) co_return text.error();
  out.closure = std::move(*text);
  out.blame.source = &out.closure.source;
  auto program = compile_closure(out.closure, out.target.schema, out.flags.compile);
  if (!program) co_return labeled(program.error(), out.blame);
  out.program = std::move(*program);
  co_return std::nullopt;
}

Answer dry_run(const Prepared& prepared) {
  Record record;
  record.emplace_back("kind", std::string(host::kind_name(prepared.target.kind)));
  record.emplace_back("target", prepared.target.text);
  record.emplace_back("note", prepared.target.note);
  record.emplace_back("instructions", static_cast<int64_t>(prepared.program.code.size()));
  record.emplace_back("code", bytecode::disassemble(prepared.program));
  return Value(std::move(record));
}

// A closure's own values, without the envelope. The probe lives as long as the stream.
class OwnRows : public ItemSource {
 public:
  OwnRows(Tracing& tracing, host::ProbeId probe, Span span)
      : tracing_(tracing),
        probe_(probe),
        span_(encode_span(span)),
        rows_(tracing.rows(), {.probes = {probe}, .own = true}) {}

  bool ready() const override { return !rows_.empty(); }
  void write_next(Writer& writer) override { writer.value(rows_.take()->row.value, span_); }
  bool finished() const override { return rows_.finished(); }
  void acknowledged() override { rows_.acknowledge(); }
  void closed() override {
    if (tracing_.lives(probe_)) (void)tracing_.detach(probe_);
    rows_.close();
  }

 private:
  Tracing& tracing_;
  host::ProbeId probe_;
  std::string span_;
  Subscription rows_;
};

// A stream of bare values has no place for losses and faults: they are said once, at the end, to
// the terminal.
void report_losses(const Tracing& tracing, const host::ProbeInfo& info) {
  if (info.lost > 0)
    std::fprintf(stderr, "%s: %llu rows lost\n", info.name.c_str(),
                 static_cast<unsigned long long>(info.lost));
  for (const host::FaultCount& fault : info.faults) {
    const auto [at, in] = tracing.place_of(info.id, fault);
    std::fprintf(stderr, "%s: %s%s, %llu %s, at %u:%u `%s`\n", info.name.c_str(),
                 fault.sentence.c_str(), in.c_str(), static_cast<unsigned long long>(fault.count),
                 fault.count == 1 ? "time" : "times", at.line, at.column, fault.source.c_str());
  }
}

Answer stream_rows(const Call& call, Tracing& tracing, host::ProbeId probe,
                   const AttachFlags& flags) {
  auto rows = std::make_shared<OwnRows>(tracing, probe, call.head());
  tracing.when_gone(probe,
                    [&tracing](const host::ProbeInfo& info) { report_losses(tracing, info); });
  if (flags.time) tracing.detach_after(probe, *flags.time);
  return StreamAnswer{std::move(rows)};
}

// Maps that no live probe writes: a timed run starts with them empty.
std::set<std::string> idle_maps(Tracing& tracing) {
  std::set<std::string> names;
  for (const host::MapInfo& map : tracing.session().maps())
    if (map.probes.empty()) names.insert(map.name);
  return names;
}

Task<Answer> timed_counts(CallPtr call, Tracing& tracing, host::ProbeInfo probe,
                          std::chrono::nanoseconds time) {
  const auto timer = call->timer(time);
  tracing.when_gone(probe.id, [timer](const host::ProbeInfo&) { timer->cancel(); });
  const bool interrupted = co_await call->pause(timer);
  if (tracing.lives(probe.id)) (void)tracing.detach(probe.id);
  // Nushell shows nothing of an interrupted command; what was counted is still in the map.
  if (interrupted) co_return EmptyAnswer{};
  co_return map_values(tracing, tracing.maps_of(probe.id), call->head());
}

}  // namespace

Signature attach_signature(Signature signature) {
  signature.required.push_back(
      {"closure", "what runs at each hit, {|ctx| ...}, or its text", shape::closure_or_string()});
  signature.flags = attach_flag_table();
  return signature;
}

Task<Answer> attach(CallPtr call, Tracing& tracing, TargetWords words) {
  Prepared prepared;
  const std::optional<LabeledError> wrong = co_await prepare(call, tracing, words, prepared);
  if (wrong) co_return *wrong;
  const AttachFlags& flags = prepared.flags;
  if (flags.dry_run) co_return dry_run(prepared);

  const bool timed = flags.time && !flags.stream;
  const bool has_maps = !prepared.program.maps.empty();
  std::set<std::string> idle;
  if (timed && has_maps) idle = idle_maps(tracing);
  SourceText source = prepared.closure.source;
  auto attached = tracing.attach(prepared.target, std::move(prepared.program), std::move(source),
                                 flags.options, flags.limit);
  if (!attached) {
    Blame blame = prepared.blame;
    blame.argument = co_await call->flag_value_span(attached.error().subject);
    co_return labeled(attached.error(), blame);
  }
  if (flags.stream || (timed && !has_maps))
    co_return stream_rows(*call, tracing, attached->id, flags);
  if (timed) {
    for (const std::string& map : attached->maps)
      if (idle.contains(map)) (void)tracing.session().map_clear(map);
    host::ProbeInfo probe = *attached;
    co_return co_await timed_counts(call, tracing, std::move(probe), *flags.time);
  }
  co_return Value(probe_record(*attached));
}

}  // namespace plugin
