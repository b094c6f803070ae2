#include "host/link.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

namespace {

constexpr int ref_counter_shift = 32;  // of perf's uprobe config: ref_ctr_offset

uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

// BPF_LINK_CREATE for uprobe.multi, which this libbpf and the headers it is built with do not know.
// The kernel takes a longer bpf_attr than its own where the rest is zero.
struct UprobeMultiLink {
  uint32_t program;
  uint32_t target;
  uint32_t attach_type;
  uint32_t flags;
  uint64_t path;
  uint64_t offsets;
  uint64_t ref_counter_offsets;
  uint64_t cookies;
  uint32_t count;
  uint32_t multi_flags;
  uint32_t pid;
  uint32_t padding;
};
static_assert(sizeof(UprobeMultiLink) == 64, "as in union bpf_attr");

}  // namespace

Result<Fd> open_probe_event(const ProbeEvent& event) {
  std::ifstream file(std::string("/sys/bus/event_source/devices/") + event.pmu + "/type");
  uint32_t type = 0;
  if (!(file >> type))
    return refusal(std::string("find the kernel's ") + event.pmu + " events", ENOENT);
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = (event.is_return ? 1 : 0) | event.semaphore << ref_counter_shift;
  attributes.config1 = address_of(event.where.c_str());
  attributes.config2 = event.offset;
  Fd opened(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!opened) return refusal("open a " + std::string(event.pmu) + " on " + event.where, errno);
  return opened;
}

Result<Link> link_perf_event(Fd event, const bpf_program* program, uint64_t cookie,
                             const std::string& what) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event = {.bpf_cookie = cookie});
  Fd link(bpf_link_create(bpf_program__fd(program), event.get(), BPF_PERF_EVENT, &options));
  if (!link || ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0)
    return refusal("attach to " + what, errno);
  return Link(std::move(link), std::move(event));
}

Result<Link> link_raw_tracepoint(const std::string& name, const bpf_program* program) {
  Fd link(bpf_raw_tracepoint_open(name.c_str(), bpf_program__fd(program)));
  if (!link) return refusal("attach to the raw tracepoint " + name, errno);
  return Link(std::move(link));
}

Result<Link> link_tracing(const bpf_program* program, const std::string& what) {
  Fd link(bpf_link_create(bpf_program__fd(program), 0, bpf_program__expected_attach_type(program),
                          nullptr));
  if (!link) return refusal("attach to " + what, errno);
  return Link(std::move(link));
}

Result<Link> link_functions(const FunctionSet& functions, const bpf_program* program) {
  const auto count = static_cast<__u32>(functions.names.size());
  std::vector<const char*> names = functions.names;
  LIBBPF_OPTS(bpf_link_create_opts, options,
              .kprobe_multi = {
                  .flags = functions.is_return ? BPF_F_KPROBE_MULTI_RETURN : 0u,
                  .cnt = count,
                  .syms = names.data(),
                  .cookies = reinterpret_cast<const __u64*>(functions.cookies.data()),
              });
  Fd link(bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_KPROBE_MULTI, &options));
  if (!link) return refusal("attach to " + std::to_string(count) + " functions at once", errno);
  return Link(std::move(link));
}

Result<Link> link_places(const PlaceSet& places, const bpf_program* program) {
  UprobeMultiLink attributes = {};
  attributes.program = static_cast<uint32_t>(bpf_program__fd(program));
  attributes.attach_type = uprobe_multi_attach_type;
  attributes.path = address_of(places.path.c_str());
  attributes.offsets = address_of(places.offsets.data());
  for (const uint64_t semaphore : places.semaphores)
    if (semaphore != 0) attributes.ref_counter_offsets = address_of(places.semaphores.data());
  attributes.cookies = address_of(places.cookies.data());
  attributes.count = static_cast<uint32_t>(places.offsets.size());
  attributes.multi_flags = places.is_return ? 1 : 0;
  Fd link(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes)));
  if (!link)
    return refusal("attach to " + std::to_string(places.offsets.size()) + " places of " +
                       places.path + " at once",
                   errno);
  return Link(std::move(link));
}

}  // namespace host
