#include "tests/kernel/kernel_vm.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <system_error>

#include "bytecode/isa_table.hpp"
#include "tests/kernel/placement.hpp"
#include "vm.skel.h"
#include "vm_uprobe.skel.h"

namespace kernel_tests {
namespace {

bytecode::Error refused(const std::string& what, int error) {
  bytecode::Error result;
  result.kind = bytecode::ErrorKind::system;
  result.message = what;
  result.detail = std::strerror(error < 0 ? -error : error);
  return result;
}

int need(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void insert(const bpf_map* outer, uint32_t slot, int inner) {
  need(bpf_map_update_elem(bpf_map__fd(outer), &slot, &inner, BPF_ANY), "insert an inner map");
}

const bpf_map* outer_map(const vm* skeleton, Family family, uint8_t key_class) {
  const bpf_map* outer[][3] = {
#define VM_MAP(index, bytes)                                           \
  {skeleton->maps.vm_keyed_##index, skeleton->maps.vm_tallies_##index, \
   skeleton->maps.vm_values_##index},
      VM_KEY_CLASSES(VM_MAP)
#undef VM_MAP
  };
  return outer[key_class][static_cast<size_t>(family)];
}

uint64_t sum(const std::vector<uint64_t>& values) {
  uint64_t total = 0;
  for (uint64_t value : values) total += value;
  return total;
}

// Reads each entry into `value`, tells of its key, and deletes it.
void take_all(int fd, uint8_t key_class, void* value,
              const std::function<void(const std::vector<uint8_t>& key)>& sink) {
  std::vector<uint8_t> key(bytecode::key_class_bytes(key_class));
  while (bpf_map_get_next_key(fd, nullptr, key.data()) == 0) {
    need(bpf_map_lookup_elem(fd, key.data(), value), "read an entry");
    sink(key);
    need(bpf_map_delete_elem(fd, key.data()), "delete an entry");
  }
}

int take_row(void* context, void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  static_cast<std::vector<std::vector<uint8_t>>*>(context)->emplace_back(bytes, bytes + size);
  return 0;
}

}  // namespace

bytecode::Result<std::unique_ptr<KernelVm>> KernelVm::load(const Options& options) {
  std::unique_ptr<KernelVm> self(new KernelVm);
  self->options_ = options;
  self->skeleton_ = vm__open();
  if (self->skeleton_ == nullptr) return refused("the object does not open", errno);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, self->skeleton_->obj) {
    const std::string_view name = bpf_program__name(program);
    const auto& wanted = options.programs;
    bpf_program__set_autoload(program, std::ranges::find(wanted, name) != wanted.end());
  }
  const int cpus = libbpf_num_possible_cpus();
  bpf_map__set_max_entries(self->skeleton_->maps.vm_scratch,
                           static_cast<uint32_t>(cpus) * VM_SCRATCH_PER_CPU);
  if (const int error = vm__load(self->skeleton_); error != 0)
    return refused("the interpreter does not load", error);
  if (std::ranges::find(options.programs, "vm_uprobe") != options.programs.end()) {
    self->uprobe_ = vm_uprobe__open();
    if (self->uprobe_ == nullptr) return refused("the uprobe object does not open", errno);
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, self->uprobe_->obj) {
      if (bpf_map__is_internal(map)) continue;
      const int fd = bpf_object__find_map_fd_by_name(self->skeleton_->obj, bpf_map__name(map));
      if (bpf_map__reuse_fd(map, fd) != 0) return refused("maps are not shared", errno);
    }
    if (const int error = vm_uprobe__load(self->uprobe_); error != 0)
      return refused("the uprobe program does not load", error);
  }

  // Each cell in its own place.
  for (uint32_t cell = 0; cell < 2 * VM_CELLS_MAX; ++cell) {
    const uint32_t place = cell % VM_CELLS_MAX;
    need(bpf_map_update_elem(bpf_map__fd(self->skeleton_->maps.vm_cell_places), &cell, &place,
                             BPF_ANY),
         "place a cell");
  }

