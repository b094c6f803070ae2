#include "host/stack_worker.hpp"

#include <signal.h>
#include <sys/eventfd.h>

#include <chrono>
#include <utility>

namespace host {

namespace {

constexpr std::chrono::seconds until_rest(30);

size_t weight(const StackWorker::Question& question) { return question.addresses.size() + 1; }

}  // namespace

StackWorker::StackWorker(ProcessWatch::With with)
    : symbolizer_(with), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Signals are the owner's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

StackWorker::~StackWorker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

uint64_t StackWorker::ask(Question question) {
  uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    const size_t size = weight(question);
    if (waiting_ + size > waiting_max) {
      ++overruns_;
      return 0;
    }
    waiting_ += size;
    ticket = ++tickets_;
    jobs_.push_back({ticket, std::move(question)});
  }
  wake_.notify_one();
  return ticket;
}

std::vector<StackWorker::Answer> StackWorker::collect() {
  const std::lock_guard lock(mutex_);
  uint64_t ignored = 0;
  eventfd_read(ready_.get(), &ignored);
  return std::exchange(answers_, {});
}

void StackWorker::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return jobs_.empty() && !is_busy_; });
}

void StackWorker::rest() {
  {
    const std::lock_guard lock(mutex_);
    shall_rest_ = true;
  }
  wake_.notify_one();
}

void StackWorker::run() {
  bool has_symbols = false;
  std::unique_lock lock(mutex_);
  while (true) {
    const auto is_due = [this] { return stop_ || shall_rest_ || !jobs_.empty(); };
    if (!has_symbols)
      wake_.wait(lock, is_due);
    else if (!wake_.wait_for(lock, until_rest, is_due))
      shall_rest_ = true;
    if (stop_) return;
    if (jobs_.empty()) {
      shall_rest_ = has_symbols = false;
      lock.unlock();
      symbolizer_.rest();
      lock.lock();
      continue;
    }
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    waiting_ -= weight(job.question);
    is_busy_ = has_symbols = true;
    lock.unlock();
    Answer answer{job.ticket, {}};
    const Question& question = job.question;
    if (question.kind == Kind::kernel)
      answer.frames = symbolizer_.kernel(question.addresses);
    else
      answer.frames = symbolizer_.user(question.process, question.time, question.addresses);
    lock.lock();
    is_busy_ = false;
    answers_.push_back(std::move(answer));
    eventfd_write(ready_.get(), 1);
    if (jobs_.empty()) idle_.notify_all();
  }
}

}  // namespace host
