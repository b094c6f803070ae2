// Stacks turned into text on a thread of their own: who drains the rows asks, goes on, and collects
// the answers later. Meeting a large program for the first time may take seconds.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "host/fd.hpp"
#include "host/stack_symbolizer.hpp"

namespace host {

class StackWorker {
 public:
  enum class Kind : uint8_t { kernel, user };
  struct Question {
    Kind kind = Kind::kernel;
    pid_t process = 0;                // of a user stack
    uint64_t time = 0;                // of a user stack: CLOCK_MONOTONIC, in nanoseconds
    std::vector<uint64_t> addresses;  // leaf first
  };
  struct Answer {
    uint64_t ticket = 0;
    Frames frames;
  };

  // Addresses that may wait. With more the worker is so far behind that numbers are the better
  // answer.
  static constexpr size_t waiting_max = 1 << 18;

  explicit StackWorker(ProcessWatch::With with);
  // Leaves unanswered what waits; ends once the stack that it is at is done.
  ~StackWorker();

  // Never waits. Tickets count from 1, in the order of the questions; so do the answers come. 0
  // where too many wait: StackSymbolizer::raw is the answer then.
  uint64_t ask(Question question);
  // What has been answered since the last time. Never waits.
  std::vector<Answer> collect();
  // Waits until all that was asked is answered, for `collect` to take.
  void wait();
  // Readable while there are answers to collect.
  int fd() const { return ready_.get(); }
  // Lets go of all symbols once what waits is answered. Without questions for half a minute it does
  // so by itself.
  void rest();

  // Questions that were refused because too many waited.
  uint64_t overruns() const { return overruns_; }
  // Its counts never make the caller wait.
  StackSymbolizer& symbolizer() { return symbolizer_; }

 private:
  struct Job {
    uint64_t ticket = 0;
    Question question;
  };
  void run();

  StackSymbolizer symbolizer_;
  Fd ready_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Job> jobs_;
  std::vector<Answer> answers_;
  size_t waiting_ = 0;  // addresses in jobs_
  uint64_t tickets_ = 0;
  std::atomic<uint64_t> overruns_ = 0;
  bool is_busy_ = false, shall_rest_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace host