  self->ring_fd_ =
      bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vm_ring", 0, 0, options.ring_bytes, nullptr);
  if (self->ring_fd_ < 0) return refused("no ring buffer", errno);
  insert(self->skeleton_->maps.vm_rings, 0, self->ring_fd_);
  self->ring_ = ring_buffer__new(self->ring_fd_, take_row, &self->rows_, nullptr);
  if (self->ring_ == nullptr) return refused("no reader of the ring buffer", errno);
  return self;
}

KernelVm::~KernelVm() {
  ring_buffer__free(ring_);
  if (ring_fd_ >= 0) close(ring_fd_);
  for (const auto& [slot, code] : codes_) {
    munmap(code.probe, sizeof(vm_probe));
    close(code.fd);
  }
  for (const auto& [where, fd] : keyed_) close(fd);
  vm_uprobe__destroy(uprobe_);
  vm__destroy(skeleton_);
}

bpf_program* KernelVm::program(std::string_view name) const {
  const bpf_object* object = name == "vm_uprobe" ? uprobe_->obj : skeleton_->obj;
  return bpf_object__find_program_by_name(object, std::string(name).c_str());
}

vm_probe& KernelVm::probe(uint32_t slot) {
  if (auto known = codes_.find(slot); known != codes_.end()) return *known->second.probe;
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
  const int fd = need(
      bpf_map_create(BPF_MAP_TYPE_ARRAY, "vm_probe", sizeof slot, sizeof(vm_probe), 1, &options),
      "create a code map");
  void* memory = mmap(nullptr, sizeof(vm_probe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  auto* probe = static_cast<vm_probe*>(memory);
  codes_[slot] = {fd, probe};
  insert(skeleton_->maps.vm_code, slot, fd);
  return *probe;
}

Family family_of(bytecode::MapKind kind) {
  if (kind == bytecode::MapKind::value) return Family::values;
  return bytecode::is_tally(kind) ? Family::tallies : Family::counts;
}

int KernelVm::keyed_map(Family family, uint8_t key_class, uint32_t slot) {
  int& fd = keyed_.try_emplace({family, key_class, slot}, -1).first->second;
  if (fd >= 0) return fd;
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
  fd = need(bpf_map_create(family == Family::values ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_PERCPU_HASH,
                           "vm_map", bytecode::key_class_bytes(key_class),
                           family == Family::tallies ? sizeof(vm_tally) : sizeof(uint64_t),
                           options_.map_entries, &options),
            "create a keyed map");
  insert(outer_map(skeleton_, family, key_class), slot, fd);
  return fd;
}

void KernelVm::place(uint32_t slot, const bytecode::Program& program, uint32_t first_map) {
  std::vector<uint32_t> slots;
  for (uint32_t i = 0; i < program.maps.size(); ++i) {
    slots.push_back(first_map + i);
    const bytecode::MapSpec& map = program.maps[i];
    const Family family = family_of(map.kind);
    if (!map.key.empty() || family == Family::values)
      keyed_map(family, map.key_class, slots.back());
  }
  kernel_tests::place(program, slots, probe(slot).banks[0]);
}

int KernelVm::test_run(std::span<const uint8_t> context) {
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context.empty() ? nullptr : context.data(),
              .ctx_size_in = static_cast<uint32_t>(context.size()));
  return bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.vm_raw_tp), &options);
}

std::vector<std::vector<uint8_t>> KernelVm::take_rows() {
  need(ring_buffer__consume(ring_), "read the ring buffer");
  return std::exchange(rows_, {});
}

vm_stats KernelVm::stats(uint32_t slot) const {
  std::vector<vm_stats> values(static_cast<size_t>(libbpf_num_possible_cpus()));
  need(bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.vm_stats), &slot, values.data()), "stats");
  vm_stats total{};
  for (const vm_stats& value : values) {
    total.hits += value.hits;
    total.rows += value.rows;
    total.lost += value.lost;
    total.skipped += value.skipped;
    for (uint32_t kind = 0; kind < VM_FAULTS; ++kind) total.faults[kind] += value.faults[kind];
  }
  return total;
}

void KernelVm::clear_stats(uint32_t slot) {
  const std::vector<vm_stats> zeros(static_cast<size_t>(libbpf_num_possible_cpus()));
  need(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.vm_stats), &slot, zeros.data(), BPF_ANY),
       "clear stats");
}

