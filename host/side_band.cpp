#include "host/side_band.hpp"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "host/monotonic.hpp"
#include "host/perf_events.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

namespace {

size_t page_bytes() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t mapped_bytes() { return SideBand::buffer_bytes + page_bytes(); }

perf_event_attr listening() {
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.sample_type = PERF_SAMPLE_TIME;
  attributes.sample_id_all = 1;
  attributes.mmap = 1;
  attributes.mmap2 = 1;
  attributes.comm = 1;
  attributes.comm_exec = 1;
  attributes.task = 1;
  attributes.ksymbol = 1;   // since 5.1
  attributes.build_id = 1;  // since 5.12
  attributes.use_clockid = 1;
  attributes.clockid = CLOCK_MONOTONIC;
  attributes.watermark = 1;
  attributes.wakeup_watermark = SideBand::buffer_bytes / 2;
  return attributes;
}

int open_on(const perf_event_attr& attributes, uint32_t cpu) {
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, static_cast<int>(cpu), -1,
                                  PERF_FLAG_FD_CLOEXEC));
}

// A value at an offset; 0 beyond the end.
template <typename T>
T at(std::string_view bytes, size_t offset) {
  T value = {};
  if (offset + sizeof value <= bytes.size())
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The record of a mapping as perf_event_open(2) has it, from the header on.
constexpr size_t map_address = 16, map_length = 24, map_offset = 32, map_major = 40, map_minor = 44,
                 map_inode = 48, map_build_id_size = 40, map_build_id = 44, map_name = 72;
constexpr size_t build_id_max = 20;

MapEvent map_event(std::string_view record, bool has_build_id) {
  MapEvent map;
  map.start = at<uint64_t>(record, map_address);
  map.end = map.start + at<uint64_t>(record, map_length);
  map.offset = at<uint64_t>(record, map_offset);
  if (has_build_id) {
    const size_t size = std::min<size_t>(at<uint8_t>(record, map_build_id_size), build_id_max);
    for (size_t i = 0; i < size; ++i) {
      constexpr char digits[] = "0123456789abcdef";
      const auto byte = at<uint8_t>(record, map_build_id + i);
      map.file.build_id += digits[byte >> 4];
      map.file.build_id += digits[byte & 15];
    }
  } else {
    map.file.major = at<uint32_t>(record, map_major);
    map.file.minor = at<uint32_t>(record, map_minor);
    map.file.inode = at<uint64_t>(record, map_inode);
  }
  if (record.size() > map_name) {
    const std::string_view name = record.substr(map_name, record.size() - map_name);
    map.file.path = name.substr(0, name.find('\0'));
  }
  return map;
}

}  // namespace

void SideBand::Unmap::operator()(void* memory) const { munmap(memory, mapped_bytes()); }

Result<std::unique_ptr<SideBand>> SideBand::open() {
  std::unique_ptr<SideBand> band(new SideBand);
  band->epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  if (!band->epoll_) return refusal("wait for events of processes", errno);
  perf_event_attr attributes = listening();
  for (const uint32_t cpu : online_cpus()) {
    Ring ring;
    ring.event = Fd(open_on(attributes, cpu));
    // What an older kernel does not know is left out, newest first.
    if (!ring.event && errno == EINVAL) {
      attributes.build_id = 0;
      ring.event = Fd(open_on(attributes, cpu));
    }
    if (!ring.event && errno == EINVAL) {
      attributes.ksymbol = 0;
      ring.event = Fd(open_on(attributes, cpu));
    }
    if (!ring.event) return refusal("listen to events of processes", errno);
    void* memory =
        mmap(nullptr, mapped_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, ring.event.get(), 0);
    if (memory == MAP_FAILED) return refusal("map a buffer for events of processes", errno);
    ring.memory.reset(memory);
    epoll_event wanted = {};
    wanted.events = EPOLLIN;
    if (epoll_ctl(band->epoll_.get(), EPOLL_CTL_ADD, ring.event.get(), &wanted) != 0)
      return refusal("wait for events of processes", errno);
    band->rings_.push_back(std::move(ring));
  }
  return band;
}

void SideBand::take(std::string_view record) {
  const auto header = at<perf_event_header>(record, 0);
  constexpr size_t body = sizeof header;
  if (record.size() < body + sizeof(uint64_t)) return;
  Event event;
  // Each ends in the one thing that was asked for of all.
  event.time = at<uint64_t>(record, record.size() - sizeof(uint64_t));
  const std::string_view content = record.substr(0, record.size() - sizeof(uint64_t));
  const auto word = [&](size_t index) { return at<uint32_t>(content, body + index * 4); };
  event.process = static_cast<pid_t>(word(0));
  switch (header.type) {
    case PERF_RECORD_LOST:
      lost_ += at<uint64_t>(content, body + sizeof(uint64_t));
      return;
    case PERF_RECORD_KSYMBOL:
      kernel_changed_ = true;
      return;
    case PERF_RECORD_COMM:
      if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) == 0) return;
      event.kind = Event::Kind::exec;
      break;
    case PERF_RECORD_FORK:
      event.kind = Event::Kind::fork;
      event.parent = static_cast<pid_t>(word(1));
      if (event.parent == event.process) return;  // a thread
      break;
    case PERF_RECORD_EXIT:
      event.kind = Event::Kind::end;
      if (word(0) != word(2)) return;  // a thread
      break;
    case PERF_RECORD_MMAP2:
      event.kind = Event::Kind::map;
      event.map = map_event(content, (header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID) != 0);
      break;
    default:
      return;
  }
  // The kernel's own mappings have no process.
  if (event.process <= 0) return;
  events_waiting_.push_back(std::move(event));
}

void SideBand::read(Ring& ring) {
  auto* const control = static_cast<perf_event_mmap_page*>(ring.memory.get());
  const char* const data = static_cast<const char*>(ring.memory.get()) + page_bytes();
  const uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
  uint64_t tail = control->data_tail;
  std::string record;
  const auto copy = [&](size_t size) {
    record.resize(size);
    const size_t start = tail % buffer_bytes;
    const size_t first = std::min(size, buffer_bytes - start);
    std::memcpy(record.data(), data + start, first);
    std::memcpy(record.data() + first, data, size - first);
  };
  while (head - tail >= sizeof(perf_event_header)) {
    copy(sizeof(perf_event_header));
    const size_t size = at<perf_event_header>(record, 0).size;
    if (size < sizeof(perf_event_header) || size > head - tail) {
      tail = head;
      break;
    }
    copy(size);
    take(record);
    tail += size;
  }
  __atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
}

void SideBand::drain(ProcessTable& processes) {
  // What another processor has written since is not read to its end: it waits for the next time.
  const uint64_t now = monotonic_ns();
  for (Ring& ring : rings_) read(ring);
  std::stable_sort(events_waiting_.begin(), events_waiting_.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  size_t done = 0;
  for (Event& event : events_waiting_) {
    if (event.time > now) break;
    ++done;
    switch (event.kind) {
      case Event::Kind::fork:
        processes.forked(event.process, event.parent, event.time);
        break;
      case Event::Kind::exec:
        processes.executed(event.process, event.time);
        break;
      case Event::Kind::map:
        processes.mapped(event.process, event.time, std::move(event.map));
        break;
      case Event::Kind::end:
        processes.ended(event.process, event.time);
        break;
    }
  }
  events_ += done;
  events_waiting_.erase(events_waiting_.begin(),
                        events_waiting_.begin() + static_cast<ptrdiff_t>(done));
}

}  // namespace host
