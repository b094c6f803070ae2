#include "host/kallsyms.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>

namespace host {

std::optional<KallsymsLine> read_kallsyms_line(std::string_view line) {
  // "ffffffff816b2110 t do_sys_openat2", then "\t[module]" for a module's.
  const size_t first = line.find(' ');
  if (first == std::string_view::npos || line.size() < first + 4) return std::nullopt;
  const char type = line[first + 1];
  if (type != 't' && type != 'T' && type != 'w' && type != 'W') return std::nullopt;
  const std::string_view rest = line.substr(first + 3);
  KallsymsLine read;
  std::from_chars(line.data(), line.data() + first, read.address, 16);
  const size_t tab = rest.find('\t');
  read.name = rest.substr(0, tab);
  if (tab != std::string_view::npos) {
    const std::string_view module = rest.substr(tab + 1);
    if (module.starts_with('[') && module.ends_with(']'))
      read.module = module.substr(1, module.size() - 2);
  }
  return read;
}

std::optional<KernelFunction> parse_kallsyms_line(std::string_view line) {
  const std::optional<KallsymsLine> read = read_kallsyms_line(line);
  if (!read) return std::nullopt;
  return KernelFunction{std::string(read->name), std::string(read->module)};
}

bool Kallsyms::readable() const { return access(path_.c_str(), R_OK) == 0; }

std::optional<KernelFunction> Kallsyms::find(std::string_view name, std::string_view module) const {
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line)) {
    // Most of the 100,000 lines are ruled out without a copy.
    if (line.find(name) == std::string::npos) continue;
    const auto function = parse_kallsyms_line(line);
    if (function && function->name == name && (module.empty() || function->module == module))
      return function;
  }
  return std::nullopt;
}

std::optional<uint64_t> Kallsyms::length(std::string_view name, std::string_view module) const {
  const auto address_of = [](std::string_view line) {
    uint64_t address = 0;
    std::from_chars(line.data(), line.data() + line.size(), address, 16);
    return address;
  };
  uint64_t start = 0;
  std::vector<uint64_t> addresses;
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line)) {
    addresses.push_back(address_of(line));
    if (start != 0 || line.find(name) == std::string::npos) continue;
    const auto function = parse_kallsyms_line(line);
    if (function && function->name == name && (module.empty() || function->module == module))
      start = addresses.back();
  }
  if (start == 0) return std::nullopt;
  uint64_t next = std::numeric_limits<uint64_t>::max();
  for (const uint64_t address : addresses)
    if (address > start) next = std::min(next, address);
  return next - start;
}

void Kallsyms::each(const std::function<bool(const KernelFunction&)>& sink) const {
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line))
    if (const auto function = parse_kallsyms_line(line); function && !sink(*function)) return;
}

std::vector<std::string> Kallsyms::names_like(std::string_view name) const {
  constexpr size_t letters = 3;
  std::vector<std::string> names;
  if (name.empty()) return names;
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line)) {
    auto function = parse_kallsyms_line(line);
    if (!function || function->name.empty() || function->name.front() != name.front()) continue;
    const size_t size = function->name.size();
    if (size <= name.size() + letters && name.size() <= size + letters)
      names.push_back(std::move(function->name));
  }
  return names;
}

}  // namespace host
