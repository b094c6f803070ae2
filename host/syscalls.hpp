// Names of system calls and of the kernel functions behind them, as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace host {

// The syscall that a kprobe's target names: "sys_openat", "__x64_sys_openat" and "openat" are all
// openat; `stat` is what the kernel calls newstat. Spelling only: whether this kernel has such a
// syscall, its tracepoints tell.
struct SyscallName {
  std::string name;
  bool has_prefix = false;  // the user wrote sys_ or an entry point's prefix
};
SyscallName syscall_name(std::string_view word);

// The entry point's symbol on this architecture: "__x64_sys_openat".
std::string syscall_symbol(std::string_view name);

// The number of a syscall by the kernel's name for it, on this architecture; nothing where the
// headers that this was built with do not know it.
std::optional<int32_t> syscall_number(std::string_view name);

// What a user should know about a syscall that few programs make any more; empty for the others.
std::string_view syscall_note(std::string_view name);

// An argument of a function that every kernel has declared alike, for the few functions whose
// argument names are known without BTF.
struct KnownArg {
  std::string_view name;
  std::string_view type;
};

// A kernel function that was renamed or inlined away, or that does one syscall's work.
struct KnownFunction {
  std::string_view name;
  std::string_view now;            // where to attach instead; empty: itself
  std::string_view reason;         // why: "do_sys_open is inlined into its callers"
  std::string_view syscall;        // what stands in for it where there are no kprobes; may be empty
  std::span<const KnownArg> args;  // of the function that is attached to
};
const KnownFunction* known_function(std::string_view name);

}  // namespace host
