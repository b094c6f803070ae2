// The kernel's interpreter as ordinary code: what the sanitizers and a debugger can look into.
#pragma once

#include "tests/cases/engine.hpp"

namespace kernel_tests {

class NativeEngine final : public cases::Engine {
 public:
  std::string_view name() const override { return "native"; }
  bytecode::Status run(const bytecode::Program& program, const bytecode::Event& event,
                       bytecode::Effects& effects) override;
};

}  // namespace kernel_tests
