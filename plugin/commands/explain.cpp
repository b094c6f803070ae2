#include "bytecode/explain.hpp"

#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/target_words.hpp"

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
  Blame blame;
  blame.head = call->head();
  const Node* closure_node = call->positional(1);
  if (!closure_node)
    co_return error_at(call->head(), "bpf-explain takes a target and a closure", "here");
  auto flags = co_await read_compile_flags(call);
  if (!flags) co_return flags.error();

  blame.target = span_of(*call->positional(0));
  TargetWord word = parse_target(text_argument(*call, 0));
  if (word.kind == host::Kind::uprobe) {
    std::string path = word.name;
    word.name = co_await user_path(call, std::move(path));
  }
  const auto target = tracing.session().resolve(word.kind, word.name, word.symbol);
  if (!target) co_return labeled(target.error(), blame);

  Node argument = *closure_node;
  auto closure = co_await read_closure(call, std::move(argument));
  if (!closure) co_return closure.error();
  blame.source = &closure->source;
  const auto program = compile_closure(*closure, target->schema, *flags);
  if (!program) co_return labeled(program.error(), blame);

  bytecode::Record record;
  record.emplace_back("target", target->text);
  record.emplace_back("kind", std::string(host::kind_name(target->kind)));
  for (auto& member : bytecode::explain(*program, target->schema, starts_of(closure->source)))
    record.push_back(std::move(member));
  co_return bytecode::Value(std::move(record));
}

}  // namespace

Command commands_table::explain() {
  return {
      {
          .name = "bpf-explain",
          .description = "What a closure becomes: what runs where, and what it costs.",
          .more = "Nothing is loaded or attached. fields: what the closure can use. kernel: what "
                  "is sent for each row.\nhost: what the plugin computes of it. code: the "
                  "instructions with their source. steps: of the longest\nway that goes round "
                  "no loop; text costs a step more for each 64 bytes.",
          .search_terms = {"compile", "disassemble", "bytecode", "ebpf"},
          .required = {{"target", "kind:target, a tracepoint (category:name) or a kernel function",
                        shape::string()},
                       {"closure", "the closure, or its text", shape::closure_or_string()}},
          .flags = compile_flag_table(),
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
