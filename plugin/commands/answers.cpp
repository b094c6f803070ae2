#include "plugin/commands/answers.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "plugin/codec.hpp"
#include "plugin/commands/map_stream.hpp"
#include "plugin/pictures/histogram.hpp"

namespace plugin {

namespace {

using bytecode::Record;
using bytecode::Value;

std::string live_probes_hint(const Tracing& tracing) {
  const std::vector<host::ProbeId> live = tracing.live();
  if (live.empty())
    return "no probe is attached; bpf-kprobe, bpf-tracepoint or bpf-uprobe make one";
  std::string hint = "attached are ";
  for (size_t i = 0; i < live.size() && i < 8; ++i) {
    if (i > 0) hint += ", ";
    hint += std::to_string(live[i]) + " (" + tracing.label(live[i])->name + ")";
  }
  if (live.size() > 8) hint += " and others";
  return hint;
}

std::optional<host::ProbeId> id_of(const Value& value, const Tracing& tracing) {
  if (const int64_t* number = value.get_if<int64_t>())
    return *number > 0 && *number <= UINT32_MAX ? std::optional(static_cast<uint32_t>(*number))
                                                : std::optional(host::ProbeId{0});
  if (const Record* record = value.get_if<Record>()) {
    const auto id = std::find_if(record->begin(), record->end(),
                                 [](const auto& member) { return member.first == "id"; });
    return id == record->end() ? std::nullopt : id_of(id->second, tracing);
  }
  if (const std::string* text = value.get_if<std::string>()) {
    for (const host::ProbeId id : tracing.live())
      if (tracing.label(id)->name == *text) return id;
    host::ProbeId id = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
    if (error == std::errc() && end == text->data() + text->size()) return id;
    return host::ProbeId{0};
  }
  return std::nullopt;
}

std::string shown(const Value& value) {
  if (const int64_t* number = value.get_if<int64_t>()) return std::to_string(*number);
  if (const std::string* text = value.get_if<std::string>()) return *text;
  if (const Record* record = value.get_if<Record>())
    for (const auto& [name, member] : *record)
      if (name == "id") return shown(member);
  return "this";
}

LabeledError bytes_piped(const Call& call) {
  return error_at(call.head(), call.name() + " takes values from the pipe", "gets raw bytes",
                  "make values of an external command's output first: ^command | lines");
}

}  // namespace

Record probe_record(const host::ProbeInfo& probe) {
  Record record;
  record.emplace_back("id", static_cast<int64_t>(probe.id));
  record.emplace_back("kind", std::string(host::kind_name(probe.kind)));
  record.emplace_back("target", probe.target);
  record.emplace_back("name", probe.name);
  record.emplace_back("note", probe.note);
  return record;
}

namespace {

// Columns that a bar may take: what the terminal has beside the table's other columns, roughly.
Task<size_t> bar_columns(CallPtr call) {
  constexpr int64_t others = 60, least = 10, most = 80, usual = 40;
  int64_t columns = others + usual;
  Call::Command size;
  size.name = "term size";
  const std::optional<Node> answer = co_await call->run_command(std::move(size));
  const std::optional<Value> value = answer ? to_value(*answer) : std::nullopt;
  if (const Record* record = value ? value->get_if<Record>() : nullptr)
    for (const auto& [name, member] : *record)
      if (const int64_t* number = member.get_if<int64_t>();
          number && name == "columns" && *number > 0)
        columns = *number;
  co_return static_cast<size_t>(std::clamp(columns - others, least, most));
}

int64_t count_in(const Record& row) {
  for (const auto& [name, value] : row)
    if (const int64_t* count = value.get_if<int64_t>(); count && name == "count") return *count;
  return 0;
}

// The columns before the bucket's: rows of one histogram have the same.
bool same_key(const Record& a, const Record& b) {
  for (size_t i = 0; i < a.size() && i < b.size() && a[i].first != "low"; ++i)
    if (a[i].second != b[i].second) return false;
  return true;
}

// Each histogram has a scale of its own.
void add_bars(Value& table, size_t columns) {
  bytecode::List* rows = table.get_if<bytecode::List>();
  if (!rows) return;
  for (size_t first = 0, last = 0; first < rows->size(); first = last) {
    const Record& key = *(*rows)[first].get_if<Record>();
    int64_t most = 0;
    for (last = first; last < rows->size(); ++last) {
      const Record& row = *(*rows)[last].get_if<Record>();
      if (!same_key(key, row)) break;
      most = std::max(most, count_in(row));
    }
    for (size_t i = first; i < last; ++i) {
      Record& row = *(*rows)[i].get_if<Record>();
      row.emplace_back("bar", pictures::bar(count_in(row), most, columns));
    }
  }
}

}  // namespace

Task<Answer> map_values(CallPtr call, Tracing& tracing, std::vector<std::string> names,
                        Span blame_span, MapWords words) {
  const Blame blame = Blame::at(blame_span);
  Record values;
  std::optional<size_t> columns;
  for (const std::string& name : names) {
    const auto state = tracing.session().map_state(name);
    while (!words.addresses && !tracing.session().map_ready(name)) {
      const auto timer = call->timer(std::chrono::milliseconds(5));
      if (co_await call->pause(timer)) co_return EmptyAnswer{};
    }
    // What may be large goes out row by row.
    if (names.size() == 1 && state && bytecode::has_row_per_entry(state->spec)) {
      auto rows = tracing.session().map_rows(name, words.clear);
      if (!rows) co_return labeled(rows.error(), blame);
      co_return map_rows(*call, std::move(rows).value(), blame_span);
    }
    const auto stacks =
        words.addresses ? host::Session::StackWords::addresses : host::Session::StackWords::names;
    auto value =
        words.clear ? tracing.session().map_take(name) : tracing.session().map_get(name, stacks);
    if (!value) co_return labeled(value.error(), blame);
    if (state && state->spec.kind == bytecode::MapKind::hist) {
      if (!columns) columns = co_await bar_columns(call);
      add_bars(*value, *columns);
    }
    if (names.size() == 1) co_return std::move(*value);
    values.emplace_back(name, std::move(*value));
  }
  if (values.empty()) co_return Value();
  co_return Value(std::move(values));
}

Outcome<std::vector<ProbeRef>> probe_refs(const Node& node, Tracing& tracing, bool live) {
  std::vector<ProbeRef> refs;
  const Span span = span_of(node);
  if (const Node::Array* items = list_items(node)) {
    for (const Node& item : *items) {
      auto inner = probe_refs(item, tracing, live);
      if (!inner) return inner;
      refs.insert(refs.end(), inner->begin(), inner->end());
    }
    return refs;
  }
  const std::optional<Value> value = to_value(node);
  const std::optional<host::ProbeId> id = value ? id_of(*value, tracing) : std::nullopt;
  if (!id)
    return error_at(span, "expected a probe: its id, its record or its name", "not a probe",
                    live_probes_hint(tracing));
  if (live ? !tracing.lives(*id) : !tracing.label(*id))
    return error_at(span, "there is no probe " + shown(*value), "no such probe",
                    live_probes_hint(tracing));
  refs.push_back({*id, span});
  return refs;
}

bool is_probe_record(const Node& value) {
  const auto [kind, body] = value.tagged();
  const Node* members = kind == "Record" && body ? body->find("val") : nullptr;
  return members && members->find("id") && members->find("target");
}

Task<Outcome<std::vector<ProbeRef>>> probe_arguments(CallPtr call, Tracing& tracing, bool live) {
  std::vector<ProbeRef> refs;
  std::vector<Node> given;
  for (size_t i = 0; i < call->positional_count(); ++i) given.push_back(*call->positional(i));
  if (given.empty() && call->has_bytes()) co_return bytes_piped(*call);
  if (given.empty()) given = co_await call->input();
  for (const Node& node : given) {
    if (kind_of(node) == "Nothing") continue;
    auto found = probe_refs(node, tracing, live);
    if (!found) co_return found.error();
    for (const ProbeRef& ref : *found) {
      const bool known = std::any_of(refs.begin(), refs.end(),
                                     [&](const ProbeRef& other) { return other.id == ref.id; });
      if (!known) refs.push_back(ref);
    }
  }
  co_return refs;
}

Task<Outcome<MapRefs>> map_argument(CallPtr call, Tracing& tracing) {
  std::vector<Node> given;
  if (const Node* name = call->positional(0))
    given.push_back(*name);
  else if (call->has_bytes())
    co_return bytes_piped(*call);
  else
    given = co_await call->input();
  if (given.empty())
    co_return error_at(call->head(), "which map?", "takes a map's name, or a probe",
                       "bpf-maps list shows what there is");
  MapRefs refs;
  refs.span = span_of(given.front());
  for (const Node& node : given) {
    const std::optional<Value> value = to_value(node);
    const std::string* text = value ? value->get_if<std::string>() : nullptr;
    if (text) {
      refs.names.push_back(*text);
      continue;
    }
    auto probes = probe_refs(node, tracing, false);
    if (!probes) co_return probes.error();
    for (const ProbeRef& probe : *probes) {
      const std::vector<std::string> maps = tracing.maps_of(probe.id);
      if (maps.empty())
        co_return error_at(probe.span, "probe " + std::to_string(probe.id) + " has no map",
                           "its closure keeps nothing", "`count` in a closure makes a map");
      refs.names.insert(refs.names.end(), maps.begin(), maps.end());
    }
  }
  co_return refs;
}

Task<Answer> change_maps(CallPtr call, Tracing& tracing,
                         host::Status (host::Session::*change)(std::string_view)) {
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  for (const std::string& name : maps->names) {
    const host::Status done = (tracing.session().*change)(name);
    if (!done) co_return labeled(done.error(), Blame::at(maps->span));
  }
  co_return EmptyAnswer{};
}

}  // namespace plugin
