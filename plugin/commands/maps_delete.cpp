#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  const RunCall::Flag* by = call->flag("by");
  if (!by) co_return co_await change_maps(call, tracing, &host::Session::map_delete);
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  const std::optional<bytecode::Value> key = to_value(by->value);
  if (!key)
    co_return error_at(span_of(by->value), "no map has such a key", "not a plain value",
                       "write a value, or a record of several");
  for (const std::string& name : maps->names) {
    const host::Status done = tracing.session().map_remove(name, *key);
    if (done) continue;
    Blame blame;
    blame.head = call->head();
    blame.argument = done.error().subject == "key" ? span_of(by->value) : maps->span;
    co_return labeled(done.error(), blame);
  }
  co_return EmptyAnswer{};
}

}  // namespace

Command commands_table::maps_delete() {
  return {{
              .name = "bpf-maps delete",
              .description = "Remove a map that no probe writes any more, or an entry of any.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .flags = {{"by", 'b', shape::any(),
                         "only the entry of this key: a value, or a record of several"}},
              .examples = {{"bpf-maps delete opens", "Forget the counts"},
                           {"bpf-maps delete opens --by bash", "One program"}},
          },
          run};
}

}  // namespace plugin
