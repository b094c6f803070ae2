// What the kernel tells of all processes at once: forks, programs, executable mappings, ends, and
// code that came into the kernel itself. One perf event on each processor, with a small buffer.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/result.hpp"
#include "host/fd.hpp"
#include "host/process_table.hpp"

namespace host {

class SideBand {
 public:
  static constexpr size_t buffer_bytes = 64 << 10;  // for each processor; a power of two

  // Starts to listen; an Error where the kernel or the rights do not allow it.
  static bytecode::Result<std::unique_ptr<SideBand>> open();

  // Tells `processes` what has happened until now, in the order of time.
  void drain(ProcessTable& processes);
  // Readable when a buffer is half full. Not before: a drain need not wait for it.
  int fd() const { return epoll_.get(); }
  // Events that found a buffer full.
  uint64_t lost() const { return lost_; }
  uint64_t events() const { return events_; }
  // Whether code came into the kernel or left it since the last question: BPF programs, mostly.
  bool take_kernel_changed() { return std::exchange(kernel_changed_, false); }

 private:
  struct Unmap {
    void operator()(void* memory) const;
  };
  struct Ring {
    Fd event;
    std::unique_ptr<void, Unmap> memory;
  };
  struct Event {
    enum class Kind : uint8_t { fork, exec, map, end } kind = Kind::end;
    pid_t process = 0, parent = 0;
    uint64_t time = 0;
    MapEvent map;
  };

  SideBand() = default;
  void read(Ring& ring);
  void take(std::string_view record);

  std::vector<Ring> rings_;
  Fd epoll_;
  std::vector<Event> events_waiting_;
  uint64_t lost_ = 0, events_ = 0;
  bool kernel_changed_ = false;
};

}  // namespace host
