// A probe's code in the kernel: one mmapped value with four banks and the index of the active one
// (bytecode/wire.h). Swapping a closure is a write into an idle bank and one store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/wire.h"
#include "host/loader.hpp"

namespace host {

// Whose hits a probe shows (VM_FILTER_*).
struct Filters {
  uint32_t which = 0;
  std::vector<uint32_t> pids = {};
  std::string comm = {};
  uint32_t family = 0;
};

class CodeMap {
 public:
  static bytecode::Result<CodeMap> create(const InnerShape& shape);
  CodeMap(CodeMap&& other) noexcept;
  CodeMap& operator=(CodeMap&&) = delete;
  ~CodeMap();

  int fd() const { return fd_.get(); }

  // Whom to ask about, where rows go. Only while no run can be in this map; it stays deaf.
  void configure(uint32_t ring, const Filters& filters);
  // From now on a run that meets memory which is not there waits for its system call to end.
  // Reset by configure.
  void park();
  // From now on hits begin runs.
  void listen();
  // From now on no hit begins a run. Runs under way go on.
  void mute();

  // No run can be in this map any more: every bank but the active one is free.
  void settle();

  // A bank that no run can be in, until flip or give_back; nothing if there is none.
  std::optional<uint32_t> take_bank();
  void give_back(uint32_t bank) { free_[bank] = true; }
  // `program` as the kernel reads it: map indexes replaced by slots.
  void write(uint32_t bank, const bytecode::Program& program, uint32_t generation);
  // Makes `bank` the active one; returns the one it replaces, in which runs may still be.
  uint32_t flip(uint32_t bank);

 private:
  CodeMap(Fd fd, vm_probe* probe, size_t mapped)
      : fd_(std::move(fd)), probe_(probe), mapped_(mapped) {}

  Fd fd_;
  vm_probe* probe_ = nullptr;
  size_t mapped_ = 0;
  uint32_t filters_ = 0;  // when it listens
  bool free_[VM_BANKS] = {false, true, true, true};
};

}  // namespace host
