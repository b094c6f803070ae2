// Functions of the kernel as people write them, and what attaching to one takes: shared by kprobes
// and fentry, each of which stands in for the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/target.hpp"

namespace host {

// "module:function+0x10" in its parts.
struct FunctionWord {
  std::string module;
  std::string function;
  uint64_t offset = 0;

  std::string name() const { return module.empty() ? function : module + ":" + function; }
};
// `kind` words the Error.
Result<FunctionWord> parse_function(Kind kind, std::string_view text);

// The functions that a glob means, as the kernel lists those that can be probed; what the word says
// of a module holds for its functions only.
std::vector<FunctionWord> functions_like(Machine& machine, const FunctionWord& word);
// No such function: with the nearest names.
bytecode::Error missing_function(Machine& machine, const FunctionWord& word);

// Whether this kernel has tracepoints of a system call.
bool has_call_tracepoint(Machine& machine, std::string_view syscall);
// Whether this kernel takes fentry programs for that function.
bool can_fentry(Machine& machine, const FunctionWord& word);
// The Target of a function by fentry or fexit, and by kprobe or kretprobe; `kind` is what was asked
// for.
Result<Target> fentry_target(Machine& machine, const FunctionWord& word, Kind kind);
Result<Target> kprobe_target(Machine& machine, const FunctionWord& word, Kind kind);

constexpr bool is_return(Kind kind) { return kind == Kind::kretprobe || kind == Kind::fexit; }

}  // namespace host
