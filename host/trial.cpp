#include "host/trial.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace {

// In the file's data, not in zeroed memory, which has no place in the file.
volatile uint16_t semaphore = 1;

}  // namespace

// Has a place of its own in the program, and is never called.
extern "C" [[gnu::used, gnu::noipa]] void host_trial_place() { semaphore = 1; }

namespace host::trial {

namespace {

constexpr bpf_insn set_zero = {
    .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0};
constexpr bpf_insn leave = {
    .code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

constexpr bpf_insn call_kernel(uint32_t id) {
  return {.code = BPF_JMP | BPF_CALL,
          .dst_reg = 0,
          .src_reg = BPF_PSEUDO_KFUNC_CALL,
          .off = 0,
          .imm = static_cast<__s32>(id)};
}

// A descriptor, or a negative number with errno.
Tried tried(long fd) {
  if (fd < 0) return {Fd(), errno};
  return {Fd(static_cast<int>(fd)), 0};
}

OwnPlace place_of(uintptr_t address) {
  // "55d0c8400000-55d0c8420000 r-xp 00001000 fe:00 1234    /usr/bin/nu_plugin_ebpf"
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    uint64_t start = 0, end = 0, offset = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) !=
        3)
      continue;
    if (address < start || address >= end) continue;
    const size_t path = line.find('/');
    if (path == std::string::npos) return {};
    return {line.substr(path), offset + (address - start)};
  }
  return {};
}

}  // namespace

Tried load(const Program& program) {
  const bpf_insn nothing[] = {set_zero, leave};
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(program.expected_attach);
  options.attach_btf_id = program.btf_id;
  return tried(bpf_prog_load(static_cast<bpf_prog_type>(program.type), "trial", "GPL", nothing, 2,
                             &options));
}

Tried load_preempt(uint32_t disable_id, uint32_t enable_id) {
  const bpf_insn calls[] = {call_kernel(disable_id), call_kernel(enable_id), set_zero, leave};
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  return tried(bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "trial", "GPL", calls, 4, &options));
}

bool has_helper(uint32_t program_type, uint32_t helper) {
  return libbpf_probe_bpf_helper(static_cast<bpf_prog_type>(program_type),
                                 static_cast<bpf_func_id>(helper), nullptr) == 1;
}

Tried open_perf(const PerfEvent& event) {
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.config1 = event.config1;
  attributes.config2 = event.config2;
  if (event.hz != 0) {
    attributes.freq = 1;
    attributes.sample_freq = event.hz;
  }
  return tried(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

uint32_t pmu_type(const std::string& name) {
  std::ifstream file("/sys/bus/event_source/devices/" + name + "/type");
  uint32_t type = 0;
  return file >> type ? type : 0;
}

Tried link_perf(const Fd& program, const Fd& event, uint64_t cookie) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.perf_event.bpf_cookie = cookie;
  return tried(bpf_link_create(program.get(), event.get(), BPF_PERF_EVENT, &options));
}

Tried link_raw_tracepoint(const Fd& program, const char* name) {
  return tried(bpf_raw_tracepoint_open(name, program.get()));
}

Tried link_raw_tracepoint(const Fd& program, const char* name, uint64_t cookie) {
  struct {
    uint64_t name;
    uint32_t program;
    uint32_t padding;
    uint64_t cookie;
  } attributes = {reinterpret_cast<uint64_t>(name), static_cast<uint32_t>(program.get()), 0,
                  cookie};
  return tried(syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attributes, sizeof attributes));
}

Tried link_kprobe_multi(const Fd& program, const char* function) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.kprobe_multi.syms = &function;
  options.kprobe_multi.cnt = 1;
  return tried(bpf_link_create(program.get(), 0, BPF_TRACE_KPROBE_MULTI, &options));
}

Tried link_uprobe_multi(const Fd& program, const std::string& path, uint64_t offset) {
  struct {
    uint32_t program, target, attach_type, flags;
    uint64_t path, offsets, semaphores, cookies;
    uint32_t count, multi_flags, pid, padding;
  } attributes = {};
  attributes.program = static_cast<uint32_t>(program.get());
  attributes.attach_type = attach_uprobe_multi;
  attributes.path = reinterpret_cast<uint64_t>(path.c_str());
  attributes.offsets = reinterpret_cast<uint64_t>(&offset);
  attributes.count = 1;
  return tried(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes));
}

Tried link_fentry(const Fd& program) {
  return tried(bpf_raw_tracepoint_open(nullptr, program.get()));
}

Tried fentry(const Btf& kernel) {
  const std::optional<Prototype> function = kernel.function(idle_function);
  if (!function) return {Fd(), ENOENT};
  Tried program = load(
      {.type = BPF_PROG_TYPE_TRACING, .expected_attach = BPF_TRACE_FENTRY, .btf_id = function->id});
  return program ? link_fentry(program.fd) : std::move(program);
}

OwnPlace own_function() { return place_of(reinterpret_cast<uintptr_t>(&host_trial_place)); }
OwnPlace own_semaphore() { return place_of(reinterpret_cast<uintptr_t>(&semaphore)); }
uint16_t own_semaphore_count() { return semaphore; }

}  // namespace host::trial
