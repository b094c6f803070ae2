#include "plugin/codec.hpp"
#include "plugin/commands/flags.hpp"
#include "plugin/commands/picture_flags.hpp"
#include "plugin/commands/stack_rows.hpp"
#include "plugin/pictures/flame_svg.hpp"

namespace plugin {

namespace {

Task<StackChoice::Column> column_flag(CallPtr call, const char* name) {
  StackChoice::Column column;
  column.name = text_flag(*call, name);
  column.place = co_await call->flag_value_span(name);
  co_return column;
}

Task<StackChoice> read_choice(CallPtr call) {
  StackChoice choice;
  choice.offsets = call->has_switch("offsets");
  StackChoice::Column stack = co_await column_flag(call, "stack");
  choice.stack = std::move(stack);
  StackChoice::Column count = co_await column_flag(call, "count");
  choice.count = std::move(count);
  const RunCall::Flag* by = call->flag("by");
  const std::optional<bytecode::Value> value = by ? to_value(by->value) : std::nullopt;
  if (!value) co_return choice;
  const Span place = co_await call->flag_value_span("by");
  if (const auto* names = value->get_if<bytecode::List>()) {
    for (const bytecode::Value& name : *names) choice.by.push_back({pictures::label(name), place});
  } else {
    choice.by.push_back({pictures::label(*value), place});
  }
  co_return choice;
}

Task<Answer> run(CallPtr call, Tracing&) {
  if (const auto wrong = no_table(*call, "[{stack: [read main], count: 2}] | bpf-flamegraph"))
    co_return *wrong;
  PictureFlags flags;
  if (const auto wrong = co_await read_picture_flags(call, flags)) co_return *wrong;
  StackChoice choice = co_await read_choice(call);
  StackRows rows(std::move(choice), call->head());
  while (const Node* row = co_await call->next_input())
    if (const auto wrong = rows.add(*row)) co_return *wrong;
  if (call->interrupted()) co_return EmptyAnswer{};
  auto stacks = rows.tree();
  if (!stacks) co_return stacks.error();
  if (call->has_switch("folded")) co_return bytecode::Value(stacks->tree.folded());
  pictures::FlameStyle style;
  if (!flags.title.empty()) style.title = flags.title;
  style.width = flags.width;
  style.unit = stacks->unit;
  style.inverted = call->has_switch("inverted");
  co_return bytecode::Value(pictures::flame_svg(stacks->tree, style));
}

}  // namespace

Command commands_table::flamegraph() {
  std::vector<Flag> flags = {
      {"stack", 's', shape::string(), "the column of stacks (else it is found by itself)"},
      {"count", 'c', shape::string(), "the column of counts (else it is found by itself)"},
      {"by", 0, shape::string_or_list(), "columns whose values become the first frames"},
      {"folded", 0, Node(), "lines of text, `main;read 2`, instead of a picture"},
      {"inverted", 0, Node(), "the root on top"},
      {"offsets", 0, Node(), "keep apart the places inside a function"},
  };
  for (Flag& flag : picture_flag_table()) flags.push_back(std::move(flag));
  return {
      {
          .name = "bpf-flamegraph",
          .description = "A flame graph, as an SVG for any browser, of a table of stacks.",
          .more =
              "A stack is a list of strings, the leaf first. The column is found by itself: "
              "kstack, ustack, stack,\nkey, or another that holds such lists; of a ustack and a "
              "kstack the second lies on the first. So is the\ncount: value, count, or the only "
              "column of ints, durations or filesizes; without one each row counts 1.\nRows may "
              "also be bare stacks. In the picture a click on a frame zooms in, Ctrl-F searches "
              "(a regex)\nand says what share matches, Esc goes back.",
          .search_terms = {"flame", "profile", "stack", "svg", "picture", "ebpf"},
          .flags = std::move(flags),
          .examples =
              {
                  {"[[stack count]; [[read main] 2] [[write main] 1]] | bpf-flamegraph | save "
                   "x.svg",
                   "A picture of three samples"},
                  {"open samples.json | bpf-flamegraph --by comm --title 'on CPU' | save cpu.svg",
                   "Each command with its own flames"},
                  {"open samples.json | bpf-flamegraph --folded | lines | first 10",
                   "The same as text"},
              },
      },
      run};
}

}  // namespace plugin
