#include <set>
#include <utility>

#include "bytecode/suggest.hpp"
#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/attach.hpp"
#include "plugin/commands/course.hpp"
#include "plugin/commands/plan.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

// The place of a key: Nushell tells only that of the whole record and of the key's value.
Task<Span> place_of_key(CallPtr call, Span record, std::string key, Span value) {
  if (value.start <= record.start || value.end > record.end) co_return record;
  const std::string text = co_await call->span_contents({record.start, value.start});
  const size_t at = text.rfind(key);
  if (at == std::string::npos) co_return record;
  const uint64_t start = record.start + at;
  co_return Span{start, start + key.size()};
}

bool names_kind(std::string_view key) {
  return host::find_kind(key.substr(0, key.find(':'))).has_value();
}

// Where a key that names no kind means nothing.
std::string kind_hint(std::string_view key) {
  std::vector<std::string> names;
  for (const host::Kind kind : host::all_kinds()) names.emplace_back(host::kind_name(kind));
  const std::string nearest = bytecode::did_you_mean(key.substr(0, key.find(':')), names);
  if (!nearest.empty()) return nearest;
  return "a key is a kind and its target, such as kprobe:openat or tracepoint:sched:sched_switch; "
         "help bpf-trace has all kinds";
}

// The closures of one key: one, or a list of them.
std::vector<Node> closures_of(const Node& value) {
  const std::vector<Node>* list = list_items(value);
  return list ? *list : std::vector<Node>{value};
}

// Compiles those closures that ask for a map which another closure of the group makes. The error of
// one that still cannot be compiled.
std::optional<LabeledError> compile_rest(const Call& call, const CompileFlags& flags,
                                         const std::vector<bytecode::MapSpec>& live,
                                         std::vector<Plan>& plans) {
  std::optional<LabeledError> wrong;
  for (bool more = true; more;) {
    more = false;
    wrong.reset();
    std::vector<bytecode::MapSpec> maps = live;
    for (const Plan& plan : plans)
      for (const auto& program : plan.programs)
        if (program) maps.insert(maps.end(), program->maps.begin(), program->maps.end());
    for (Plan& plan : plans) {
      if (plan.missing_map.empty()) continue;
      const std::string missed = plan.missing_map;
      auto error = compile_plan(call, flags, maps, plan);
      more |= !error || plan.missing_map != missed;
      if (error && !wrong) wrong = std::move(error);
    }
  }
  return wrong;
}

Task<Outcome<std::vector<Plan>>> make_plans(CallPtr call, Tracing& tracing,
                                            const AttachFlags& flags) {
  std::vector<Plan> plans;
  const Node* argument = call->positional(0);
  const auto [kind, body] = argument->tagged();
  const Node* members = kind == "Record" && body ? body->find("val") : nullptr;
  const Node::Map* map = members ? members->get_if<Node::Map>() : nullptr;
  const Span record = span_of(*argument);
  if (!map || map->empty())
    co_return error_at(record, "bpf-trace takes a record of targets and closures", "none in here",
                       "bpf-trace {\"kprobe:openat\": {|ctx| $ctx.comm | count}}");
  for (const auto& [key, value] : *map) {
    std::string word = key;
    const Span place = co_await place_of_key(call, record, std::move(word), span_of(value));
    word = key;
    TargetRequest wanted = co_await read_target_word(call, std::move(word), place);
    wanted.request.missing = flags.missing;
    wanted.request.is_unsafe = flags.is_unsafe;
    if (wanted.request.kind == host::Kind::perf) {
      wanted.request.hz = flags.hz;
      wanted.request.period = flags.period;
    }
    std::vector<Node> closures = closures_of(value);
    if (closures.empty())
      co_return error_at(span_of(value), "a list of closures for one target", "none in here",
                         "{\"" + key + "\": {|ctx| ... }}");
    for (Node& closure : closures) {
      Plan plan;
      plan.wanted = wanted;
      auto wrong = co_await make_plan(call, tracing, std::move(closure), flags.compile, plan);
      if (wrong && plan.missing_map.empty()) {
        if (wrong->code == "bpf::target" && !names_kind(key)) wrong->help = kind_hint(key);
        co_return std::move(*wrong);
      }
      plans.push_back(std::move(plan));
    }
  }
  if (auto wrong = compile_rest(*call, flags.compile, tracing.session().shared_maps(), plans))
    co_return std::move(*wrong);
  co_return plans;
}