std::map<std::vector<uint8_t>, uint64_t> KernelVm::take_counts(uint8_t key_class, uint32_t slot) {
  std::map<std::vector<uint8_t>, uint64_t> counts;
  std::vector<uint64_t> values(static_cast<size_t>(libbpf_num_possible_cpus()));
  take_all(keyed_map(Family::counts, key_class, slot), key_class, values.data(),
           [&](const std::vector<uint8_t>& key) { counts[key] = sum(values); });
  return counts;
}

std::map<std::vector<uint8_t>, vm_tally> KernelVm::take_tallies(uint8_t key_class, uint32_t slot) {
  std::map<std::vector<uint8_t>, vm_tally> tallies;
  std::vector<vm_tally> parts(static_cast<size_t>(libbpf_num_possible_cpus()));
  take_all(keyed_map(Family::tallies, key_class, slot), key_class, parts.data(),
           [&](const std::vector<uint8_t>& key) {
             for (const vm_tally& part : parts) add_tally(tallies[key], part);
           });
  return tallies;
}

vm_tally KernelVm::take_tally_cell(uint32_t cell) {
  const int fd = bpf_map__fd(skeleton_->maps.vm_tally_cells);
  std::vector<vm_tally> parts(static_cast<size_t>(libbpf_num_possible_cpus()));
  need(bpf_map_lookup_elem(fd, &cell, parts.data()), "a tally");
  vm_tally total{};
  for (const vm_tally& part : parts) add_tally(total, part);
  std::ranges::fill(parts, vm_tally{});
  need(bpf_map_update_elem(fd, &cell, parts.data(), BPF_ANY), "clear a tally");
  return total;
}

void KernelVm::put_value(uint8_t key_class, uint32_t slot, const std::vector<uint8_t>& key,
                         uint64_t value) {
  need(bpf_map_update_elem(keyed_map(Family::values, key_class, slot), key.data(), &value, BPF_ANY),
       "a value");
}

std::map<std::vector<uint8_t>, uint64_t> KernelVm::take_values(uint8_t key_class, uint32_t slot) {
  std::map<std::vector<uint8_t>, uint64_t> values;
  uint64_t value = 0;
  take_all(keyed_map(Family::values, key_class, slot), key_class, &value,
           [&](const std::vector<uint8_t>& key) { values[key] = value; });
  return values;
}

uint64_t KernelVm::take_cell(uint32_t cell) {
  const int fd = bpf_map__fd(skeleton_->maps.vm_cells);
  std::vector<uint64_t> values(static_cast<size_t>(libbpf_num_possible_cpus()));
  need(bpf_map_lookup_elem(fd, &cell, values.data()), "a cell");
  const uint64_t total = sum(values);
  std::ranges::fill(values, 0);
  need(bpf_map_update_elem(fd, &cell, values.data(), BPF_ANY), "clear a cell");
  return total;
}

std::map<std::array<uint32_t, 4>, uint64_t> KernelVm::take_faults() {
  const int fd = bpf_map__fd(skeleton_->maps.vm_faults);
  std::map<std::array<uint32_t, 4>, uint64_t> faults;
  std::array<uint32_t, 4> key;
  while (bpf_map_get_next_key(fd, nullptr, &key) == 0) {
    need(bpf_map_lookup_elem(fd, &key, &faults[key]), "a fault");
    need(bpf_map_delete_elem(fd, &key), "delete a fault");
  }
  return faults;
}

uint32_t KernelVm::busy_slots() const {
  const bpf_map* scratch = skeleton_->maps.vm_scratch;
  std::vector<uint8_t> run(bpf_map__value_size(scratch));
  uint32_t busy = 0;
  for (uint32_t slot = 0; slot < bpf_map__max_entries(scratch); ++slot) {
    need(bpf_map_lookup_elem(bpf_map__fd(scratch), &slot, run.data()), "a scratch slot");
    uint32_t first;
    std::memcpy(&first, run.data(), sizeof first);
    busy += first;
  }
  return busy;
}

}  // namespace kernel_tests
