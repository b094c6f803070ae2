// Targets in the user's words: names, globs, lists of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugin/commands/commands.hpp"

namespace plugin {

// The words of a target: one argument, or where a file comes first two.
bool has_path(host::Kind kind);

// A target in one word, as in a probe's default name: "kprobe:do_sys_openat2",
// "tracepoint:syscalls:sys_enter_openat", "uprobe:libc:malloc", "usdt:/usr/bin/x:provider:name".
// Without its kind a word with a colon is a tracepoint, another one a kprobe.
struct TargetWord {
  host::Kind kind = host::Kind::kprobe;
  std::string name;
  std::string symbol;  // behind a path
};
TargetWord parse_target(std::string_view word);

// What the user asked for, and where it was written.
struct TargetRequest {
  host::Request request;
  std::string words;  // as a probe on several targets is called: "vfs_read, vfs_w*"
  Span target;
  Span symbol;                                   // {0, 0} where the kind has none
  std::vector<Span> target_items, symbol_items;  // of lists: each word's
};
// Where the words are that an Error of resolving them is about.
Span place_of(const TargetRequest& wanted, const bytecode::Error& error);

// Of an attach command's arguments.
Task<Outcome<TargetRequest>> read_targets(CallPtr call, host::Kind kind);
// Of one word, as parse_target reads it, that stands at `place`.
Task<TargetRequest> read_target_word(CallPtr call, std::string word, Span place);

// The plugin runs in its own folder; a path of the user's starts from theirs. A bare name stays.
Task<std::string> user_path(CallPtr call, std::string path);

// The text of a positional argument; empty where it is none.
std::string text_argument(const Call& call, size_t index);

// As Nushell writes it: "1sec", "1500ms".
std::string duration_word(int64_t nanoseconds);

// "a, b, c and 9 more": a few of them by name.
std::string some_of(const std::vector<std::string>& names);

}  // namespace plugin