// Probes of one group need names of their own: what they count is named after them.
std::string name_for(const Plan& plan, const std::string& group, std::set<std::string>& taken) {
  std::string name = std::string(host::kind_name(plan.wanted.request.kind)) + ":" + plan.called();
  if (!group.empty()) name = group + "/" + name;
  std::string unique = name;
  for (int n = 2; !taken.insert(unique).second; ++n) unique = name + " (" + std::to_string(n) + ")";
  return unique;
}

Answer dry_runs(const std::vector<Plan>& plans) {
  List rows;
  for (const Plan& plan : plans) {
    Value value = dry_run(plan);
    if (List* several = value.get_if<List>())
      rows.insert(rows.end(), several->begin(), several->end());
    else
      rows.push_back(std::move(value));
  }
  return Value(std::move(rows));
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  auto flags = co_await read_attach_flags(call);
  if (!flags) co_return flags.error();
  auto plans = co_await make_plans(call, tracing, *flags);
  if (!plans) co_return plans.error();
  if (flags->dry_run) co_return dry_runs(*plans);

  bool has_maps = false;
  for (const Plan& plan : *plans) has_maps = has_maps || plan.has_maps();
  Course course(call, tracing, *flags, has_maps);
  std::set<std::string> maps, names;
  for (const host::MapInfo& map : tracing.session().maps()) maps.insert(map.name);
  std::shared_ptr<Tracing::RowLimit> limit;
  if (flags->limit) limit = std::make_shared<Tracing::RowLimit>(Tracing::RowLimit{*flags->limit});

  std::vector<host::ProbeInfo> attached;
  std::vector<host::ProbeId> ids;
  for (Plan& plan : *plans) {
    host::AttachOptions options = flags->options;
    options.name = name_for(plan, flags->options.name, names);
    if (plan.wanted.request.kind != host::Kind::perf) options.cpus.clear();
    Tracing::Attachment attachment = attachment_of(plan, options);
    attachment.limit = limit;
    auto probe = tracing.attach(std::move(attachment));
    if (!probe) {
      tracing.abandon(ids, maps);
      Blame blame = blame_of(*call, plan);
      blame.argument = co_await call->flag_value_span(probe.error().subject);
      co_return labeled(probe.error(), blame);
    }
    ids.push_back(probe->id);
    attached.push_back(std::move(*probe));
  }
  if (course.ends()) co_return co_await course.run(std::move(ids));
  List rows;
  for (const host::ProbeInfo& probe : attached) {
    Record record = probe_record(probe);
    record.emplace_back("group", static_cast<int64_t>(ids.front()));
    rows.emplace_back(std::move(record));
  }
  co_return Value(std::move(rows));
}

}  // namespace

Command commands_table::trace() {
  Signature signature = {
      .name = "bpf-trace",
      .description = "Run closures in the kernel at several targets, attached all or none.",
      .more =
          "A key is a kind and a target: kprobe:vfs_read, kretprobe:vfs_*, "
          "tracepoint:sched:sched_switch,\nraw_tracepoint:sched_switch, fentry:tcp_sendmsg, "
          "fexit:tcp_sendmsg, uprobe:libc:malloc,\nuretprobe:libc:malloc, "
          "usdt:/usr/bin/x:provider:name, perf:cpu-clock, interval:1sec. A value is a\nclosure, "
          "its text, or a list of these. A map has one name for all: one closure may fill it and "
          "another\nread it. The answer has a row a probe; `group` is the id of the first. --limit "
          "counts the rows of all,\n--name is set before the probes' own names.",
      .search_terms = {"group", "several", "ebpf"},
      .required = {{"probes", "a record: {\"kind:target\": {|ctx| ...}, ...}", shape::record()}},
      .flags = attach_flag_table(),
      .examples =
          {
              {"bpf-trace {\"tracepoint:sched:sched_process_fork\": {|| count forks}, "
               "\"tracepoint:sched:sched_process_exec\": {|| count execs}} --for 10sec",
               "Forks and execs in ten seconds"},
              {"bpf-trace {\"kprobe:openat\": {|ctx| $ctx.filename}, \"kprobe:unlinkat\": {|ctx| "
               "$ctx.pathname}} --stream",
               "Files opened and files removed, in one stream"},
              {"let group = bpf-trace {\"interval:1sec\": [{|| count seconds} {|| count ticks}]}\n"
               "$group | bpf-detach",
               "Two closures on one target, and the end of both"},
          },
  };
  for (Flag& flag : sampling_flag_table()) signature.flags.push_back(std::move(flag));
  signature.flags.push_back(unsafe_flag());
  return {std::move(signature), run};
}

}  // namespace plugin
