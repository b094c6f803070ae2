// Where the addresses of a process lay at the time of a stack: the side band's processes, kept up
// to date by a thread of their own, or, where there is no side band, what /proc says.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "host/process_maps.hpp"
#include "host/process_table.hpp"
#include "host/side_band.hpp"

namespace host {

struct Place {
  Mapping mapping;
  bool is_mapped = false;  // else `mapping` is empty
  MappedBy by;
  bool is_known = false;  // something is known of the process
};

// Safe to use from several threads; nothing here takes longer than reading a maps file.
class ProcessWatch {
 public:
  enum class With : uint8_t { side_band, proc_only };
  // Where there can be no side band it goes on without.
  explicit ProcessWatch(With with);
  ~ProcessWatch();

  // Why there is no side band; nothing where there is one or none was wanted.
  const std::optional<bytecode::Error>& refused() const { return refused_; }
  bool has_side_band() const { return band_ != nullptr; }

  // Of each address of a stack, the leaf first; of the others the mapping of the call before them.
  std::vector<Place> places(pid_t process, uint64_t time, std::span<const uint64_t> addresses);
  // Whether code came into the kernel or left it since the last question.
  bool take_kernel_changed();

  struct Account {
    uint64_t events = 0, lost = 0;
    size_t processes = 0;
    ProcessTable::Dropped dropped;
  };
  Account account();

 private:
  struct Seen {
    std::optional<ProcessIdentity> identity;
    uint64_t checked = 0, missed = 0;  // CLOCK_MONOTONIC, in nanoseconds
    uint64_t lost = 0;
  };
  void run();
  void look_at(pid_t process);
  bool find(pid_t process, uint64_t time, std::span<const uint64_t> addresses,
            std::vector<Place>& places) const;

  std::mutex mutex_;
  ProcessTable processes_;
  std::unordered_map<pid_t, Seen> seen_;
  std::unique_ptr<SideBand> band_;
  std::optional<bytecode::Error> refused_;
  Fd stop_;
  std::thread thread_;
};

}  // namespace host
