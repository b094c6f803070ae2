#include "plugin/commands/plan.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bytecode/disasm.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

// Each sentence once, in order.
void add_note(std::string& note, const std::string& more) {
  if (more.empty() || note.find(more) != std::string::npos) return;
  note += (note.empty() ? "" : "; ") + more;
}

// The targets of a request, and the note; says its warnings to the terminal.
Task<std::optional<LabeledError>> find_targets(CallPtr call, Tracing& tracing, Plan& plan) {
  auto found = tracing.session().resolve(plan.wanted.request);
  if (!found) {
    Blame blame = blame_of(*call, plan);
    blame.target = place_of(plan.wanted, found.error());
    if (found.error().subject == "btf") blame.target = co_await call->flag_value_span("btf");
    if (found.error().kind == bytecode::ErrorKind::argument)
      blame.argument = co_await call->flag_value_span(found.error().subject);
    co_return labeled(found.error(), blame);
  }
  plan.targets = std::move(found->targets);
  for (const std::string& warning : found->warnings) {
    std::fprintf(stderr, "%s: %s\n", call->name().c_str(), warning.c_str());
    add_note(plan.note, warning);
  }
  co_return std::nullopt;
}

}  // namespace

std::optional<LabeledError> compile_plan(const Call& call, const CompileFlags& flags,
                                         std::vector<bytecode::MapSpec> maps, Plan& plan) {
  auto programs = compile_closure(plan.closure, plan.targets, flags, std::move(maps));
  plan.missing_map.clear();
  if (!programs) {
    const bytecode::Error& error = programs.error();
    if (error.kind == bytecode::ErrorKind::closure) plan.missing_map = error.subject;
    return labeled(error, blame_of(call, plan));
  }
  plan.programs = std::move(*programs);
  return std::nullopt;
}

bool Plan::has_maps() const {
  return std::any_of(programs.begin(), programs.end(),
                     [](const auto& program) { return !program->maps.empty(); });
}

Blame blame_of(const Call& call, const Plan& plan) {
  Blame blame;
  blame.head = call.head();
  blame.target = plan.wanted.target;
  blame.source = &plan.closure.source;
  return blame;
}

Task<std::optional<LabeledError>> make_plan(CallPtr call, Tracing& tracing, Node closure,
                                            const CompileFlags& flags, Plan& plan) {
  const host::Status described = tracing.describe_kernel_by(flags.btf);
  if (!described) {
    Blame blame = blame_of(*call, plan);
    blame.argument = co_await call->flag_value_span("btf");
    co_return labeled(described.error(), blame);
  }
  if (auto wrong = co_await find_targets(call, tracing, plan)) co_return wrong;
  auto text = co_await read_closure(call, std::move(closure));
  if (!text) co_return text.error();
  plan.closure = std::move(*text);
  co_return compile_plan(*call, flags, tracing.session().shared_maps(), plan);
}

Tracing::Attachment attachment_of(Plan& plan, const host::AttachOptions& options) {
  Tracing::Attachment attachment;
  attachment.options = options;
  attachment.note = plan.note;
  attachment.source = plan.closure.source;
  if (plan.targets.size() > 1) attachment.options.target = plan.called();
  for (size_t i = 0; i < plan.targets.size(); ++i)
    attachment.members.push_back({std::move(plan.targets[i]), plan.programs[i]});
  return attachment;
}

Value each_share(const Plan& plan,
                 const std::function<Record(const Share&, const std::string&)>& row) {
  const std::vector<Share> all = shares(plan.programs);
  if (all.size() == 1) return row(all.front(), plan.called());
  List rows;
  for (const Share& share : all) {
    std::vector<std::string> names;
    for (const size_t target : share.targets) names.push_back(plan.targets[target].text);
    rows.push_back(row(share, some_of(names)));
  }
  return rows;
}

Value dry_run(const Plan& plan) {
  return each_share(plan, [&](const Share& share, const std::string& called) {
    std::string note = plan.note;
    List names;
    for (const size_t target : share.targets) {
      add_note(note, plan.targets[target].note);
      names.emplace_back(plan.targets[target].text);
    }
    Record record;
    record.emplace_back("kind", std::string(host::kind_name(plan.wanted.request.kind)));
    record.emplace_back("target", called);
    if (plan.targets.size() > 1) record.emplace_back("targets", std::move(names));
    record.emplace_back("note", note);
    record.emplace_back("instructions", static_cast<int64_t>(share.program->code.size()));
    record.emplace_back("code", bytecode::disassemble(*share.program));
    return record;
  });
}

}  // namespace plugin
