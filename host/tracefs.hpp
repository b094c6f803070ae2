// Tracepoints as the kernel describes them: tracefs, its list of events and their format files.
//
//   events/sched/sched_process_exec/format:
//     field:__data_loc char[] filename;  offset:8;   size:4;  signed:0;
//     field:pid_t pid;                   offset:12;  size:4;  signed:1;
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "host/fd.hpp"

namespace host {

// A format file. Pure: what is in the text.
struct Format {
  uint32_t id = 0;                      // what perf_event_open takes
  std::vector<bytecode::Field> fields;  // the event's own, without common_* and __*
};
bytecode::Result<Format> parse_format(std::string_view text);

// The schema of a tracepoint: fields as args; `argN` is the N-th field, and for a syscall's entry
// the N-th argument word; `retval` is what a syscall's exit returns.
bytecode::Schema tracepoint_schema(std::string_view category, std::string_view event,
                                   const Format& format);

// An open tracefs. Where none is mounted, a private instance that no path leads to: it is gone with
// the last descriptor, so nothing is left behind.
class Tracefs {
 public:
  static bytecode::Result<Tracefs> open();

  bytecode::Result<Format> format(std::string_view category, std::string_view event) const;
  bool has_event(std::string_view category, std::string_view event) const;
  // A file above the events, such as available_filter_functions; no descriptor where there is none.
  Fd open_file(const std::string& name) const;
  std::vector<std::string> categories() const;
  std::vector<std::string> events(std::string_view category) const;

 private:
  explicit Tracefs(Fd root) : root_(std::move(root)) {}
  std::vector<std::string> list(const std::string& path) const;

  Fd root_;  // the directory `events`
};

}  // namespace host
