#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

// An argument as a value; an Error at its place where the kernel has nothing like it.
Outcome<bytecode::Value> value_of(const Node& node) {
  if (std::optional<bytecode::Value> value = to_value(node)) return std::move(*value);
  return error_at(span_of(node), "no map can have this", "not a plain value",
                  "maps have numbers, texts and records of them as keys, numbers as values");
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  const Node* name = call->positional(0);
  const std::optional<bytecode::Value> named = to_value(*name);
  const std::string* map = named ? named->get_if<std::string>() : nullptr;
  if (!map)
    co_return error_at(span_of(*name), "which map?", "not a map's name",
                       "bpf-maps list shows what there is");
  const RunCall::Flag* by = call->flag("by");
  bytecode::Value key;
  if (by) {
    auto given = value_of(by->value);
    if (!given) co_return given.error();
    key = std::move(*given);
  }
  auto value = value_of(*call->positional(1));
  if (!value) co_return value.error();
  const host::Status done = tracing.session().map_set(*map, key, *value);
  if (done) co_return EmptyAnswer{};
  Blame blame;
  blame.head = call->head();
  blame.argument = done.error().subject == "value"       ? span_of(*call->positional(1))
                   : done.error().subject == "key" && by ? span_of(by->value)
                                                         : span_of(*name);
  co_return labeled(done.error(), blame);
}

}  // namespace

Command commands_table::maps_set() {
  return {
      {
          .name = "bpf-maps set",
          .description = "Put a value into a map that closures keep with map-put.",
          .more =
              "So the shell tells running closures what to look for, without a swap. A map that is "
              "not there is made, with keys\nand values of these types; closures find it "
              "by map-get and map-has.",
          .search_terms = {"counters", "aggregate", "ebpf"},
          .required = {{"map", "the map's name", shape::string(), Completes::maps},
                       {"value", "of the map's own type", shape::any()}},
          .flags = {{"by", 'b', shape::any(), "the key: a value, or a record of several"}},
          .examples = {{"bpf-maps set threshold 10ms", "A map without a key"},
                       {"bpf-maps set watched true --by $nu.pid\nbpf-kprobe openat {|ctx| if "
                        "($ctx.pid | map-has "
                        "watched) { $ctx.filename }} --stream",
                        "Whom to watch, said while it is watched"}},
      },
      run};
}

}  // namespace plugin
