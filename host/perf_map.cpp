#include "host/perf_map.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "host/fd.hpp"
#include "host/frame_names.hpp"
#include "host/process_maps.hpp"

namespace host {

namespace {

// Of a longer file the end counts: what was compiled last.
constexpr off_t read_max = 32 << 20;
constexpr size_t name_max = 512;
constexpr std::chrono::seconds between_looks(1);

// A process may put anything there, so nothing is opened that could block or lead elsewhere.
Fd open_plain(const std::string& path, struct stat& info) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return file;
}

Fd open_map(pid_t process, struct stat& info) {
  const std::string folder = proc_folder(process);
  struct stat owner = {};
  if (stat(folder.c_str(), &owner) == 0) {
    Fd file = open_plain(
        folder + "/root/tmp/perf-" + std::to_string(inner_number(process)) + ".map", info);
    if (file && info.st_uid != 0 && info.st_uid != owner.st_uid) return {};
    return file;
  }
  return open_plain("/tmp/perf-" + std::to_string(process) + ".map", info);
}

}  // namespace

void PerfMap::parse(std::string_view text) {
  entries_.clear();
  names_.clear();
  while (!text.empty()) {
    // "7f2b4c001000 1a0 LazyCompile:~main /srv/app.js:12"
    const size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    if (line.starts_with("0x")) line.remove_prefix(2);
    Entry entry;
    uint64_t size = 0;
    const char* const end = line.data() + line.size();
    const auto [middle, wrong] = std::from_chars(line.data(), end, entry.start, 16);
    if (wrong != std::errc() || middle == end || *middle != ' ') continue;
    const auto [stop, error] = std::from_chars(middle + 1, end, size, 16);
    if (error != std::errc() || stop == end || *stop != ' ' || size == 0) continue;
    entry.size = static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX));
    entry.name = static_cast<uint32_t>(names_.size());
    const std::string_view name(stop + 1, static_cast<size_t>(end - stop - 1));
    names_.append(name.substr(0, name_max)).append(1, '\0');
    entries_.push_back(entry);
  }
  // Of two functions at one place the one that was compiled last.
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.start != b.start ? a.start < b.start : a.name > b.name;
  });
  const auto same = [](const Entry& a, const Entry& b) { return a.start == b.start; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  entries_.shrink_to_fit();
}

void PerfMap::load() {
  const auto now = std::chrono::steady_clock::now();
  if (size_ >= 0 && now - looked_ < between_looks) return;
  looked_ = now;
  struct stat info = {};
  const Fd file = open_map(process_, info);
  if (!file) {
    // What was read while the process lived stays.
    size_ = std::max<off_t>(size_, 0);
    return;
  }
  if (info.st_size == size_ && info.st_mtim.tv_sec == changed_.tv_sec &&
      info.st_mtim.tv_nsec == changed_.tv_nsec)
    return;
  size_ = info.st_size;
  changed_ = info.st_mtim;
  std::string text(static_cast<size_t>(std::min(info.st_size, read_max)), '\0');
  size_t filled = 0;
  const off_t skipped = info.st_size - static_cast<off_t>(text.size());
  while (filled < text.size()) {
    const ssize_t got = pread(file.get(), text.data() + filled, text.size() - filled,
                              skipped + static_cast<off_t>(filled));
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  parse(std::string_view(text).substr(0, filled));
}

std::optional<std::string> PerfMap::find(uint64_t address, bool is_return) {
  load();
  const uint64_t at = is_return ? address - 1 : address;
  auto after =
      std::upper_bound(entries_.begin(), entries_.end(), at,
                       [](uint64_t place, const Entry& entry) { return place < entry.start; });
  constexpr int tries = 8;
  for (int i = 0; i < tries && after != entries_.begin(); ++i) {
    --after;
    if (at - after->start < after->size)
      return names_.c_str() + after->name + ("+" + hex(address - after->start));
  }
  return std::nullopt;
}

}  // namespace host
