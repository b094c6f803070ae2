#include "host/process_maps.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fstream>

#include "host/monotonic.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

namespace {

// Takes a number and the character behind it off the front.
template <typename T>
bool take(std::string_view& text, T& number, int base, char end) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || stop == text.data() + text.size() || *stop != end) return false;
  text.remove_prefix(static_cast<size_t>(stop - text.data()) + 1);
  return true;
}

// The kernel writes a newline in a path as "\012".
std::string unescaped(std::string_view path) {
  std::string text(path);
  constexpr std::string_view newline = "\\012";
  for (size_t at = 0; (at = text.find(newline, at)) != std::string::npos; ++at)
    text.replace(at, newline.size(), 1, '\n');
  return text;
}

// The fields of /proc/PID/stat after the command's name, which may have any character in it.
std::string stat_fields(pid_t process) {
  std::ifstream file(proc_folder(process) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(") ");
  return end == std::string::npos ? std::string() : line.substr(end + 2);
}

// The field number `index` of those, from 0.
uint64_t field(std::string_view fields, int index) {
  for (int i = 0; i < index; ++i) {
    const size_t space = fields.find(' ');
    if (space == std::string_view::npos) return 0;
    fields.remove_prefix(space + 1);
  }
  uint64_t value = 0;
  std::from_chars(fields.data(), fields.data() + fields.size(), value);
  return value;
}

}  // namespace

std::string proc_folder(pid_t process) { return "/proc/" + std::to_string(process); }

std::string_view MappedFile::base_name() const {
  const std::string_view text = path;
  return text.substr(text.rfind('/') + 1);
}

std::optional<Mapping> parse_maps_line(std::string_view line) {
  // "55d0c0a00000-55d0c0a25000 r-xp 00002000 fe:01 1234    /usr/bin/bash"
  Mapping mapping;
  MappedFile file;
  if (!take(line, mapping.start, 16, '-') || !take(line, mapping.end, 16, ' ') || line.size() < 5 ||
      line[2] != 'x')
    return std::nullopt;
  line.remove_prefix(5);
  if (!take(line, mapping.offset, 16, ' ') || !take(line, file.major, 16, ':') ||
      !take(line, file.minor, 16, ' '))
    return std::nullopt;
  std::from_chars(line.data(), line.data() + line.size(), file.inode);
  const size_t space = line.find(' ');
  const size_t name = space == std::string_view::npos ? space : line.find_first_not_of(' ', space);
  if (name != std::string_view::npos) file.path = unescaped(line.substr(name));
  constexpr std::string_view deleted = " (deleted)";
  if (file.inode != 0 && file.path.ends_with(deleted)) {
    file.path.resize(file.path.size() - deleted.size());
    file.is_deleted = true;
  }
  mapping.file = std::make_shared<const MappedFile>(std::move(file));
  return mapping;
}

bool is_anonymous(std::string_view name) {
  return !name.starts_with('/') || name.starts_with("//anon") || name.starts_with("/memfd:") ||
         name.starts_with("/dev/zero") || name.starts_with("/SYSV") ||
         name.starts_with("/anon_hugepage") || name.starts_with("/[aio]");
}

Result<std::vector<Mapping>> read_maps(pid_t process) {
  const std::string path = proc_folder(process) + "/maps";
  std::ifstream file(path);
  if (!file) return refusal("read " + path, errno);
  const uint64_t now = monotonic_ns();
  std::vector<Mapping> mappings;
  std::string line;
  while (std::getline(file, line)) {
    std::optional<Mapping> mapping = parse_maps_line(line);
    if (!mapping) continue;
    mapping->since = now;
    if (!mappings.empty() && *mappings.back().file == *mapping->file)
      mapping->file = mappings.back().file;
    mappings.push_back(std::move(*mapping));
  }
  return mappings;
}

std::optional<ProcessIdentity> identify(pid_t process) {
  constexpr int start_time = 19;
  const std::string fields = stat_fields(process);
  if (fields.empty() || fields[0] == 'Z' || fields[0] == 'X') return std::nullopt;
  ProcessIdentity identity;
  identity.started = field(fields, start_time);
  struct stat info = {};
  if (stat((proc_folder(process) + "/exe").c_str(), &info) == 0) {
    identity.device = info.st_dev;
    identity.inode = info.st_ino;
  }
  return identity;
}

pid_t parent_of(pid_t process) {
  constexpr int parent = 1;
  return static_cast<pid_t>(field(stat_fields(process), parent));
}

pid_t inner_number(pid_t process) {
  std::ifstream file(proc_folder(process) + "/status");
  constexpr std::string_view label = "NSpid:";
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(label)) continue;
    // One number for each namespace that it is in, its own last.
    const size_t last = line.find_last_of("\t ");
    pid_t number = process;
    std::from_chars(line.data() + last + 1, line.data() + line.size(), number);
    return number;
  }
  return process;
}

}  // namespace host
