#include "host/symbol_files.hpp"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "host/fd.hpp"
#include "host/monotonic.hpp"

namespace host {

namespace {

constexpr std::chrono::seconds between_looks(1);
constexpr int64_t second = 1'000'000'000;

int64_t in_ns(const timespec& time) { return time.tv_sec * second + time.tv_nsec; }

// A time of CLOCK_MONOTONIC as files have their times.
int64_t wall_time(uint64_t monotonic) {
  timespec wall = {};
  clock_gettime(CLOCK_REALTIME, &wall);
  return in_ns(wall) - static_cast<int64_t>(monotonic_ns() - monotonic);
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_unchanged(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && in_ns(a.st_mtim) == in_ns(b.st_mtim);
}

std::string key_of(const MappedFile& file) {
  if (!file.build_id.empty()) return file.build_id + file.path;
  if (file.inode == 0) return file.path;
  return std::to_string(file.major) + ':' + std::to_string(file.minor) + ':' +
         std::to_string(file.inode);
}

// Leads to the very file that is mapped there, whatever has become of its path.
std::string exact_path(pid_t process, const Mapping& mapping) {
  std::array<char, 40> range = {};
  std::snprintf(range.data(), range.size(), "%lx-%lx", static_cast<unsigned long>(mapping.start),
                static_cast<unsigned long>(mapping.end));
  return proc_folder(process) + "/map_files/" + range.data();
}

}  // namespace

// Of its own kernel every process has the same one, so that in our memory will do.
void SymbolFiles::open_vdso(Entry& entry) {
  const uint64_t start = getauxval(AT_SYSINFO_EHDR);
  const auto mappings = read_maps(getpid());
  if (start == 0 || !mappings) return;
  for (const Mapping& mapping : *mappings) {
    if (mapping.start != start) continue;
    const Fd copy(memfd_create("vdso", MFD_CLOEXEC));
    const size_t size = mapping.end - mapping.start;
    if (!copy ||
        write(copy.get(), std::bit_cast<const void*>(start), size) != static_cast<ssize_t>(size))
      return;
    auto symbols = FileSymbols::open("/proc/self/fd/" + std::to_string(copy.get()), "vdso");
    if (symbols) entry.symbols = std::move(symbols).value();
  }
}

// `exact`: the file that is mapped, where the kernel says so.
bool SymbolFiles::open_at(Entry& entry, const std::string& path, const Mapping& mapping,
                          const struct stat* exact) {
  struct stat state = {};
  if (stat(path.c_str(), &state) != 0) {
    if (errno == EACCES || errno == EPERM) entry.why = Unresolved::file_refused;
    return false;
  }
  // Whatever lies at the path now: opening a pipe would never return.
  if (!S_ISREG(state.st_mode)) return false;
  const MappedFile& file = *mapping.file;
  if (exact != nullptr) {
    if (!is_same_file(state, *exact)) return false;
  } else if (file.build_id.empty()) {
    if (file.inode == 0 || state.st_ino != file.inode ||
        in_ns(state.st_ctim) > wall_time(mapping.since))
      return false;
  }
  auto symbols = FileSymbols::open(path, file.base_name());
  if (!symbols) {
    entry.why = Unresolved::file_refused;
    return false;
  }
  struct stat opened = {};
  if (fstat((*symbols)->image().fd(), &opened) != 0 || !is_same_file(opened, state)) return false;
  if (exact == nullptr && !file.build_id.empty() && (*symbols)->image().build_id() != file.build_id)
    return false;
  entry.symbols = std::move(symbols).value();
  entry.state = opened;
  return true;
}

void SymbolFiles::open(Entry& entry, const Mapping& mapping, const MappedBy& by) {
  entry.looked = Clock::now();
  entry.opened = monotonic_ns();
  entry.why = Unresolved::file_gone;
  entry.refused_to = by.process;
  const std::string& path = mapping.file->path;
  if (path == "[vdso]") return open_vdso(entry);
  const std::string own_root = proc_folder(by.process) + "/root" + path;
  if (by.is_current) {
    const std::string exact = exact_path(by.process, mapping);
    struct stat state = {};
    const bool is_known = stat(exact.c_str(), &state) == 0;
    // The process may run another program by now that lies at the same place.
    const MappedFile& file = *mapping.file;
    const bool is_other = is_known && file.inode != 0 && state.st_ino != file.inode &&
                          state.st_dev == makedev(file.major, file.minor);
    if (is_known && !is_other) {
      // Our own path to it first: it outlives the process, and debug files are found from it.
      for (const std::string& place : {path, own_root, exact})
        if (open_at(entry, place, mapping, &state)) return;
      return;
    }
  }
  std::string parent_root;
  if (by.parent != 0) parent_root = proc_folder(by.parent) + "/root" + path;
  for (const std::string& place : {path, own_root, parent_root})
    if (!place.empty() && open_at(entry, place, mapping, nullptr)) return;
}

bool SymbolFiles::is_usable(Entry& entry, const Mapping& mapping, const MappedBy& by) {
  const auto now = Clock::now();
  const bool is_due = now - entry.looked >= between_looks;
  if (!entry.symbols) return !is_due && entry.refused_to == by.process;
  if (is_due && mapping.file->path != "[vdso]") {
    entry.looked = now;
    struct stat state = {};
    // Someone may have written into the file itself.
    if (fstat(entry.symbols->image().fd(), &state) != 0 || !is_unchanged(state, entry.state))
      return false;
  }
  // While we hold the file its inode's number is no other one's. But what ended before we opened it
  // may have had another file of that number.
  if (by.is_current || !mapping.file->build_id.empty() || mapping.file->inode == 0) return true;
  return entry.verified.lock() == mapping.file || entry.opened <= mapping.since ||
         in_ns(entry.state.st_ctim) <= wall_time(mapping.since);
}

SymbolFiles::Opened SymbolFiles::find(const Mapping& mapping, const MappedBy& by) {
  const std::string key = key_of(*mapping.file);
  auto found = entries_.find(key);
  if (found == entries_.end() || !is_usable(found->second, mapping, by)) {
    Entry entry;
    open(entry, mapping, by);
    entry.used = ++uses_;
    found = entries_.insert_or_assign(key, std::move(entry)).first;
    keep_bounds();
    found = entries_.find(key);
    if (found == entries_.end()) return {};
  }
  Entry& entry = found->second;
  entry.used = ++uses_;
  if (by.is_current && entry.symbols) entry.verified = mapping.file;
  constexpr uint64_t uses_between = 4096;
  const Opened opened{entry.symbols, entry.why};
  if (uses_ % uses_between == 0) keep_bounds();
  return opened;
}

size_t SymbolFiles::bytes() const {
  size_t bytes = 0;
  for (const auto& [key, entry] : entries_)
    if (entry.symbols) bytes += entry.symbols->bytes();
  return bytes;
}

void SymbolFiles::keep_bounds() {
  size_t total = bytes();
  while (entries_.size() > 1 && (entries_.size() > bounds_.files || total > bounds_.bytes)) {
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    if (oldest->second.symbols) total -= std::min(total, oldest->second.symbols->bytes());
    entries_.erase(oldest);
  }
}

}  // namespace host
