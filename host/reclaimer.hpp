// Slow releases on a thread of their own: closing links (80 ms each) and waiting until no run of
// the interpreter that began earlier can still be under way.
//
// The wait is the kernel's own: an update of a map of maps returns only after an RCU grace period,
// and every run of our programs is one RCU read section. That holds on one CPU and under
// preemption, where counting or membarrier would not.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "bytecode/result.hpp"
#include "host/fd.hpp"
#include "host/link.hpp"

namespace host {

class Reclaimer {
 public:
  // Makes the map to wait on, and the thread.
  static bytecode::Result<std::unique_ptr<Reclaimer>> create();
  // Finishes everything that was asked for; `done` functions that have not run yet do not.
  ~Reclaimer();

  // On the thread: closes `links` one after another, runs `work` (which may be empty), waits for a
  // grace period. Then `done` runs where the owner calls collect or wait.
  void release(std::vector<Link> links, std::function<void()> work, std::function<void()> done);

  // Runs the `done` functions of what is finished.
  void collect();
  // Blocks until something more is finished, and runs it. False if nothing is under way.
  bool wait();
  // Blocks for a grace period: every run that has begun before is over then.
  void grace() const;

 private:
  struct Job {
    std::vector<Link> links;  // closed from the back
    std::function<void()> work;
    std::function<void()> done;
  };

  Reclaimer(Fd inner, Fd outer);
  void run();

  Fd inner_, outer_;
  std::mutex mutex_;
  std::condition_variable wake_, finished_cv_;
  std::deque<Job> slow_;     // have a link or work first
  std::vector<Job> quick_;   // need a grace period only, one for all that wait
  std::vector<Job> closed_;  // were slow, need it now; they wait for more to come
  std::vector<std::function<void()>> finished_;
  size_t under_way_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace host
