// The interpreter in the kernel: the objects of vm_bpf/, opened, loaded one program type at a time
// on first need, and the maps that all their programs share.
//
// Each loaded program is an instance of its object of its own, with maps that all share. A second
// instance of a type exists only where the kernel wants one (programs.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bytecode/isa.h"
#include "bytecode/result.hpp"
#include "host/fd.hpp"

struct bpf_map;
struct bpf_object;
struct bpf_program;

namespace host {

// What an inner map must have in common with its template; only max_entries may differ.
struct InnerShape {
  uint32_t type = 0;
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t max_entries = 0;
  uint32_t flags = 0;

  // `what` words the Error. 0 entries means the template's own.
  bytecode::Result<Fd> create(const char* what, uint32_t entries = 0) const;
};

// A map of maps: its descriptor and how its members are made.
struct OuterMap {
  int fd = -1;
  InnerShape inner;

  // Waits for an RCU grace period, 5 to 20 ms.
  bytecode::Status insert(uint32_t slot, int inner_fd, const char* what) const;
  // Several at once; from 6.8 on with one wait.
  bytecode::Status insert(const std::vector<uint32_t>& slots, const std::vector<int>& inner_fds,
                          const char* what) const;
};

// What the keyed maps of one kind have as values (vm_bpf/maps.bpf.h).
enum class Family : uint8_t { counts, tallies, values, recent };
constexpr size_t family_count = 4;

// What a program is told at load, and never again: for those that are loaded for one target.
struct Constants {
  uint64_t cookie = 0;
  std::string function;            // fentry, fexit: what it attaches to
  std::vector<uint64_t> syscalls;  // vm_syscall, vm_syscall_end: cookies by number
  uint32_t family = 0;             // vm_fork, vm_reap
  uint32_t task_pid = 0, task_tgid = 0;

  // `number` is below VM_SYSCALLS_MAX.
  void add_syscall(int32_t number, uint64_t cookie_of_call);
};

class Loader {
 public:
  explicit Loader(std::vector<uint32_t> hidden);
  ~Loader();

  // Makes the maps. Before anything else here.
  bytecode::Status start();
  // The N-th instance of a program, loaded if it is not.
  // Names are those of the table in loader.cpp.
  bytecode::Result<const bpf_program*> program(const std::string& name, size_t instance = 0);
  size_t instances(const std::string& name) const;
  // A program of the caller's own, unloaded with the last pointer to it and its link.
  bytecode::Result<std::shared_ptr<const bpf_program>> load_own(const std::string& name,
                                                                const Constants& constants);
  // Hits that the kernel skipped because a program was already running on that CPU.
  static uint64_t recursion_misses(const bpf_program* program);

  const OuterMap& code() const { return code_; }
  const OuterMap& rings() const { return rings_; }
  const OuterMap& keyed(Family family, uint8_t key_class) const {
    return keyed_[static_cast<size_t>(family)][key_class];
  }
  int stats() const { return stats_; }
  int faults() const { return faults_; }
  int cells() const { return cells_; }
  int tally_cells() const { return tally_cells_; }
  int cell_places() const { return cell_places_; }
  int stacks() const { return stacks_; }
  int family() const { return family_; }
  int cgroups() const { return cgroups_; }
  int parked() const { return parked_; }

 private:
  struct Instance;
  bytecode::Result<std::shared_ptr<Instance>> load(const std::string& name,
                                                   const Constants& constants);
  bytecode::Status keep_maps(bpf_object* object);

  std::vector<uint32_t> hidden_;
  std::map<std::string, std::vector<std::shared_ptr<Instance>>> instances_;
  std::map<std::string, Fd> maps_;  // that all programs share, by name
  OuterMap code_, rings_;
  OuterMap keyed_[family_count][VM_KEY_CLASS_COUNT];
  int stats_ = -1, stacks_ = -1, faults_ = -1, cells_ = -1, tally_cells_ = -1, cell_places_ = -1,
      family_ = -1, cgroups_ = -1, parked_ = -1;
};

// CPUs that may ever exist: how many values a per-CPU map hands out.
uint32_t possible_cpus();

}  // namespace host
