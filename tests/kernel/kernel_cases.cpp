#include "tests/kernel/kernel_engine.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  auto vm = kernel_tests::KernelVm::load({});
  if (!vm) {
    std::fprintf(stderr, "%s: %s\n", vm.error().message.c_str(), vm.error().detail.c_str());
    return 1;
  }
  kernel_tests::KernelEngine engine(**vm);
  return cases::run_cases(engine, argc, argv);
}
