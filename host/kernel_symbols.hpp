// Names for addresses of kernel code, as stacks need them: all of /proc/kallsyms as one sorted
// table.
//
// It is some MB large, so it is read at the first question and let go of by rest(). Kallsyms, in
// contrast, keeps nothing and finds addresses by names.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"

namespace host {

struct KernelSymbol {
  std::string_view name;    // until the next question to its table
  std::string_view module;  // "nf_tables", "bpf"; empty: the kernel itself
  uint64_t offset = 0;      // from the symbol's start, in bytes
};

class KernelSymbols {
 public:
  explicit KernelSymbols(std::string symbols = "/proc/kallsyms",
                         std::string modules = "/proc/modules")
      : symbols_path_(std::move(symbols)), modules_path_(std::move(modules)) {}

  // The function that `address` lies in; nothing where there is none. Reads the table where that
  // has not been done. At most once a second it is read again: where modules came or went, where an
  // address is in no symbol, or, after stale(), in one of a BPF program.
  std::optional<KernelSymbol> find(uint64_t address);
  // Whether addresses can have names: an Error where the file cannot be read or the kernel hides
  // its addresses. Reads the table where that has not been done.
  bytecode::Status readable();

  // Code came or went that no list of modules tells of: BPF programs.
  void stale() { is_stale_ = true; }
  // Lets go of the table.
  void rest();
  // The table's size in memory; 0 while there is none.
  size_t bytes() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    uint64_t address = 0;
    uint32_t name = 0;  // where in names_ it begins; `nowhere`: no symbol until the next entry
    uint16_t module = 0;
  };
  static constexpr uint32_t nowhere = UINT32_MAX;

  void load();
  void add_line(std::string_view line);
  uint16_t module_number(std::string_view name);
  void add_ends(std::string_view modules);
  // Reads the table again where that is due. `missed`: an address was in no symbol.
  bool reload(bool missed);

  std::string symbols_path_, modules_path_;
  std::vector<Entry> entries_;
  std::string names_;                 // each with a null byte behind it
  std::vector<std::string> modules_;  // the first one is the kernel, without a name
  size_t modules_hash_ = 0;
  Clock::time_point loaded_, looked_;
  bool is_loaded_ = false, is_stale_ = false;
  int error_ = 0;
};

}  // namespace host
