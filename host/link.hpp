// Programs on their targets, and what holds them there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/result.hpp"
#include "host/fd.hpp"

struct bpf_program;

namespace host {

// One link of a program, to one target or to many: gone when this is. Closing it may wait for the
// kernel (Reclaimer).
class Link {
 public:
  Link() = default;
  // `event`: the perf event that a link is on, closed after it.
  explicit Link(Fd link, Fd event = {}) : event_(std::move(event)), link_(std::move(link)) {}
  Link(Link&&) = default;
  Link& operator=(Link&& other) noexcept {
    close();
    event_ = std::move(other.event_);
    link_ = std::move(other.link_);
    held_ = std::move(other.held_);
    return *this;
  }
  ~Link() { close(); }

  // Keeps a program that nothing else uses for as long as the link.
  void hold(std::shared_ptr<const void> program) { held_ = std::move(program); }
  explicit operator bool() const { return static_cast<bool>(link_); }
  void close() {
    link_.reset();
    event_.reset();
    held_.reset();
  }

 private:
  Fd event_, link_;
  std::shared_ptr<const void> held_;
};

// The kernel's perf events of kprobes and uprobes.
struct ProbeEvent {
  const char* pmu = "";  // "kprobe", "uprobe"
  std::string where;     // a function or a file
  uint64_t offset = 0;
  bool is_return = false;
  uint64_t semaphore = 0;  // uprobe: what the kernel counts up while the event is there
};
bytecode::Result<Fd> open_probe_event(const ProbeEvent& event);

// Links `program` to an open perf event; `what` words the Error.
bytecode::Result<Link> link_perf_event(Fd event, const bpf_program* program, uint64_t cookie,
                                       const std::string& what);
bytecode::Result<Link> link_raw_tracepoint(const std::string& name, const bpf_program* program);
// A program whose target was given when it was loaded.
bytecode::Result<Link> link_tracing(const bpf_program* program, const std::string& what);

// Many functions of the kernel at once (kprobe.multi).
struct FunctionSet {
  std::vector<const char*> names;
  std::vector<uint64_t> cookies;
  bool is_return = false;
};
bytecode::Result<Link> link_functions(const FunctionSet& functions, const bpf_program* program);

// Many places of one file at once (uprobe.multi). The number of its attach type, which the headers
// of older kernels lack.
constexpr uint32_t uprobe_multi_attach_type = 48;
struct PlaceSet {
  std::string path;
  std::vector<uint64_t> offsets, semaphores, cookies;
  bool is_return = false;
};
bytecode::Result<Link> link_places(const PlaceSet& places, const bpf_program* program);

}  // namespace host
