#include <gtest/gtest.h>

#include "tests/kernel/agreement.hpp"
#include "tests/kernel/native_engine.hpp"
#include "tests/kernel/text_agreement.hpp"

TEST(Native, AgreesWithTheReference) {
  kernel_tests::NativeEngine engine;
  kernel_tests::expect_agreement(engine, 1, 3000);
}

TEST(Native, FindsInRandomTextsWhatTheReferenceFinds) {
  kernel_tests::NativeEngine engine;
  kernel_tests::expect_text_agreement(engine, 1, 2000);
}

TEST(Native, AgreesOnTheLongestTexts) {
  kernel_tests::NativeEngine engine;
  kernel_tests::expect_longest_texts(engine);
}

TEST(Native, IsNotDeceivedByEqualHashes) {
  kernel_tests::NativeEngine engine;
  kernel_tests::expect_exact_search(engine);
}
