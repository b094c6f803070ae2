#include "plugin/commands/flags.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>

#include "bytecode/wire.h"
#include "plugin/codec.hpp"
#include "plugin/commands/target_words.hpp"

namespace plugin {

namespace {

using bytecode::Value;

constexpr uint32_t page_size = 4096;
constexpr int64_t ring_bytes_max = 1 << 30;
constexpr int64_t hz_max = 100'000;
constexpr int64_t map_entries_max = 1 << 24;  // the table of their buckets alone takes 256 MB

// An int, or the bytes of a filesize.
std::optional<int64_t> number_of(const Value& value) {
  if (const int64_t* number = value.get_if<int64_t>()) return *number;
  if (const bytecode::Filesize* size = value.get_if<bytecode::Filesize>()) return size->bytes;
  return std::nullopt;
}

// One flag at a time, each error on the flag's own words.
class Reader {
 public:
  explicit Reader(CallPtr call) : call_(std::move(call)) {}

  std::optional<Value> value(const char* name) {
    const RunCall::Flag* flag = call_->flag(name);
    return flag ? to_value(flag->value) : std::nullopt;
  }

  template <typename T>
  void number(const char* name, int64_t low, int64_t high, std::optional<T>& into) {
    if (!call_->flag(name)) return;
    const std::optional<Value> given = value(name);
    const std::optional<int64_t> n = given ? number_of(*given) : std::nullopt;
    if (!n || *n < low || *n > high)
      return fail(
          name,
          "--" + std::string(name) + " takes a number " +
              (high == INT64_MAX ? "above " + std::to_string(low - 1)
                                 : "from " + std::to_string(low) + " to " + std::to_string(high)),
          n ? std::to_string(*n) + " is outside" : "not a number");
    into = static_cast<T>(*n);
  }

  void fail(const char* name, std::string message, std::string label) {
    if (!failed_.empty()) return;
    failed_ = name;
    message_ = std::move(message);
    label_ = std::move(label);
  }

  const std::string& failed() const { return failed_; }
  const Call& call() const { return *call_; }

  LabeledError error(Span span) const { return error_at(span, message_, label_); }

