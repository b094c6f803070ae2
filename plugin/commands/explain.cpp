#include "bytecode/explain.hpp"

#include <utility>

#include "plugin/codec.hpp"
#include "plugin/commands/plan.hpp"

namespace plugin {

namespace {

// Where in the compiler's source the texts begin that the closure takes along.
std::vector<uint32_t> starts_of(const SourceText& source) {
  std::vector<uint32_t> starts;
  size_t at = source.text.size() + 1;
  for (const SourceText& text : source.along) {
    starts.push_back(static_cast<uint32_t>(at));
    at += text.text.size() + 1;
  }
  return starts;
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  const Node* closure = call->positional(1);
  const std::optional<bytecode::Value> target = to_value(*call->positional(0));
  const std::string* word = target ? target->get_if<std::string>() : nullptr;
  if (!closure || !word)
    co_return error_at(call->head(), "bpf-explain takes a target and a closure", "here");
  auto flags = co_await read_compile_flags(call);
  if (!flags) co_return flags.error();
  Plan plan;
  std::string copy = *word;
  plan.wanted = co_await read_target_word(call, std::move(copy), span_of(*call->positional(0)));
  plan.wanted.request.is_unsafe = true;  // nothing is attached
  Node argument = *closure;
  if (const auto wrong = co_await make_plan(call, tracing, std::move(argument), *flags, plan))
    co_return *wrong;
  const std::vector<uint32_t> starts = starts_of(plan.closure.source);
  co_return each_share(plan, [&](const Share& share, const std::string& called) {
    bytecode::Record record;
    record.emplace_back("target", called);
    record.emplace_back("kind", std::string(host::kind_name(plan.wanted.request.kind)));
    const bytecode::Schema& schema = plan.targets[share.targets.front()].schema;
    for (auto& member : bytecode::explain(*share.program, schema, starts))
      record.push_back(std::move(member));
    return record;
  });
}

}  // namespace

Command commands_table::explain() {
  std::vector<Flag> flags = compile_flag_table();
  flags.push_back(btf_flag());
  return {
      {
          .name = "bpf-explain",
          .description = "What a closure becomes: what runs where, and what it costs.",
          .more = "Nothing is loaded or attached. fields: what the closure can use. kernel: what "
                  "is sent for each row.\nhost: what the plugin computes of it. code: the "
                  "instructions with their source. steps: of the longest\nway that goes round "
                  "no loop; text costs a step more for each 64 bytes.\nOf a glob whose targets run "
                  "different "
                  "programs each has a row.",
          .search_terms = {"compile", "disassemble", "bytecode", "ebpf"},
          .required = {{"target",
                        "kind:target, a tracepoint (category:name) or a kernel function; a glob",
                        shape::string(), Completes::words},
                       {"closure", "the closure, or its text", shape::closure_or_string()}},
          .flags = std::move(flags),
          .examples =
              {
                  {"bpf-explain syscalls:sys_enter_read {|ctx| $ctx.args.count / 1024} | get host",
                   "What is left for the plugin to compute?"},
                  {"bpf-explain openat {|ctx| $ctx.comm | count} | get code",
                   "The instructions, with their source"},
              },
      },
      run};
}

}  // namespace plugin
