#include "plugin/commands/answers.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <deque>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;
using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;

// While a slow reader has this many rows unread, nothing is added: the next rows are of a longer
// time.
constexpr size_t rows_max = 100'000;

class Watch : public ItemSource {
 public:
  explicit Watch(Span span) : span_(encode_span(span)) {}

  bool ready() const override { return !rows_.empty(); }
  void write_next(Writer& writer) override {
    writer.value(rows_.front(), span_);
    rows_.pop_front();
  }
  bool finished() const override { return finished_; }
  void acknowledged() override {}
  void closed() override {
    finished_ = true;
    if (timer) timer->cancel();
  }

  void finish() { finished_ = true; }
  bool full() const { return rows_.size() >= rows_max; }

  // A map's growth, each of its rows with the time before its columns.
  void add(Value time, Value grown) {
    if (List* rows = grown.get_if<List>()) {
      for (Value& row : *rows) add_row(time, std::move(row));
      return;
    }
    add_row(time, std::move(grown));
  }

  std::shared_ptr<asio::steady_timer> timer;

 private:
  void add_row(const Value& time, Value value) {
    Record row = {{"time", time}};
    if (Record* columns = value.get_if<Record>())
      for (auto& column : *columns) row.push_back(std::move(column));
    else
      row.emplace_back("value", std::move(value));
    rows_.emplace_back(std::move(row));
  }

  std::string span_;
  std::deque<Value> rows_;
  bool finished_ = false;
};

Value now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return bytecode::Date{std::chrono::duration_cast<nanoseconds>(since_epoch).count()};
}

// Until the reader has had enough, or nobody writes the map any more.
Task<void> watch_map(CallPtr call, Tracing& tracing, std::string map, nanoseconds every,
                     bytecode::Snapshot since, std::shared_ptr<Watch> watch) {
  for (Clock::time_point next = Clock::now() + every; !watch->finished(); next += every) {
    watch->timer = call->timer(std::max<nanoseconds>(next - Clock::now(), nanoseconds(0)));
    const bool interrupted = co_await call->pause(watch->timer);
    if (interrupted || watch->finished()) break;
    if (watch->full()) continue;
    const auto state = tracing.session().map_state(map);
    auto grown = tracing.session().map_growth(map, since);
    if (!state || !grown) break;
    watch->add(now(), std::move(*grown));
    if (state->writers.empty()) break;
    tracing.wake_streams();
  }
  watch->finish();
  tracing.wake_streams();
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  nanoseconds every = std::chrono::seconds(1);
  if (const RunCall::Flag* flag = call->flag("every")) {
    const std::optional<Value> given = to_value(flag->value);
    const bytecode::Duration* duration = given ? given->get_if<bytecode::Duration>() : nullptr;
    if (!duration || duration->nanoseconds < 1'000'000) {
      const Span span = co_await call->flag_value_span("every");
      co_return error_at(span, "--every takes a duration of 1ms or more",
                         duration ? "too short" : "not a duration");
    }
    every = nanoseconds(duration->nanoseconds);
  }
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  if (maps->names.size() != 1)
    co_return error_at(maps->span, "bpf-maps watch takes one map", "several maps",
                       "name one of " + maps->names.front() + " and the others");
  bytecode::Snapshot since;
  auto first = tracing.session().map_growth(maps->names.front(), since);
  if (!first) co_return labeled(first.error(), Blame::at(maps->span));
  StreamAnswer answer;
  auto watch = std::make_shared<Watch>(call->head());
  answer.source = watch;
  answer.opened = [call, &tracing, map = maps->names.front(), every, since, watch] {
    asio::co_spawn(call->io(), watch_map(call, tracing, map, every, since, watch), asio::detached);
  };
  co_return answer;
}

}  // namespace

Command commands_table::maps_watch() {
  return {{
              .name = "bpf-maps watch",
              .description = "How a map grows: a stream of what each interval added to it.",
              .more = "A row has the time, then the columns of bpf-maps get; of a map with keys "
                      "there is one for each key\nthat has changed. Least and greatest values, "
                      "and values that are no numbers, are shown as they have\nbecome. The stream "
                      "ends when no probe writes the map any more.",
              .search_terms = {"counters", "rate", "interval", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .flags = {{"every", 'e', shape::duration(), "how long an interval is (1sec)"}},
              .examples = {{"bpf-maps watch opens --every 2sec | where value > 100",
                            "Programs that open more than 50 files a second"},
                           {"bpf-maps watch latency | take until {|row| $row.count > 1000}",
                            "Until a bucket fills up"}},
          },
          run};
}

}  // namespace plugin
