// The cases in the kernel itself: each run is a BPF_PROG_TEST_RUN of the raw tracepoint program,
// whose context the kernel copies to its own memory.
#pragma once

#include "tests/cases/engine.hpp"
#include "tests/kernel/kernel_vm.hpp"

namespace kernel_tests {

// Keeps its thread on one CPU, so that an event knows which.
class KernelEngine final : public cases::Engine {
 public:
  explicit KernelEngine(KernelVm& vm);

  std::string_view name() const override { return "kernel"; }
  void adapt(bytecode::Event& event) override;
  bytecode::Status run(const bytecode::Program& program, const bytecode::Event& event,
                       bytecode::Effects& effects) override;

 private:
  KernelVm& vm_;
  uint32_t cpu_ = 0;
  uint64_t task_ = 0, cgroup_ = 0;
};

}  // namespace kernel_tests
