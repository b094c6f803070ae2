#include "plugin/commands/attach.hpp"

#include <utility>

#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/course.hpp"
#include "plugin/commands/plan.hpp"

namespace plugin {

Signature attach_signature(Signature signature) {
  signature.required.push_back(
      {"closure", "what runs at each hit, {|ctx| ...}, or its text", shape::closure_or_string()});
  std::vector<Flag> own = std::move(signature.flags);
  signature.flags = attach_flag_table();
  for (Flag& flag : own) signature.flags.push_back(std::move(flag));
  return signature;
}

Task<Answer> attach(CallPtr call, Tracing& tracing, host::Kind kind) {
  const Node* closure = call->positional(has_path(kind) ? 2 : 1);
  if (!closure)
    co_return error_at(call->head(), call->name() + " takes a target and a closure", "here");
  auto flags = co_await read_attach_flags(call);
  if (!flags) co_return flags.error();
  auto wanted = co_await read_targets(call, kind);
  if (!wanted) co_return wanted.error();
  Plan plan;
  plan.wanted = std::move(*wanted);
  plan.wanted.request.missing = flags->missing;
  plan.wanted.request.hz = flags->hz;
  plan.wanted.request.period = flags->period;
  plan.wanted.request.is_unsafe = flags->is_unsafe;
  Node argument = *closure;
  const auto wrong = co_await make_plan(call, tracing, std::move(argument), flags->compile, plan);
  if (wrong) co_return *wrong;
  if (flags->dry_run) co_return dry_run(plan);

  Course course(call, tracing, *flags, plan.has_maps());
  Tracing::Attachment attachment = attachment_of(plan, flags->options);
  if (flags->limit)
    attachment.limit = std::make_shared<Tracing::RowLimit>(Tracing::RowLimit{*flags->limit});
  const auto attached = tracing.attach(std::move(attachment));
  if (!attached) {
    Blame blame = blame_of(*call, plan);
    blame.argument = co_await call->flag_value_span(attached.error().subject);
    co_return labeled(attached.error(), blame);
  }
  if (!course.ends()) co_return bytecode::Value(probe_record(*attached));
  std::vector<host::ProbeId> probes = {attached->id};
  co_return co_await course.run(std::move(probes));
}

}  // namespace plugin
