#include "host/code_map.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

Result<CodeMap> CodeMap::create(const InnerShape& shape) {
  Result<Fd> fd = shape.create("vm_probe");
  if (!fd) return std::move(fd).error();
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t mapped = (sizeof(vm_probe) + page - 1) / page * page;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0);
  if (memory == MAP_FAILED) return refusal("map a probe's code", errno);
  return CodeMap(std::move(fd).value(), static_cast<vm_probe*>(memory), mapped);
}

CodeMap::CodeMap(CodeMap&& other) noexcept
    : fd_(std::move(other.fd_)),
      probe_(std::exchange(other.probe_, nullptr)),
      mapped_(other.mapped_),
      filters_(other.filters_) {
  std::copy(std::begin(other.free_), std::end(other.free_), std::begin(free_));
}

CodeMap::~CodeMap() {
  if (probe_ != nullptr) munmap(probe_, mapped_);
}

void CodeMap::configure(uint32_t ring, const Filters& filters) {
  mute();
  filters_ = filters.which;
  probe_->ring = ring;
  probe_->family = filters.family;
  probe_->parks = 0;
  std::fill(std::begin(probe_->pids), std::end(probe_->pids), 0);
  const size_t pids = std::min<size_t>(filters.pids.size(), VM_PIDS_MAX);
  std::copy_n(filters.pids.begin(), pids, probe_->pids);
  probe_->pid_count = static_cast<vm_u32>(pids);
  // As the kernel keeps a task's name: cut, with a NUL at the end.
  std::fill(std::begin(probe_->comm), std::end(probe_->comm), 0);
  std::copy_n(filters.comm.begin(), std::min<size_t>(filters.comm.size(), VM_COMM_BYTES - 1),
              probe_->comm);
}

void CodeMap::park() { std::atomic_ref(probe_->parks).store(1, std::memory_order_release); }

void CodeMap::listen() {
  std::atomic_ref(probe_->filters).store(filters_, std::memory_order_release);
}

void CodeMap::mute() {
  std::atomic_ref(probe_->filters).store(VM_FILTER_NOBODY, std::memory_order_release);
}

void CodeMap::settle() {
  for (uint32_t bank = 0; bank < VM_BANKS; ++bank) free_[bank] = bank != probe_->active;
}

std::optional<uint32_t> CodeMap::take_bank() {
  for (uint32_t bank = 0; bank < VM_BANKS; ++bank) {
    if (!free_[bank]) continue;
    free_[bank] = false;
    return bank;
  }
  return std::nullopt;
}

void CodeMap::write(uint32_t index, const bytecode::Program& program, uint32_t generation) {
  vm_bank& bank = probe_->banks[index];
  bank.generation = generation;
  bank.length = static_cast<vm_u32>(program.code.size());
  bank.fuel = program.fuel;
  std::copy(program.code.begin(), program.code.end(), bank.code);
  // What lies behind a program is `exit` (0): the end is safe even for a jump that went astray.
  std::memset(bank.code + program.code.size(), 0,
              sizeof bank.code - program.code.size() * sizeof(vm_insn));
  std::copy(program.pool.begin(), program.pool.end(), bank.pool);
  std::memset(bank.pool + program.pool.size(), 0, sizeof bank.pool - program.pool.size());
}

uint32_t CodeMap::flip(uint32_t bank) {
  const uint32_t old = probe_->active;
  std::atomic_ref(probe_->active).store(bank, std::memory_order_release);
  return old;
}

}  // namespace host
