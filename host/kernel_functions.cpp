#include "host/kernel_functions.hpp"

#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unordered_set>

#include "host/fd.hpp"
#include "host/private_mount.hpp"

namespace host {

namespace {

struct Section {
  std::string_view begin, end;
};
// Code that runs where a probe's own code may not, or that is gone after boot.
constexpr Section unprobed[] = {
    {"_sinittext", "_einittext"},
    {"__noinstr_text_start", "__noinstr_text_end"},
    {"__kprobes_text_start", "__kprobes_text_end"},
    {"__entry_text_start", "__entry_text_end"},
    {"__cpuidle_text_start", "__cpuidle_text_end"},
};

struct FileEnd {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, FileEnd>;

File open_stream(Fd fd) {
  if (!fd) return nullptr;
  File file(fdopen(fd.get(), "r"));
  if (file) fd.release();
  return file;
}

// Hands out the lines of a file without their ends.
template <typename Sink>
void each_line(FILE* file, Sink sink) {
  char* line = nullptr;
  size_t room = 0;
  ssize_t length = 0;
  while ((length = getline(&line, &room, file)) > 0) {
    std::string_view text(line, static_cast<size_t>(length));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (!sink(text)) break;
  }
  std::free(line);
}

// The kernel's own list of functions that no kprobe may go to.
std::unordered_set<std::string> forbidden_names() {
  std::unordered_set<std::string> names;
  constexpr const char* inside = "kprobes/blacklist";
  Fd fd(open(("/sys/kernel/debug/" + std::string(inside)).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const Fd debugfs = private_mount("debugfs");
    if (debugfs) fd.reset(openat(debugfs.get(), inside, O_RDONLY | O_CLOEXEC));
  }
  const File file = open_stream(std::move(fd));
  if (!file) return names;
  // "0xffffffff81000000-0xffffffff81000010\tname"
  each_line(file.get(), [&](std::string_view line) {
    const size_t tab = line.find('\t');
    if (tab != std::string_view::npos) names.emplace(line.substr(tab + 1));
    return true;
  });
  return names;
}

}  // namespace

bool is_made_symbol(std::string_view name) {
  constexpr std::string_view prefixes[] = {"__pfx_", "__cfi_", "__SCT__", "__SCK__",
                                           "__ftrace_invalid_address_"};
  for (const std::string_view prefix : prefixes)
    if (name.starts_with(prefix)) return true;
  return name.find(".cold") != std::string_view::npos;
}

bool SectionFilter::takes(std::string_view name) {
  if (!until_.empty()) {
    if (name == until_) until_ = {};
    return false;
  }
  for (const Section& section : unprobed) {
    if (name != section.begin) continue;
    until_ = section.end;
    return false;
  }
  return !is_made_symbol(name);
}

std::optional<KernelFunction> parse_filter_line(std::string_view line) {
  const size_t space = line.find(' ');
  KernelFunction function;
  function.name = line.substr(0, space);
  if (space != std::string_view::npos) {
    std::string_view module = line.substr(space + 1);
    if (module.starts_with('[') && module.ends_with(']'))
      function.module = module.substr(1, module.size() - 2);
  }
  if (function.name.empty()) return std::nullopt;
  return function;
}

void each_probeable_function(const Tracefs* tracefs, const Kallsyms& kallsyms,
                             const std::function<bool(const KernelFunction&)>& sink) {
  const std::unordered_set<std::string> forbidden = forbidden_names();
  std::unordered_set<size_t> told;  // hashes: a list of the names would be four times as large
  const auto tell = [&](const KernelFunction& function) {
    // Programs of BPF and what the kernel generates have no lasting place.
    if (function.module.starts_with("bpf") || function.module.starts_with("__builtin")) return true;
    if (forbidden.contains(function.name)) return true;
    if (!told.insert(std::hash<std::string>()(function.module + ":" + function.name)).second)
      return true;
    return sink(function);
  };
  if (tracefs != nullptr) {
    const File file = open_stream(tracefs->open_file("available_filter_functions"));
    if (file) {
      each_line(file.get(), [&](std::string_view line) {
        const auto function = parse_filter_line(line);
        return !function || is_made_symbol(function->name) || tell(*function);
      });
      return;
    }
  }
  SectionFilter sections;
  kallsyms.each([&](const KernelFunction& function) {
    return !sections.takes(function.name) || tell(function);
  });
}

}  // namespace host
