// A target in the user's words.
#pragma once

#include <string>
#include <string_view>

#include "plugin/commands/commands.hpp"

namespace plugin {

// A target in one word, as in a probe's default name: "kprobe:do_sys_openat2",
// "tracepoint:syscalls:sys_enter_openat", "uprobe:libc:malloc". Without its kind a word with a
// colon is a tracepoint, another one a kprobe.
struct TargetWord {
  host::Kind kind = host::Kind::kprobe;
  std::string name;
  std::string symbol;  // of a uprobe
};
TargetWord parse_target(std::string_view word);

// The plugin runs in its own folder; a path of the user's starts from theirs. A bare name stays.
Task<std::string> user_path(CallPtr call, std::string path);

// The text of a positional argument; empty where it is none.
std::string text_argument(const Call& call, size_t index);

}  // namespace plugin
