// What the commands that draw have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/commands/commands.hpp"

namespace plugin {

struct PictureFlags {
  std::string title;  // empty: the picture's own
  double width = 1200;
};

std::vector<Flag> picture_flag_table();
Task<std::optional<LabeledError>> read_picture_flags(CallPtr call, PictureFlags& out);

// What is wrong where no values come from the pipe; `example` is what to type.
std::optional<LabeledError> no_table(const Call& call, std::string_view example);

}  // namespace plugin
