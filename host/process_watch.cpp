#include "host/process_watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

#include "host/monotonic.hpp"
#include "host/refusal.hpp"

namespace host {

namespace {

constexpr uint64_t millisecond = 1'000'000, second = 1'000'000'000;
// How often a process is asked whether it still is the one it was.
constexpr uint64_t between_checks = 100 * millisecond;
constexpr size_t seen_max = 8192;

std::optional<std::vector<Mapping>> read_executable(pid_t process) {
  auto mappings = read_maps(process);
  if (!mappings) return std::nullopt;
  return std::move(mappings).value();
}

}  // namespace

ProcessWatch::ProcessWatch(With with) : processes_(read_executable) {
  if (with == With::proc_only) return;
  stop_ = Fd(eventfd(0, EFD_CLOEXEC));
  if (!stop_) {
    refused_ = refusal("wait for events of processes", errno);
    return;
  }
  auto band = SideBand::open();
  if (!band) {
    refused_ = std::move(band).error();
    return;
  }
  band_ = std::move(band).value();
  // Signals are the owner's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ProcessWatch::~ProcessWatch() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

// Buffers are emptied before they are full, whatever else takes its time.
void ProcessWatch::run() {
  while (true) {
    std::array<pollfd, 2> waiting = {{{stop_.get(), POLLIN, 0}, {band_->fd(), POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents == 0) continue;
    const std::lock_guard lock(mutex_);
    band_->drain(processes_);
  }
}

// Reads a process at first sight. Without a side band, or where it lost something, notices another
// program under the same number.
void ProcessWatch::look_at(pid_t process) {
  if (seen_.size() >= seen_max && !seen_.contains(process)) seen_.clear();
  const auto [entry, is_new] = seen_.try_emplace(process);
  Seen& seen = entry->second;
  const uint64_t now = monotonic_ns();
  const uint64_t lost = band_ ? band_->lost() : 0;
  const bool is_told = band_ && seen.lost == lost;
  if (!is_new && (is_told || now - seen.checked < between_checks)) return;
  if (is_new && band_ && processes_.knows(process)) {
    seen.lost = lost;
    return;
  }
  const std::optional<ProcessIdentity> identity = identify(process);
  if (is_new)
    processes_.read(process);
  else if (identity && seen.identity && *identity != *seen.identity)
    processes_.read(process, seen.checked);
  seen.checked = now;
  seen.lost = lost;
  if (identity) seen.identity = identity;
}

// False where an address lies in no mapping of a process that may have new ones.
bool ProcessWatch::find(pid_t process, uint64_t time, std::span<const uint64_t> addresses,
                        std::vector<Place>& places) const {
  places.clear();
  bool is_complete = true;
  for (const uint64_t address : addresses) {
    const uint64_t at = places.empty() ? address : address - 1;
    const ProcessTable::Found found = processes_.find(process, time, at);
    Place place;
    place.by = {process, found.parent, found.is_current};
    place.is_known = found.is_known && !found.is_empty;
    if (found.mapping != nullptr) {
      place.is_mapped = true;
      place.mapping = *found.mapping;
    } else if (found.is_current || !found.is_known) {
      is_complete = false;
    }
    places.push_back(std::move(place));
  }
  return is_complete;
}

std::vector<Place> ProcessWatch::places(pid_t process, uint64_t time,
                                        std::span<const uint64_t> addresses) {
  const std::lock_guard lock(mutex_);
  if (band_) band_->drain(processes_);
  look_at(process);
  std::vector<Place> places;
  if (find(process, time, addresses, places)) return places;
  Seen& seen = seen_[process];
  const uint64_t now = monotonic_ns();
  if (seen.missed != 0 && now - seen.missed < second) return places;
  seen.missed = now;
  if (processes_.read(process)) find(process, time, addresses, places);
  return places;
}

bool ProcessWatch::take_kernel_changed() {
  const std::lock_guard lock(mutex_);
  if (!band_) return false;
  band_->drain(processes_);
  return band_->take_kernel_changed();
}

ProcessWatch::Account ProcessWatch::account() {
  const std::lock_guard lock(mutex_);
  Account account;
  if (band_) {
    account.events = band_->events();
    account.lost = band_->lost();
  }
  account.processes = processes_.size();
  account.dropped = processes_.dropped();
  return account;
}

}  // namespace host
