// Samples: every so many events of a kind, or so many times a second, on all processors.
#include <cerrno>

#include "bytecode/bad_argument.hpp"
#include "bytecode/suggest.hpp"
#include "host/perf_events.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/trial.hpp"

namespace host {

namespace {

constexpr uint64_t clock_hz = 99;  // beside whatever happens a hundred times a second

Target describe(Machine& machine, const Request& request, const PerfName& event) {
  Target target;
  target.kind = target.attach_kind = Kind::perf;
  target.text = target.func = event.name;
  target.schema.target = "perf:" + target.text;
  target.sample.type = event.type;
  target.sample.config = event.config;
  const bool is_clock = event.period == 0;
  if (request.period) {
    target.sample.period = *request.period;
  } else if (request.hz || is_clock) {
    target.sample.period = request.hz.value_or(clock_hz);
    target.sample.is_frequency = true;
  } else {
    target.sample.period = event.period;
  }
  describe_sample(machine, target.schema);
  return target;
}

// What perf_event_open says of events that do not exist here.
bool is_missing(int error) { return error == ENOENT || error == EOPNOTSUPP || error == ENODEV; }

bytecode::Error bad_rate(const char* flag) {
  return bytecode::bad_argument(flag, "a rate of 0 is no sampling",
                                "--hz 99 samples 99 times a second, --period 1 at every event");
}

Result<std::vector<Target>> resolve(Machine& machine, const Request& request, std::string_view word,
                                    std::string_view) {
  // As bpftrace calls them.
  for (const std::string_view prefix : {"software:", "hardware:"})
    if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
  if (request.hz && request.period) {
    bytecode::Error error = bad_rate("period");
    error.message = "either --hz or --period";
    return error;
  }
  if (request.hz == 0u) return bad_rate("hz");
  if (request.period == 0u) return bad_rate("period");
  std::vector<Target> found;
  std::vector<std::string> names;
  for (const PerfName& event : perf_names()) {
    names.emplace_back(event.name);
    const bool fits = is_glob(word) ? matches_glob(word, event.name) : word == event.name;
    // A glob means an event once, by its first name, and only those that this machine counts.
    bool is_known = false;
    for (const Target& target : found)
      is_known =
          is_known || (target.sample.type == event.type && target.sample.config == event.config);
    if (!fits || is_known) continue;
    if (const trial::Tried tried = trial::open_perf({.type = event.type, .config = event.config});
        tried || !is_missing(tried.error))
      found.push_back(describe(machine, request, event));
    else if (!is_glob(word))
      return no_target("this machine counts no " + std::string(word),
                       "virtual machines often do not; cpu-clock and task-clock work everywhere, "
                       "and bpf-targets --kind perf lists what there is");
  }
  if (!found.empty()) return found;
  std::string hint = bytecode::did_you_mean(word, names);
  if (hint.empty()) hint = "cpu-clock, page-faults, context-switches and cpu-cycles are some";
  return no_target("there is no event " + std::string(word) + " to sample", hint);
}

Result<Attached> attach(Attaching& attaching, const std::vector<AttachPlace>& places) {
  const std::vector<uint32_t>& chosen = attaching.options.cpus;
  return attach_samples(attaching, places, chosen.empty() ? online_cpus() : chosen);
}

}  // namespace

const KindRecord perf_kind = {Kind::perf, resolve, attach};

}  // namespace host
