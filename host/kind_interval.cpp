// Every so often, on one processor: a clock's samples, whatever runs there.
#include <linux/perf_event.h>

#include <charconv>
#include <limits>

#include "host/perf_events.hpp"
#include "host/refusal.hpp"

namespace host {

namespace {

struct Unit {
  std::string_view name;
  uint64_t ns;
};
constexpr Unit units[] = {
    {"ns", 1},
    {"us", 1'000},
    {"µs", 1'000},
    {"ms", 1'000'000},
    {"sec", 1'000'000'000},
    {"s", 1'000'000'000},
    {"min", 60'000'000'000},
    {"hr", 3'600'000'000'000},
};
constexpr uint64_t shortest = 10'000;  // the kernel rounds up to it

// "100ms", "1sec"; a plain number is nanoseconds, as Nushell's durations are.
std::optional<uint64_t> parse_duration(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit.empty()) return number;
  for (const Unit& known : units)
    if (known.name == unit && number <= std::numeric_limits<int64_t>::max() / known.ns)
      return number * known.ns;
  return std::nullopt;
}

Result<std::vector<Target>> resolve(Machine& machine, const Request&, std::string_view word,
                                    std::string_view) {
  const std::optional<uint64_t> ns = parse_duration(word);
  if (!ns)
    return no_target(std::string(word) + " is no duration", "write it as 100ms, 1sec or 5min");
  if (*ns < shortest)
    return no_target(std::string(word) + " is too short an interval",
                     "the kernel's shortest is 10us");
  Target target;
  target.kind = target.attach_kind = Kind::interval;
  target.text = target.func = word;
  target.schema.target = "interval:" + target.text;
  target.sample = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, *ns, false};
  describe_sample(machine, target.schema);
  target.schema.args.clear();
  return std::vector<Target>{std::move(target)};
}

Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  const std::vector<uint32_t>& chosen = attaching.options.cpus;
  const uint32_t cpu = chosen.empty() ? online_cpus().front() : chosen.front();
  return attach_samples(attaching, places, {cpu});
}

}  // namespace

const KindRecord interval_kind = {Kind::interval, resolve, attach};

}  // namespace host
