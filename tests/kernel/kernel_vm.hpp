// The interpreter loaded into this kernel, with as little host around it as its tests need: probes
// by slot, one ring buffer, keyed maps that are made when first asked for.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "bytecode/interp.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/wire.h"

struct vm;
struct vm_uprobe;
struct ring_buffer;
struct bpf_program;

namespace kernel_tests {

// What the values of a keyed map are (vm_bpf/maps.bpf.h).
enum class Family : uint8_t { counts, tallies, values };

class KernelVm {
 public:
  struct Options {
    std::vector<std::string_view> programs = {"vm_raw_tp"};
    uint32_t ring_bytes = 1 << 20;
    uint32_t map_entries = 10240;
  };

  static bytecode::Result<std::unique_ptr<KernelVm>> load(const Options& options);
  ~KernelVm();
  KernelVm(const KernelVm&) = delete;
  KernelVm& operator=(const KernelVm&) = delete;

  vm* skeleton() const { return skeleton_; }
  bpf_program* program(std::string_view name) const;

  // The code map of a slot, mapped to memory. It is made, with its own processes not hidden, when
  // first asked for. Throws std::system_error where the kernel refuses.
  vm_probe& probe(uint32_t slot);

  // Places a program in bank 0 of a slot; its maps are maps `first_map` and on of their classes.
  void place(uint32_t slot, const bytecode::Program& program, uint32_t first_map = 0);

  // Runs the raw tracepoint program (slot 0) once in this thread; 0 or -errno.
  int test_run(std::span<const uint8_t> context);

  // Rows since the last call, oldest first: header and payload.
  std::vector<std::vector<uint8_t>> take_rows();
  vm_stats stats(uint32_t slot) const;  // summed over CPUs
  void clear_stats(uint32_t slot);
  // What a keyed map holds, summed over CPUs; the map is empty afterwards.
  std::map<std::vector<uint8_t>, uint64_t> take_counts(uint8_t key_class, uint32_t slot);
  std::map<std::vector<uint8_t>, vm_tally> take_tallies(uint8_t key_class, uint32_t slot);
  uint64_t take_cell(uint32_t cell);
  vm_tally take_tally_cell(uint32_t cell);
  // Maps of closures' own.
  void put_value(uint8_t key_class, uint32_t slot, const std::vector<uint8_t>& key, uint64_t value);
  std::map<std::vector<uint8_t>, uint64_t> take_values(uint8_t key_class, uint32_t slot);
  std::map<std::array<uint32_t, 4>, uint64_t> take_faults();  // by the words of vm_fault_key
  // Scratch slots that a run owns.
  uint32_t busy_slots() const;

 private:
  KernelVm() = default;
  int keyed_map(Family family, uint8_t key_class, uint32_t slot);

  struct Code {
    int fd;
    vm_probe* probe;
  };
  Options options_;
  vm* skeleton_ = nullptr;
  vm_uprobe* uprobe_ = nullptr;  // only where asked for; on the same maps
  int ring_fd_ = -1;
  ring_buffer* ring_ = nullptr;
  std::vector<std::vector<uint8_t>> rows_;
  std::map<uint32_t, Code> codes_;
  std::map<std::tuple<Family, uint8_t, uint32_t>, int> keyed_;
};

}  // namespace kernel_tests
