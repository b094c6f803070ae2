#include <gtest/gtest.h>

#include "tests/kernel/agreement.hpp"
#include "tests/kernel/native_engine.hpp"

TEST(Native, AgreesWithTheReference) {
  kernel_tests::NativeEngine engine;
  kernel_tests::expect_agreement(engine, 1, 3000);
}
