#include "tests/kernel/native_engine.hpp"

int main(int argc, char** argv) {
  kernel_tests::NativeEngine engine;
  return cases::run_cases(engine, argc, argv);
}
