// The kernel's functions by name, from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host {

struct KernelFunction {
  std::string name;
  std::string module;  // empty: the kernel itself
};

// What a line says, in the line itself.
struct KallsymsLine {
  uint64_t address = 0;  // 0 where the kernel hides it
  std::string_view name, module;
};

// Of the lines of a kallsyms file, the functions: symbol types t, T, w and W. Compilers' clones
// (`.isra.0`, `.cold`) keep their suffix.
std::optional<KallsymsLine> read_kallsyms_line(std::string_view line);
std::optional<KernelFunction> parse_kallsyms_line(std::string_view line);

class Kallsyms {
 public:
  explicit Kallsyms(std::string path = "/proc/kallsyms") : path_(std::move(path)) {}

  bool readable() const;
  // The function `name`, of `module` where that is not empty.
  std::optional<KernelFunction> find(std::string_view name, std::string_view module = {}) const;
  // From the function's start to the next symbol, in bytes; nothing where the kernel hides its
  // addresses, or where there is no such function.
  std::optional<uint64_t> length(std::string_view name, std::string_view module = {}) const;
  // Every function, in the file's order (of addresses, modules last), until `sink` returns false.
  void each(const std::function<bool(const KernelFunction&)>& sink) const;
  // Names worth comparing with a misspelt one: as long, within a few letters, and beginning alike.
  // To compare with all 100,000 would take seconds. A name may come more than once.
  std::vector<std::string> names_like(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace host
