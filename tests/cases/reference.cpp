// The cases on the reference interpreter.
#include "tests/cases/engine.hpp"

namespace {

class ReferenceEngine final : public cases::Engine {
 public:
  std::string_view name() const override { return "reference"; }

  bytecode::Status run(const bytecode::Program& program, const bytecode::Event& event,
                       bytecode::Effects& effects) override {
    bytecode::run(program, event, effects);
    return bytecode::Nothing{};
  }
};

}  // namespace

int main(int argc, char** argv) {
  ReferenceEngine engine;
  return cases::run_cases(engine, argc, argv);
}
