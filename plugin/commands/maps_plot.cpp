#include "plugin/codec.hpp"
#include "plugin/commands/answers.hpp"
#include "plugin/commands/picture_flags.hpp"
#include "plugin/commands/plot_rows.hpp"

namespace plugin {

namespace {

// The rows of a map that is named, or a probe's, instead of a table.
Task<Outcome<std::vector<bytecode::Value>>> rows_of_map(CallPtr call, Tracing& tracing) {
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  auto value = tracing.session().map_get(maps->names.front());
  if (!value) co_return labeled(value.error(), Blame::at(maps->span));
  if (bytecode::List* rows = value->get_if<bytecode::List>()) co_return std::move(*rows);
  co_return error_at(maps->span, "only a histogram can be drawn",
                     maps->names.front() + " has no buckets", "`hist` in a closure makes one");
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  PictureFlags flags;
  if (const auto wrong = co_await read_picture_flags(call, flags)) co_return *wrong;
  std::vector<bytecode::Value> rows;
  if (call->positional(0)) {
    auto found = co_await rows_of_map(call, tracing);
    if (!found) co_return found.error();
    rows = std::move(*found);
  } else if (const auto wrong =
                 no_table(*call, "bpf-maps get latency | bpf-maps plot | save x.svg")) {
    co_return *wrong;
  }
  while (!call->positional(0)) {
    const Node* row = co_await call->next_input();
    if (!row) break;
    std::optional<bytecode::Value> value = to_value(*row);
    rows.push_back(value ? std::move(*value) : bytecode::Value());
  }
  if (call->interrupted()) co_return EmptyAnswer{};
  PlotOptions options;
  options.title = flags.title;
  options.width = flags.width;
  options.totals = call->has_switch("totals");
  auto picture = plot(rows, options, call->head());
  if (!picture) co_return picture.error();
  co_return bytecode::Value(std::move(*picture));
}

}  // namespace

Command commands_table::maps_plot() {
  std::vector<Flag> flags = picture_flag_table();
  flags.push_back({"svg", 0, Node(), "as an SVG, which it is in any case"});
  flags.push_back({"totals", 0, Node(),
                   "over time: the counts are running totals, so draw what each time added"});
  return {
      {
          .name = "bpf-maps plot",
          .description = "A histogram, a map or a table, as an SVG: bars, or over time a heat map.",
          .more = "Columns of the table: low high count. Others are keys, each with a panel and a "
                  "scale of its own.\nWith a column `time` too, or tables in a column `value` "
                  "beside `time` (the counters of bpf-stream,\nwhich are running totals), it "
                  "is a heat map.",
          .search_terms = {"histogram", "heat", "svg", "picture", "ebpf"},
          .optional = {{"map",
                        "a map's name, or a probe's id or record; else a table from the pipe",
                        shape::any(), Completes::maps}},
          .flags = std::move(flags),
          .examples = {{"bpf-maps plot latency --title latency | save x.svg",
                        "The histogram of the map `latency`"},
                       {"[[low high count]; [0 10 5] [10 20 9]] | bpf-maps plot | save x.svg",
                        "A histogram of one's own"}},
      },
      run};
}

}  // namespace plugin
