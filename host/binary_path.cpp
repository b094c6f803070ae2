// Words to files: $PATH for programs, the dynamic linker's cache for libraries.
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "host/debug_file.hpp"
#include "host/elf.hpp"

namespace host {

namespace {

// The linker's cache in its present format (glibc 2.2 and later, alone since 2.32): a header, then
// entries, whose words are offsets from the start of the header.
struct CacheHeader {
  char magic[20];  // "glibc-ld.so.cache1.1"
  uint32_t entries;
  uint32_t string_bytes;
  uint32_t unused[5];
};
static_assert(sizeof(CacheHeader) == 48);

struct CacheEntry {
  int32_t flags;
  uint32_t name;
  uint32_t path;
  uint32_t os_version;
  uint64_t hwcap;
};
static_assert(sizeof(CacheEntry) == 24);

bool is_file(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string read_all(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_native(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header = {};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!file || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
#if defined(__x86_64__)
  return header.e_machine == EM_X86_64 && header.e_ident[EI_CLASS] == ELFCLASS64;
#else
  return header.e_machine == EM_AARCH64 && header.e_ident[EI_CLASS] == ELFCLASS64;
#endif
}

// Whether a library file's name is what `word` asks for: "libc" means libc.so.6, not libcap.so.2.
bool is_called(std::string_view file, std::string_view word) {
  if (file == word) return true;
  if (!file.starts_with(word)) return false;
  const std::string_view rest = file.substr(word.size());
  if (word.find(".so") != std::string_view::npos) return rest.starts_with('.');
  return rest == ".so" || rest.starts_with(".so.");
}

std::optional<std::string> find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty()) {
    const size_t colon = folders.find(':');
    const std::string_view folder = folders.substr(0, colon);
    folders.remove_prefix(colon == std::string_view::npos ? folders.size() : colon + 1);
    if (folder.empty()) continue;
    const std::string candidate = std::string(folder) + "/" + std::string(name);
    if (is_file(candidate) && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

// The file that a path means inside `root`: links there lead into the same root, also those that
// begin with a slash.
std::optional<std::string> inside(const std::string& root, std::string_view path) {
  if (root.empty()) return std::string(path);
  constexpr int links_max = 40;  // as the kernel's own
  std::string left(path), done;
  for (int links = 0; !left.empty();) {
    const size_t start = left.find_first_not_of('/');
    if (start == std::string::npos) break;
    const size_t end = std::min(left.find('/', start), left.size());
    const std::string part = left.substr(start, end - start);
    left.erase(0, end);
    if (part == ".") continue;
    if (part == "..") {
      done.resize(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    std::error_code error;
    std::string here = root;
    here.append(done).append("/").append(part);
    const std::filesystem::path link = std::filesystem::read_symlink(here, error);
    if (error) {
      done.append("/").append(part);
      continue;
    }
    if (++links > links_max) return std::nullopt;
    if (link.is_absolute()) done.clear();
    left.insert(0, link.string());
    if (left.front() != '/') left.insert(0, 1, '/');
  }
  return root + done;
}

std::optional<std::string> find_library(std::string_view word, const std::string& root) {
  const std::string cache = read_all((root + "/etc/ld.so.cache").c_str());
  for (const auto& [name, path] : parse_library_cache(cache)) {
    if (!is_called(name, word)) continue;
    if (auto file = inside(root, path); file && is_native(*file)) return file;
  }
  for (const char* folder : {"/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/lib",
                             "/usr/lib64", "/usr/lib", "/usr/local/lib"}) {
    std::error_code ignored;
    const auto place = inside(root, folder);
    if (!place) continue;
    for (const auto& entry : std::filesystem::directory_iterator(*place, ignored)) {
      const std::string name = entry.path().filename();
      if (!is_called(name, word)) continue;
      if (auto file = inside(root, std::string(folder) + "/" + name); file && is_native(*file))
        return file;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_library_cache(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> libraries;
  constexpr std::string_view magic = "glibc-ld.so.cache1.1";
  const size_t start = bytes.find(magic);
  if (start == std::string_view::npos) return libraries;
  bytes.remove_prefix(start);
  CacheHeader header;
  if (bytes.size() < sizeof header) return libraries;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto text = [&](uint32_t at) -> std::string {
    if (at >= bytes.size()) return {};
    const std::string_view rest = bytes.substr(at);
    return std::string(rest.substr(0, rest.find('\0')));
  };
  for (uint32_t i = 0; i < header.entries; ++i) {
    const size_t at = sizeof header + i * sizeof(CacheEntry);
    if (bytes.size() < at + sizeof(CacheEntry)) break;
    CacheEntry entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    libraries.emplace_back(text(entry.name), text(entry.path));
  }
  return libraries;
}

std::optional<std::string> find_binary(std::string_view word) {
  if (const std::string root(root_of(word)); !root.empty()) {
    std::string_view rest = word.substr(root.size());
    if (auto file = inside(root, rest); file && is_file(*file)) return file;
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
    return find_library(rest, root);
  }
  if (word.find('/') != std::string_view::npos) {
    std::string path(word);
    if (!is_file(path)) return std::nullopt;
    return path;
  }
  // A library's bare name says so itself; programs called lib... are found in $PATH first only when
  // no library answers.
  if (word.starts_with("lib") || word.find(".so") != std::string_view::npos)
    if (auto library = find_library(word, {})) return library;
  if (auto program = find_program(word)) return program;
  return find_library(word, {});
}

}  // namespace host
