#include "plugin/commands/course.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdio>
#include <utility>

#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

using Probes = std::vector<host::ProbeId>;

void detach_all(Tracing& tracing, const Probes& probes) {
  for (const host::ProbeId probe : probes)
    if (tracing.lives(probe)) (void)tracing.detach(probe);
}

// The closures' own values, without the envelope. The probes live as long as the stream.
class OwnRows : public ItemSource {
 public:
  OwnRows(Tracing& tracing, Probes probes, Span span)
      : tracing_(tracing),
        probes_(std::move(probes)),
        span_(encode_span(span)),
        rows_(tracing.rows(), {.probes = {probes_.begin(), probes_.end()}, .own = true}) {}

  bool ready() const override { return !rows_.empty(); }
  void write_next(Writer& writer) override { writer.value(rows_.take()->row.value, span_); }
  bool finished() const override { return rows_.finished(); }
  void acknowledged() override { rows_.acknowledge(); }
  void closed() override {
    detach_all(tracing_, probes_);
    rows_.close();
  }

 private:
  Tracing& tracing_;
  Probes probes_;
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

// The Error that the closure of --run raised, unless a command in it only failed: that is told, and
// is no failure of the trace.
std::optional<LabeledError> error_of(const Call& call, const Evaluation& result) {
  if (!result.error) return std::nullopt;
  LabeledError error = read_error(*result.error);
  for (const char* failed : {"non_zero_exit_code", "terminated_by_signal", "core_dumped"}) {
    if (error.code.find(failed) == std::string::npos) continue;
    std::fprintf(stderr, "%s: what --run ran failed: %s\n", call.name().c_str(),
                 error.message.c_str());
    return std::nullopt;
  }
  return error;
}

// Shows what the closure of --run gave.
Task<void> show(CallPtr call, Evaluation result) {
  if (result.values.empty()) co_return;
  Node shown = result.values.front();
  if (result.list) {
    Node::Map list;
    list.emplace_back("vals", std::move(result.values));
    list.emplace_back("span", call->head());
    shown = tag("List", std::move(list));
  }
  if (kind_of(shown) != "Nothing") co_await call->print(std::move(shown));
}

// Beside a stream that is open: the probes end with the closure, and with them the stream. Its
// reader may have gone before; then Nushell takes no more questions, and nothing is shown.
Task<void> run_beside(CallPtr call, Tracing& tracing, Node closure, Probes probes,
                      std::shared_ptr<ItemSource> rows) {
  BytesSink print = [call, rows](Node chunk) -> Task<void> {
    if (!rows->over) co_await call->print(std::move(chunk));
  };
  const Evaluation result = co_await call->evaluate(std::move(closure), std::move(print));
  if (const auto wrong = error_of(*call, result))
    std::fprintf(stderr, "%s: --run: %s\n", call->name().c_str(), wrong->message.c_str());
  detach_all(tracing, probes);
}

}  // namespace

Course::Course(CallPtr call, Tracing& tracing, const AttachFlags& flags, bool has_maps)
    : call_(std::move(call)), tracing_(tracing), flags_(flags), has_maps_(has_maps) {
  if (flags_.stream || !ends() || !has_maps_) return;
  for (const host::MapInfo& map : tracing_.session().maps())
    if (map.probes.empty()) idle_.insert(map.name);
}

Task<Answer> Course::run(Probes probes) {
  if (flags_.stream || !has_maps_) co_return stream(probes);
  for (const host::ProbeId probe : probes)
    for (const std::string& map : tracing_.maps_of(probe))
      if (idle_.contains(map)) (void)tracing_.session().map_clear(map);
  co_return co_await counts(std::move(probes));
}

Answer Course::stream(const Probes& probes) {
  StreamAnswer answer;
  answer.source = std::make_shared<OwnRows>(tracing_, probes, call_->head());
  for (const host::ProbeId probe : probes) {
    tracing_.when_gone(probe, [&tracing = tracing_](const host::ProbeInfo& info) {
      report_losses(tracing, info);
    });
    if (flags_.time) tracing_.detach_after(probe, *flags_.time);
  }
  if (flags_.run)
    answer.opened = [call = call_, &tracing = tracing_, closure = *flags_.run, probes,
                     rows = answer.source] {
      Node copy = closure;
      asio::co_spawn(call->io(), run_beside(call, tracing, std::move(copy), probes, rows),
                     asio::detached);
    };
  return answer;
}

// The maps that a run is for. What closures keep for each other is no result where there is
// another.
std::vector<std::string> Course::results(const Probes& probes) const {
  std::vector<std::string> all, made;
  for (const host::ProbeId probe : probes)
    for (const std::string& map : tracing_.maps_of(probe)) {
      if (std::find(all.begin(), all.end(), map) != all.end()) continue;
      all.push_back(map);
      const auto state = tracing_.session().map_state(map);
      if (!state || state->spec.kind != bytecode::MapKind::value) made.push_back(map);
    }
  return made.empty() ? all : made;
}

Task<Answer> Course::counts(Probes probes) {
  bool interrupted = false;
  std::optional<LabeledError> wrong;
  if (flags_.run) {
    Node closure = *flags_.run;
    BytesSink print = [call = call_](Node chunk) -> Task<void> {
      co_await call->print(std::move(chunk));
    };
    Evaluation result = co_await call_->evaluate(std::move(closure), std::move(print));
    // Before anything is shown: Nushell may start programs for that.
    detach_all(tracing_, probes);
    wrong = error_of(*call_, result);
    interrupted = call_->interrupted();
    if (!wrong && !interrupted) co_await show(call_, std::move(result));
  } else {
    const auto timer = call_->timer(*flags_.time);
    for (const host::ProbeId probe : probes)
      tracing_.when_gone(probe, [&tracing = tracing_, timer, probes](const host::ProbeInfo&) {
        const bool others = std::any_of(probes.begin(), probes.end(),
                                        [&](host::ProbeId id) { return tracing.lives(id); });
        if (!others) timer->cancel();
      });
    interrupted = co_await call_->pause(timer);
  }
  detach_all(tracing_, probes);
  // Nushell shows nothing of an interrupted command; what was counted is still in the map.
  if (interrupted) co_return EmptyAnswer{};
  if (wrong) co_return *wrong;
  co_return co_await map_values(call_, tracing_, results(probes), call_->head());
}

}  // namespace plugin
