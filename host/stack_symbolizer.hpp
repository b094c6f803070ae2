// The addresses of a stack as lines of text, leaf first.
//
//   do_sys_openat2+0x84          nf_hook+0x1 [nf_tables]
//   helper (app.c:4) [inlined]   main+0x1d (app.c:12)      malloc+0x19 [libc.so.6]
//   0x1234 [app]                 0x7f12deadbeef
//
// A frame above the leaf is a return address: its name and line are those of the call before it.
// Answers may take seconds where a large file is met first; StackWorker has a thread for that.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/kernel_symbols.hpp"
#include "host/perf_map.hpp"
#include "host/process_watch.hpp"
#include "host/symbol_files.hpp"
#include "host/unresolved.hpp"

namespace host {

using Frames = std::vector<std::string>;

// Safe to use from several threads; they wait for one another, except for counts() and notes.
class StackSymbolizer {
 public:
  explicit StackSymbolizer(ProcessWatch::With with = ProcessWatch::With::proc_only)
      : processes_(with) {}

  Frames kernel(std::span<const uint64_t> addresses);
  // Of the program that the process (by its number in our namespace) ran at `time`, in nanoseconds
  // of CLOCK_MONOTONIC. One address may become several lines.
  Frames user(pid_t process, uint64_t time, std::span<const uint64_t> addresses);
  static Frames raw(std::span<const uint64_t> addresses);

  // How many addresses have found no name until now, by reason.
  UnresolvedCounts counts() const;
  // A sentence on stacks that end early for want of frame pointers, and in which files; empty where
  // there are none.
  std::string frame_pointer_note() const;
  // What the side band has told and lost, and what was let go of.
  ProcessWatch& processes() { return processes_; }
  // What it keeps in memory, about.
  size_t bytes();
  // Lets go of all symbols; the next question reads them again.
  void rest();

 private:
  void count(Unresolved why) { ++counts_[static_cast<size_t>(why)]; }
  void note_short_stack(const Place& leaf);
  void add_frames(Frames& frames, const Place& place, uint64_t address, bool is_return);
  std::optional<std::string> made_code(pid_t process, uint64_t address, bool is_return);

  std::mutex mutex_;
  KernelSymbols kernel_;
  SymbolFiles files_;
  std::unordered_map<pid_t, PerfMap> perf_maps_;
  ProcessWatch processes_;
  mutable std::mutex note_mutex_;
  std::set<std::string> without_frame_pointers_;  // files, at most a few
  uint64_t short_stacks_ = 0;
  std::array<std::atomic<uint64_t>, unresolved_kinds> counts_ = {};
};

}  // namespace host
