// Names of code that a process made itself, from the file that just-in-time compilers leave for
// perf: /tmp/perf-PID.map in the process's own root, a line a function.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host {

class PerfMap {
 public:
  explicit PerfMap(pid_t process) : process_(process) {}

  // "name+0x10"; a return address means the call before it. Nothing where the file has no such
  // function. The file is read at the first question and again, at most once a second, where it has
  // changed. It must be a plain file that the process's user or root owns. While the process lives
  // it is looked for in its root; otherwise in ours.
  std::optional<std::string> find(uint64_t address, bool is_return);
  size_t bytes() const { return entries_.capacity() * sizeof(Entry) + names_.capacity(); }

 private:
  struct Entry {
    uint64_t start = 0;
    uint32_t size = 0;
    uint32_t name = 0;  // where in names_ it begins; ends with a null byte
  };
  void load();
  void parse(std::string_view text);

  pid_t process_;
  std::vector<Entry> entries_;
  std::string names_;
  std::chrono::steady_clock::time_point looked_;
  timespec changed_ = {};
  off_t size_ = -1;
};

}  // namespace host
