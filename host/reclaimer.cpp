#include "host/reclaimer.hpp"

#include <bpf/bpf.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <iterator>

#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

Result<std::unique_ptr<Reclaimer>> Reclaimer::create() {
  Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "vm_grace_one", sizeof(uint32_t), sizeof(uint32_t), 1,
                          nullptr));
  if (!inner) return refusal("create a map", errno);
  LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<__u32>(inner.get()));
  Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "vm_grace", sizeof(uint32_t),
                          sizeof(uint32_t), 1, &options));
  if (!outer) return refusal("create a map of maps", errno);
  return std::unique_ptr<Reclaimer>(new Reclaimer(std::move(inner), std::move(outer)));
}

Reclaimer::Reclaimer(Fd inner, Fd outer) : inner_(std::move(inner)), outer_(std::move(outer)) {
  // Signals are the owner's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Reclaimer::~Reclaimer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Reclaimer::release(std::vector<Link> links, std::function<void()> work,
                        std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
    const bool is_slow = !links.empty() || work;
    Job job{std::move(links), std::move(work), std::move(done)};
    if (is_slow)
      slow_.push_back(std::move(job));
    else
      quick_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Reclaimer::collect() {
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(finished_);
    under_way_ -= ready.size();
  }
  for (const auto& done : ready) done();
}

bool Reclaimer::wait() {
  {
    std::unique_lock lock(mutex_);
    if (under_way_ == 0) return false;
    finished_cv_.wait(lock, [this] { return !finished_.empty(); });
  }
  collect();
  return true;
}

void Reclaimer::grace() const {
  const uint32_t slot = 0;
  const int fd = inner_.get();
  // It allocates nothing and its arguments never change, so it cannot fail; going on without the
  // wait would let a run read code under change.
  if (bpf_map_update_elem(outer_.get(), &slot, &fd, BPF_ANY) != 0) std::abort();
}

void Reclaimer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock,
               [this] { return stop_ || !quick_.empty() || !slow_.empty() || !closed_.empty(); });
    if (!quick_.empty() || (slow_.empty() && !closed_.empty())) {
      // One wait for all that need one, also for those whose links have been closed meanwhile.
      std::vector<Job> batch;
      batch.swap(quick_);
      std::move(closed_.begin(), closed_.end(), std::back_inserter(batch));
      closed_.clear();
      lock.unlock();
      grace();
      lock.lock();
      for (Job& job : batch) finished_.push_back(std::move(job.done));
      finished_cv_.notify_all();
    } else if (!slow_.empty()) {
      // One link at a time: a swap's grace period does not queue behind a hundred of them.
      Job& job = slow_.front();
      if (!job.links.empty()) {
        Link link = std::move(job.links.back());
        job.links.pop_back();
        lock.unlock();
        link.close();
        lock.lock();
        continue;
      }
      const std::function<void()> work = std::move(job.work);
      closed_.push_back({{}, {}, std::move(job.done)});
      slow_.pop_front();
      if (!work) continue;
      lock.unlock();
      work();
      lock.lock();
    } else if (stop_) {
      return;
    }
  }
}

}  // namespace host
