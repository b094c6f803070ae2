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
  std::optional<uint32_t> map_entries;
  bool lru = false;
  std::string btf;  // a file that describes the kernel; empty: what the kernel says itself
};

struct AttachFlags {
  bool stream = false;
  bool dry_run = false;
  std::optional<std::chrono::nanoseconds> time;
  std::optional<uint64_t> limit;
  std::optional<Node> run;  // a closure: what is traced
  host::Request::Missing missing = host::Request::Missing::error;
  std::optional<uint64_t> hz, period;
  bool is_unsafe = false;
  CompileFlags compile;
  host::AttachOptions options;
};

std::vector<Flag> compile_flag_table();
Flag btf_flag();
std::vector<Flag> attach_flag_table();
std::vector<Flag> sampling_flag_table();  // of perf events, besides
Flag unsafe_flag();                       // of uprobes, besides
// The text of a flag; empty where it is not given.
std::string text_flag(const Call& call, std::string_view name);

Task<Outcome<CompileFlags>> read_compile_flags(CallPtr call);
Task<Outcome<AttachFlags>> read_attach_flags(CallPtr call);

}  // namespace plugin
