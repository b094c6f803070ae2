// Which code was mapped where, in each process and at each time: what is told of processes, kept
// beyond their end.
//
// A process is a row of images: the program it began as, and one more for each exec. A fork begins
// with the parent's mappings, which both share until one of them changes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/process_maps.hpp"

namespace host {

// A mapping as an event tells of it.
struct MapEvent {
  uint64_t start = 0, end = 0, offset = 0;
  MappedFile file;
};

class ProcessTable {
 public:
  struct Bounds {
    size_t ended = 4096;       // processes that are kept after their end
    size_t processes = 32768;  // in all
    size_t mappings = 4096;    // of one image
    size_t images = 16;        // of one process
  };
  // What has been let go of to keep the bounds.
  struct Dropped {
    uint64_t processes = 0, images = 0, mappings = 0;
  };
  // Reads the executable mappings of a process that nothing is known of yet; nothing where it has
  // ended.
  using Reader = std::function<std::optional<std::vector<Mapping>>(pid_t)>;

  explicit ProcessTable(Reader reader) : ProcessTable(std::move(reader), Bounds()) {}
  ProcessTable(Reader reader, Bounds bounds) : reader_(std::move(reader)), bounds_(bounds) {}

  // What is told, in the order of time. All times are CLOCK_MONOTONIC, in nanoseconds. A process
  // that is not known yet is read at its first mention.
  void forked(pid_t process, pid_t parent, uint64_t time);
  void executed(pid_t process, uint64_t time);
  void mapped(pid_t process, uint64_t time, MapEvent event);
  void ended(pid_t process, uint64_t time);
  // Reads the mappings of a process as they are now. `since`: it is known to run another program
  // than the last one, and since when, at the earliest. False where it has ended.
  bool read(pid_t process, std::optional<uint64_t> since = {});

  struct Found {
    const Mapping* mapping = nullptr;  // null: nothing is mapped there
    pid_t parent = 0;                  // 0: not known
    bool is_known = false;             // the process is
    bool is_empty = false;             // but none of its mappings
    // The process still runs this image, as far as is known.
    bool is_current = false;
  };
  // Of the program that the process ran at `time`. The mapping is valid until the next change.
  Found find(pid_t process, uint64_t time, uint64_t address) const;

  bool knows(pid_t process) const { return processes_.contains(process); }
  size_t size() const { return processes_.size(); }
  const Dropped& dropped() const { return dropped_; }

 private:
  using Mappings = std::vector<Mapping>;
  struct Image {
    uint64_t since = 0, read_at = 0;
    std::shared_ptr<Mappings> mappings;  // shared with forks: changed only where nobody else has it
  };
  struct Process {
    std::vector<Image> images;  // in the order of time; at least one
    pid_t parent = 0;
    uint64_t ended_at = 0;  // 0: lives
  };

  Process& known(pid_t process);
  void end(pid_t process, Process& it, uint64_t time);
  void add_image(Process& process, Image image);
  Mappings& own(Image& image);
  std::shared_ptr<const MappedFile> shared(MappedFile file);
  void keep_bounds();

  Reader reader_;
  Bounds bounds_;
  std::unordered_map<pid_t, Process> processes_;
  std::deque<std::pair<pid_t, uint64_t>> ended_;  // oldest first, with the time
  std::unordered_map<std::string, std::weak_ptr<const MappedFile>> files_;
  size_t files_swept_ = 0;  // how many files were left by the last look for unused ones
  Dropped dropped_;
};

}  // namespace host
