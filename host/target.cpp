#include "host/target.hpp"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "host/refusal.hpp"

namespace host {

namespace {

const std::string pmu_folder = "/sys/bus/event_source/devices/";

}  // namespace

Result<const Tracefs*> Machine::tracefs() {
  if (!tracefs_) {
    Result<Tracefs> opened = Tracefs::open();
    if (!opened) return std::move(opened).error();
    tracefs_.emplace(std::move(opened).value());
  }
  return &*tracefs_;
}

bool Machine::has_kprobes() const {
  return access((pmu_folder + "kprobe/type").c_str(), F_OK) == 0;
}

void LinkEnd::operator()(bpf_link* link) const { bpf_link__destroy(link); }

const KindRecord& kind_record(Kind kind) {
  switch (kind) {
    case Kind::kprobe:
      return kprobe_kind;
    case Kind::tracepoint:
      return tracepoint_kind;
    case Kind::uprobe:
      break;
  }
  return uprobe_kind;
}

Result<Fd> open_probe_event(const char* pmu, const std::string& where, uint64_t offset) {
  std::ifstream file(pmu_folder + pmu + "/type");
  uint32_t type = 0;
  if (!(file >> type)) return refusal(std::string("find the kernel's ") + pmu + " events", ENOENT);
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config1 = reinterpret_cast<uint64_t>(where.c_str());
  attributes.config2 = offset;
  Fd event(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event) return refusal("open a " + std::string(pmu) + " on " + where, errno);
  return event;
}

Result<Link> link_perf_event(Fd event, const bpf_program* program, uint64_t cookie,
                             const std::string& what) {
  LIBBPF_OPTS(bpf_perf_event_opts, options, .bpf_cookie = cookie);
  // From here the link owns the descriptor, except where making it fails.
  Link link(bpf_program__attach_perf_event_opts(program, event.get(), &options));
  if (!link) return refusal("attach to " + what, errno);
  event.release();
  return link;
}

}  // namespace host