 private:
  CallPtr call_;
  std::string failed_;
  std::string message_;
  std::string label_;
};

// The text of a flag; empty where it is not given or wrong.
std::string read_text(Reader& flags, const char* name, const std::string& what) {
  if (!flags.call().flag(name)) return {};
  const std::optional<Value> given = flags.value(name);
  const std::string* text = given ? given->get_if<std::string>() : nullptr;
  if (text && !text->empty()) return *text;
  flags.fail(name, "--" + std::string(name) + " takes " + what, "not " + what);
  return {};
}

void read_compile(Reader& flags, CompileFlags& out) {
  flags.number("str-len", 8, VM_STR_MAX, out.string_bytes);
  flags.number("fuel", 1, VM_FUEL_MAX, out.fuel);
  flags.number("map-size", 1, map_entries_max, out.map_entries);
  out.lru = flags.call().has_switch("lru");
  out.btf = read_text(flags, "btf", "the file that describes the kernel's types");
}

void read_pids(Reader& flags, std::vector<uint32_t>& pids) {
  if (!flags.call().flag("pid")) return;
  const std::optional<Value> given = flags.value("pid");
  bytecode::List list;
  if (given && given->get_if<bytecode::List>())
    list = *given->get_if<bytecode::List>();
  else if (given)
    list.push_back(*given);
  for (const Value& item : list) {
    const int64_t* pid = item.get_if<int64_t>();
    if (!pid || *pid < 1 || *pid > INT32_MAX)
      return flags.fail("pid", "--pid takes a process id or a list of them",
                        pid ? std::to_string(*pid) + " is no process id" : "not a process id");
    pids.push_back(static_cast<uint32_t>(*pid));
  }
  if (pids.empty())
    return flags.fail("pid", "--pid takes a process id or a list of them", "none given");
  if (pids.size() > VM_PIDS_MAX)
    flags.fail("pid", "too many process ids for one probe",
               std::to_string(pids.size()) + " given, at most " + std::to_string(VM_PIDS_MAX));
}

void read_time(Reader& flags, std::optional<std::chrono::nanoseconds>& time) {
  if (!flags.call().flag("for")) return;
  const std::optional<Value> given = flags.value("for");
  const bytecode::Duration* duration = given ? given->get_if<bytecode::Duration>() : nullptr;
  if (!duration || duration->nanoseconds <= 0)
    return flags.fail("for", "--for takes a duration above zero, such as 5sec",
                      duration ? "not above zero" : "not a duration");
  time = std::chrono::nanoseconds(duration->nanoseconds);
}

void read_comm(Reader& flags, std::string& comm) {
  comm = read_text(flags, "comm", "the name of a task");
  if (comm.size() < VM_COMM_BYTES) return;
  flags.fail("comm", "a task's name has at most 15 bytes",
             "no task is called so: it would be `" + comm.substr(0, VM_COMM_BYTES - 1) + "`");
}

void read_missing(Reader& flags, host::Request::Missing& missing) {
  using Missing = host::Request::Missing;
  const std::string word = read_text(flags, "missing", "error, warn or ignore");
  if (word == "warn")
    missing = Missing::warn;
  else if (word == "ignore")
    missing = Missing::ignore;
  else if (!word.empty() && word != "error")
    flags.fail("missing", "--missing takes error, warn or ignore", "none of these");
}

void read_cpus(Reader& flags, std::vector<uint32_t>& cpus) {
  if (!flags.call().flag("cpu")) return;
  const std::optional<Value> given = flags.value("cpu");
  bytecode::List list;
  if (given && given->get_if<bytecode::List>())
    list = *given->get_if<bytecode::List>();
  else if (given)
    list.push_back(*given);
  for (const Value& item : list) {
    const int64_t* cpu = item.get_if<int64_t>();
    if (!cpu || *cpu < 0 || *cpu > INT32_MAX)
      return flags.fail("cpu", "--cpu takes the number of a processor or a list of them",
                        "not the number of a processor");
    cpus.push_back(static_cast<uint32_t>(*cpu));
  }
  if (cpus.empty())
    flags.fail("cpu", "--cpu takes the number of a processor or a list of them", "none given");
}

// The flags that say whose hits count.
void read_whom(Reader& flags, host::AttachOptions& options) {
  read_pids(flags, options.pids);
  read_comm(flags, options.comm);
  options.follow = flags.call().has_switch("follow");
  if (options.follow && options.pids.empty() && !flags.call().flag("run"))
    flags.fail("follow", "--follow needs --pid: whose children?", "follows nobody");
}

// A run is traced by its parent, this Nushell: the kernel adds the children as they are forked, so
// that not even a child's exec is missed.
void read_run(Reader& flags, AttachFlags& out) {
  const RunCall::Flag* run = flags.call().flag("run");
  if (!run) return;
  out.run = run->value;
  for (const char* other : {"for", "pid"})
    if (flags.call().flag(other))
      flags.fail(other, "--run says already what is traced and for how long",
                 "not together with --run");
  out.options.pids = {static_cast<uint32_t>(getppid())};
  out.options.follow = out.options.children_only = true;
}

void read_ring(Reader& flags, uint32_t& bytes) {
  std::optional<uint32_t> given;
  flags.number("ring-size", 1, ring_bytes_max, given);
  // The kernel wants a power of two of at least a page; 1mb and 1mib both mean "about that much".
  if (given) bytes = std::bit_ceil(std::max(*given, page_size));
}

}  // namespace

std::string text_flag(const Call& call, std::string_view name) {
  const RunCall::Flag* flag = call.flag(name);
  const std::optional<Value> value = flag ? to_value(flag->value) : std::nullopt;
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  return text ? *text : std::string();
}

std::vector<Flag> compile_flag_table() {
  return {
      {"str-len", 0, shape::size(),
       "bytes kept of a string read from memory, with its final zero (256)"},
      {"fuel", 0, shape::integer(), "steps that one run may take (65536)"},
      {"map-size", 0, shape::integer(), "entries that a map of this closure may have (10240)"},
      {"lru", 0, Node(),
       "of what map-put and map-add keep: where there is no room, what was used the longest ago "
       "goes, some at a time"},
  };
}

Flag btf_flag() {
  return {"btf", 0, shape::string(),
          "a BTF file, for a kernel that does not describe its types itself"};
}

std::vector<Flag> sampling_flag_table() {
  return {
      {"hz", 0, shape::integer(), "samples a second on each processor (99 of a clock)"},
      {"period", 0, shape::integer(), "one sample in so many events"},
      {"cpu", 0, shape::int_or_list(), "only on these processors"},
  };
}

Flag unsafe_flag() {
  return {"unsafe", 0, Node(),
          "take a place inside a function where nothing says that an instruction begins: inside of "
          "one a probe changes what the program does"};
}

std::vector<Flag> attach_flag_table() {
  std::vector<Flag> table = {
      {"stream", 's', Node(), "give the closure's values as a stream; detach when it ends"},
      {"for", 0, shape::duration(),
       "run that long, detach, and return the closure's map as a table"},
      {"limit", 0, shape::integer(), "detach after that many rows"},
      {"name", 0, shape::string(), "the probe's name (else kind:target)"},
      {"run", 0, shape::closure(),
       "attach, run this closure, detach: only the processes that it starts are traced"},
      {"pid", 'p', shape::int_or_list(), "only these processes"},
      {"follow", 'f', Node(), "with --pid: the processes that they start, too"},
      {"comm", 0, shape::string(), "only tasks of this name"},
      {"cgroup", 0, shape::string(),
       "only processes in this control group or below: its folder, or /system.slice"},
      {"missing",
       0,
       shape::string(),
       "what a name that matches nothing means beside others that do: error (so unless said), "
       "warn or ignore",
       {"error", "warn", "ignore"}},
      {"dry-run", 0, Node(), "compile and check only; nothing is loaded or attached"},
      {"self", 0, Node(), "rows of the plugin and of this Nushell too"},
      {"ring-size", 0, shape::size(), "a ring buffer of its own, of this size"},
  };
  for (Flag& flag : compile_flag_table()) table.push_back(std::move(flag));
  table.push_back(btf_flag());
  return table;
}

Task<Outcome<CompileFlags>> read_compile_flags(CallPtr call) {
  Reader flags(call);
  CompileFlags out;
  read_compile(flags, out);
  if (!flags.failed().empty()) {
    const Span span = co_await call->flag_value_span(flags.failed());
    co_return flags.error(span);
  }
  std::string file = co_await user_path(call, out.btf);
  out.btf = std::move(file);
  co_return out;
}

Task<Outcome<AttachFlags>> read_attach_flags(CallPtr call) {
  Reader flags(call);
  AttachFlags out;
  out.stream = call->has_switch("stream");
  out.dry_run = call->has_switch("dry-run");
  out.is_unsafe = call->has_switch("unsafe");
  out.options.self = call->has_switch("self");
  read_time(flags, out.time);
  flags.number("limit", 1, INT64_MAX, out.limit);
  out.options.name = read_text(flags, "name", "a name for the probe");
  read_whom(flags, out.options);
  read_run(flags, out);
  read_missing(flags, out.missing);
  flags.number("hz", 1, hz_max, out.hz);
  flags.number("period", 1, INT64_MAX, out.period);
  if (out.hz && out.period)
    flags.fail("period", "a sample comes every so often or every so many events, not both",
               "not together with --hz");
  read_cpus(flags, out.options.cpus);
  read_ring(flags, out.options.ring_bytes);
  out.options.cgroup = read_text(flags, "cgroup", "the folder of a control group");
  read_compile(flags, out.compile);
  if (!flags.failed().empty()) {
    const Span span = co_await call->flag_value_span(flags.failed());
    co_return flags.error(span);
  }
  std::string file = co_await user_path(call, out.compile.btf);
  out.compile.btf = std::move(file);
  std::string group = co_await user_path(call, out.options.cgroup);
  out.options.cgroup = std::move(group);
  co_return out;
}

}  // namespace plugin
