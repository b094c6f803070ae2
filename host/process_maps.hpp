// Where the code of a process lies: its executable mappings, as /proc has them at the moment.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"

namespace host {

// A file that is mapped somewhere, as the kernel names it; many processes share one.
struct MappedFile {
  std::string path;      // in the process's own root, or "[vdso]"; for memory without a file ""
  std::string build_id;  // lower-case hexadecimal; empty: not known
  unsigned major = 0, minor = 0;
  uint64_t inode = 0;  // 0: not known
  bool is_deleted = false;

  // Its last part: "libc.so.6".
  std::string_view base_name() const;
  friend bool operator==(const MappedFile&, const MappedFile&) = default;
};

struct Mapping {
  uint64_t start = 0, end = 0;  // in the process's memory
  uint64_t offset = 0;          // of `start`, in the file
  uint64_t since = 0;           // CLOCK_MONOTONIC, in nanoseconds
  std::shared_ptr<const MappedFile> file;
};

// Who has it mapped.
struct MappedBy {
  pid_t process = 0;
  pid_t parent = 0;         // 0: not known. Its root stands in for that of a process that ended
  bool is_current = false;  // the process lives and still has it mapped
};

// A line of a maps file; nothing where it is not executable or no line. `since` stays 0.
std::optional<Mapping> parse_maps_line(std::string_view line);

// Whether memory of this name has no file: "", "//anon", "[heap]", "/memfd:jit", "/dev/zero" ...
// "[vdso]" is one in this sense.
bool is_anonymous(std::string_view name);

// The executable mappings of a process, in the order of addresses; an Error where it has ended or
// may not be looked at. Consecutive mappings of one file share it.
bytecode::Result<std::vector<Mapping>> read_maps(pid_t process);

// What a process is beside its number: another program under the same number differs in one of
// them.
struct ProcessIdentity {
  uint64_t started = 0;            // in clock ticks since the boot
  uint64_t device = 0, inode = 0;  // of the program; 0 where it may not be looked at

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// Nothing where the process has ended.
std::optional<ProcessIdentity> identify(pid_t process);
pid_t parent_of(pid_t process);  // 0: has ended, or is not known
// The process's number as it sees it itself, in its own namespace.
pid_t inner_number(pid_t process);

// "/proc/PID"
std::string proc_folder(pid_t process);

}  // namespace host
