#include "plugin/commands/picture_flags.hpp"

#include "plugin/codec.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

namespace {

constexpr int64_t width_min = 300, width_max = 20'000;

}  // namespace

std::vector<Flag> picture_flag_table() {
  return {
      {"title", 't', shape::string(), "the picture's title"},
      {"width", 'w', shape::integer(), "its width in pixels (1200)"},
  };
}

Task<std::optional<LabeledError>> read_picture_flags(CallPtr call, PictureFlags& out) {
  out.title = text_flag(*call, "title");
  const RunCall::Flag* flag = call->flag("width");
  if (!flag) co_return std::nullopt;
  const std::optional<bytecode::Value> value = to_value(flag->value);
  const int64_t* width = value ? value->get_if<int64_t>() : nullptr;
  if (width && *width >= width_min && *width <= width_max) {
    out.width = static_cast<double>(*width);
    co_return std::nullopt;
  }
  const Span place = co_await call->flag_value_span("width");
  co_return error_at(place,
                     "--width takes a number of pixels from " + std::to_string(width_min) + " to " +
                         std::to_string(width_max),
                     "outside");
}

std::optional<LabeledError> no_table(const Call& call, std::string_view example) {
  const std::string hint(example);
  if (call.has_bytes())
    return error_at(call.head(), call.name() + " takes a table from the pipe", "gets raw bytes",
                    "make values of an external command's output first: ^command | from json");
  if (!call.has_input())
    return error_at(call.head(), call.name() + " takes a table from the pipe", "gets nothing",
                    hint);
  return std::nullopt;
}

}  // namespace plugin
