// Stacks asked of a thread: answers in order, never a wait, and a refusal where too many wait.
#include "host/stack_worker.hpp"
#include "host/monotonic.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace host {
namespace {

[[gnu::noipa]] int worker_leaf(int number) { return number + 1; }

StackWorker::Question own_stack() {
  StackWorker::Question question;
  question.kind = StackWorker::Kind::user;
  question.process = getpid();
  question.time = monotonic_ns();
  question.addresses = {reinterpret_cast<uint64_t>(&worker_leaf)};
  return question;
}

bool is_readable(int fd) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

TEST(StackWorker, AnswersInTheOrderOfQuestions) {
  StackWorker worker(ProcessWatch::With::proc_only);
  EXPECT_FALSE(is_readable(worker.fd()));
  EXPECT_EQ(worker.ask(own_stack()), 1u);
  StackWorker::Question kernel;
  kernel.addresses = {0x10};
  EXPECT_EQ(worker.ask(kernel), 2u);
  worker.wait();
  EXPECT_TRUE(is_readable(worker.fd()));
  auto answers = worker.collect();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_FALSE(is_readable(worker.fd()));
  EXPECT_EQ(answers[0].ticket, 1u);
  ASSERT_EQ(answers[0].frames.size(), 1u);
  EXPECT_NE(answers[0].frames[0].find("worker_leaf+0x0"), std::string::npos)
      << answers[0].frames[0];
  EXPECT_EQ(answers[1].ticket, 2u);
  EXPECT_EQ(answers[1].frames, Frames{"0x10"});
  worker.rest();
  worker.ask(own_stack());
  worker.wait();
  EXPECT_EQ(worker.collect().size(), 1u);
  EXPECT_TRUE(worker.collect().empty());
}

TEST(StackWorker, TooManyThatWaitAreRefused) {
  StackWorker worker(ProcessWatch::With::proc_only);
  StackWorker::Question large = own_stack();
  large.addresses.assign(StackWorker::waiting_max, 0x10);
  EXPECT_EQ(worker.ask(large), 0u);
  EXPECT_EQ(worker.overruns(), 1u);
  large.addresses.pop_back();
  EXPECT_EQ(worker.ask(large), 1u);
  worker.wait();
  EXPECT_EQ(worker.collect().size(), 1u);
}

TEST(StackWorker, EndsWithQuestionsLeft) {
  StackWorker worker(ProcessWatch::With::proc_only);
  for (int i = 0; i < 100; ++i) worker.ask(own_stack());
}

}  // namespace
}  // namespace host
