// Programs of two instructions, loaded and attached to see what this kernel takes. Everything is
// gone with its descriptor.
#pragma once

#include <cstdint>
#include <string>

#include "host/btf.hpp"
#include "host/fd.hpp"

namespace host::trial {

// What a trial gave: a descriptor, or the errno that refused it.
struct Tried {
  Fd fd;
  int error = 0;

  explicit operator bool() const { return static_cast<bool>(fd); }
};

// A program that does nothing. The types are the kernel's own numbers (BPF_PROG_TYPE_KPROBE ...).
struct Program {
  uint32_t type = 0;
  uint32_t expected_attach = 0;
  uint32_t btf_id = 0;  // of the function that fentry is for
};
Tried load(const Program& program);
// One that turns preemption off and on: kernel functions by their ids in BTF.
Tried load_preempt(uint32_t disable_id, uint32_t enable_id);
// Whether a program of this type may call a helper. libbpf asks the verifier.
bool has_helper(uint32_t program_type, uint32_t helper);

struct PerfEvent {
  uint32_t type = 0;
  uint64_t config = 0, config1 = 0, config2 = 0;
  uint64_t hz = 0;  // 0: counted, not sampled
};
Tried open_perf(const PerfEvent& event);
// The number of a PMU that perf knows by name ("kprobe"); 0 where there is none.
uint32_t pmu_type(const std::string& name);

Tried link_perf(const Fd& program, const Fd& event, uint64_t cookie);
Tried link_raw_tracepoint(const Fd& program, const char* name);
// With a cookie (6.10), which libbpf 1.1 does not know.
Tried link_raw_tracepoint(const Fd& program, const char* name, uint64_t cookie);
Tried link_kprobe_multi(const Fd& program, const char* function);
// Of kernels from 6.6 on, which libbpf 1.1 does not know.
Tried link_uprobe_multi(const Fd& program, const std::string& path, uint64_t offset);
Tried link_fentry(const Fd& program);
// Whether fentry works: loads and attaches one, to a function that only the kernel's own tests
// call.
Tried fentry(const Btf& kernel);
inline constexpr const char* idle_function = "bpf_fentry_test1";

// Attach types of newer kernels than the headers.
inline constexpr uint32_t attach_uprobe_multi = 48;

// Places of this very process that nobody else uses: a function that is never called, and a word
// that the kernel counts up while a probe with a semaphore is attached.
struct OwnPlace {
  std::string path;
  uint64_t offset = 0;  // in the file; 0: not found
};
OwnPlace own_function();
OwnPlace own_semaphore();
uint16_t own_semaphore_count();

}  // namespace host::trial
