// The flags of attach commands, read and checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "plugin/commands/commands.hpp"

namespace plugin {

struct CompileFlags {
  std::optional<uint32_t> string_bytes;
  std::optional<uint32_t> fuel;
};

struct AttachFlags {
  bool stream = false;
  bool dry_run = false;
  std::optional<std::chrono::nanoseconds> time;
  std::optional<uint64_t> limit;
  CompileFlags compile;
  host::AttachOptions options;
};

std::vector<Flag> compile_flag_table();
std::vector<Flag> attach_flag_table();
Task<Outcome<CompileFlags>> read_compile_flags(CallPtr call);
Task<Outcome<AttachFlags>> read_attach_flags(CallPtr call);

}  // namespace plugin
