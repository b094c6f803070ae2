// The files that processes have mapped, opened for their symbols and kept for a while: within a
// bound, the least used go first.
//
// A file is only trusted where it is the one that was mapped. While its process lives, the kernel
// says which one that is. Of a process that has ended, its build id, or else its inode number and
// the time of its last change, must agree.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "host/file_symbols.hpp"
#include "host/process_maps.hpp"
#include "host/unresolved.hpp"

namespace host {

class SymbolFiles {
 public:
  struct Bounds {
    size_t files = 256;
    size_t bytes = 128 << 20;
  };
  struct Opened {
    std::shared_ptr<FileSymbols> symbols;  // null: see `why`
    Unresolved why = Unresolved::file_gone;
  };

  SymbolFiles() : SymbolFiles(Bounds()) {}
  explicit SymbolFiles(Bounds bounds) : bounds_(bounds) {}

  // The symbols of the mapping's file, which is no memory without one. Opening takes no time to
  // speak of; the first question to the symbols may.
  Opened find(const Mapping& mapping, const MappedBy& by);
  void rest() { entries_.clear(); }
  size_t bytes() const;
  size_t size() const { return entries_.size(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<FileSymbols> symbols;
    Unresolved why = Unresolved::file_gone;
    struct stat state = {};  // as it was opened
    uint64_t opened = 0;     // CLOCK_MONOTONIC, in nanoseconds
    Clock::time_point looked;
    uint64_t used = 0;
    pid_t refused_to = 0;  // the process that it could not be opened for
    std::weak_ptr<const MappedFile> verified;
  };

  bool is_usable(Entry& entry, const Mapping& mapping, const MappedBy& by);
  void open(Entry& entry, const Mapping& mapping, const MappedBy& by);
  bool open_at(Entry& entry, const std::string& path, const Mapping& mapping,
               const struct stat* exact);
  void open_vdso(Entry& entry);
  void keep_bounds();

  Bounds bounds_;
  std::unordered_map<std::string, Entry> entries_;
  uint64_t uses_ = 0;
};

}  // namespace host
