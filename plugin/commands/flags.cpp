#include "plugin/commands/flags.hpp"

#include <algorithm>
#include <bit>

#include "bytecode/wire.h"
#include "plugin/codec.hpp"

namespace plugin {

namespace {

using bytecode::Value;

constexpr uint32_t page_size = 4096;
constexpr int64_t ring_bytes_max = 1 << 30;

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

void read_compile(Reader& flags, CompileFlags& out) {
  flags.number("str-len", 8, VM_STR_MAX, out.string_bytes);
  flags.number("fuel", 1, VM_FUEL_MAX, out.fuel);
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

void read_name(Reader& flags, std::string& name) {
  if (!flags.call().flag("name")) return;
  const std::optional<Value> given = flags.value("name");
  const std::string* text = given ? given->get_if<std::string>() : nullptr;
  if (!text || text->empty())
    return flags.fail("name", "--name takes a name for the probe", "not a name");
  name = *text;
}

void read_ring(Reader& flags, uint32_t& bytes) {
  std::optional<uint32_t> given;
  flags.number("ring-size", 1, ring_bytes_max, given);
  // The kernel wants a power of two of at least a page; 1mb and 1mib both mean "about that much".
  if (given) bytes = std::bit_ceil(std::max(*given, page_size));
}

}  // namespace

std::vector<Flag> compile_flag_table() {
  return {
      {"str-len", 0, shape::size(),
       "bytes kept of a string read from memory, with its final zero (256)"},
      {"fuel", 0, shape::integer(), "steps that one run may take (65536)"},
  };
}

std::vector<Flag> attach_flag_table() {
  std::vector<Flag> table = {
      {"stream", 's', Node(), "give the closure's values as a stream; detach when it ends"},
      {"for", 0, shape::duration(),
       "run that long, detach, and return the closure's map as a table"},
      {"limit", 0, shape::integer(), "detach after that many rows"},
      {"name", 0, shape::string(), "the probe's name (else kind:target)"},
      {"pid", 'p', shape::int_or_list(), "only these processes"},
      {"dry-run", 0, Node(), "compile and check only; nothing is loaded or attached"},
      {"self", 0, Node(), "rows of the plugin and of this Nushell too"},
      {"ring-size", 0, shape::size(), "a ring buffer of its own, of this size"},
  };
  for (Flag& flag : compile_flag_table()) table.push_back(std::move(flag));
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
  co_return out;
}

Task<Outcome<AttachFlags>> read_attach_flags(CallPtr call) {
  Reader flags(call);
  AttachFlags out;
  out.stream = call->has_switch("stream");
  out.dry_run = call->has_switch("dry-run");
  out.options.self = call->has_switch("self");
  read_time(flags, out.time);
  flags.number("limit", 1, INT64_MAX, out.limit);
  read_name(flags, out.options.name);
  read_pids(flags, out.options.pids);
  read_ring(flags, out.options.ring_bytes);
  read_compile(flags, out.compile);
  if (!flags.failed().empty()) {
    const Span span = co_await call->flag_value_span(flags.failed());
    co_return flags.error(span);
  }
  co_return out;
}

}  // namespace plugin
