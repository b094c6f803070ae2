// bpf-doctor: one check a feature, each by doing it. What is attached is on places that nobody
// hits.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "host/inventory.hpp"
#include "host/loader.hpp"
#include "host/refusal.hpp"
#include "host/target.hpp"
#include "host/trial.hpp"

namespace host {

namespace {

struct Seen {
  bool works = false;
  std::string detail;
  std::string advice = {};  // instead of the check's own
};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Seen seen(std::string detail) { return {true, std::move(detail)}; }

// What errno says; of a right that is missing, what to do about that.
Seen refused(const std::string& operation, int error) {
  Seen result{false, operation + ": " + std::strerror(error)};
  // Where no right is missing, what the check says of the feature is worth more.
  if ((error == EPERM || error == EACCES) && !missing_capabilities().empty())
    result.advice = refusal(operation, error).hint;
  return result;
}

// What several checks ask for: made once.
class Patient {
 public:
  Machine machine;

  // A tracepoint that is rarely hit and exists wherever tracepoints do.
  static constexpr const char* category = "sched";
  static constexpr const char* event = "sched_process_exit";

  // Loads a program of the type and links it to what `open` gives.
  template <typename Attach>
  Seen try_link(const trial::Program& kind, Attach attach) {
    const trial::Tried program = trial::load(kind);
    if (!program) return refused("load", program.error);
    const trial::Tried link = attach(program.fd);
    return link ? seen("attaches") : refused("attach", link.error);
  }

  Seen try_perf(uint32_t type, const trial::PerfEvent& wanted) {
    const trial::Tried opened = trial::open_perf(wanted);
    if (!opened) return refused("open", opened.error);
    return try_link({.type = type},
                    [&](const Fd& program) { return trial::link_perf(program, opened.fd, 1); });
  }
};

Seen bpf_syscall(Patient&) {
  const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "trial", 4, 8, 1, nullptr));
  const std::string setting = first_line("/proc/sys/kernel/unprivileged_bpf_disabled");
  const std::string who =
      setting.empty() || setting == "0" ? "" : "; only for root and CAP_BPF here";
  if (!map) {
    Seen result = refused("create a map", errno);
    result.detail += who;
    return result;
  }
  return seen("maps are created" + who);
}

Seen capabilities(Patient&) {
  const std::string missing = missing_capabilities();
  if (missing.empty()) return seen(geteuid() == 0 ? "root" : "all that tracing needs");
  return {false, "missing: " + missing};
}

Seen interpreter(Patient&) {
  Loader loader({});
  if (const Status started = loader.start(); !started)
    return {false, started.error().message, started.error().hint};
  std::string detail;
  for (const char* name : {"vm_tracepoint", "vm_uprobe"}) {
    const Result<const bpf_program*> loaded = loader.program(name);
    if (!loaded)
      return {false, std::string(name) + ": " + loaded.error().message, loaded.error().hint};
    detail += (detail.empty() ? "" : " and ") + std::string(name);
  }
  return seen(detail + " load");
}

template <uint32_t Type, uint32_t Helper>
Seen helper(Patient&) {
  if (trial::has_helper(Type, Helper)) return seen("loads");
  return {false, "the verifier refuses it"};
}

Seen ring_buffer(Patient&) {
  const Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "trial", 0, 0,
                               static_cast<uint32_t>(sysconf(_SC_PAGESIZE)), nullptr));
  return ring ? seen("is created") : refused("create", errno);
}

Seen tracefs(Patient& patient) {
  const auto opened = patient.machine.tracefs();
  if (!opened) return {false, opened.error().message, opened.error().hint};
  const bool mounted = access("/sys/kernel/tracing/events", F_OK) == 0 ||
                       access("/sys/kernel/debug/tracing/events", F_OK) == 0;
  return seen(mounted ? "is mounted" : "not mounted; read through a mount of the plugin's own");
}

Seen kernel_types(Patient& patient) {
  const auto types = patient.machine.btf();
  if (!types) return {false, types.error().message};
  const uint32_t count = (*types)->type_count();
  if (count == 0) return {false, "/sys/kernel/btf/vmlinux cannot be parsed"};
  return seen(std::to_string(count) + " types");
}

Seen tracepoint(Patient& patient) {
  const auto tracefs = patient.machine.tracefs();
  if (!tracefs) return {false, tracefs.error().message, tracefs.error().hint};
  const auto format = (*tracefs)->format(Patient::category, Patient::event);
  if (!format) return {false, format.error().message};
  return patient.try_perf(BPF_PROG_TYPE_TRACEPOINT,
                          {.type = PERF_TYPE_TRACEPOINT, .config = format->id});
}

Seen raw_tracepoint(Patient& patient) {
  return patient.try_link({.type = BPF_PROG_TYPE_RAW_TRACEPOINT}, [](const Fd& program) {
    return trial::link_raw_tracepoint(program, Patient::event);
  });
}

Seen raw_tracepoint_cookie(Patient& patient) {
  if (!trial::has_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_get_attach_cookie))
    return {false, "a program cannot read it"};
  return patient.try_link({.type = BPF_PROG_TYPE_RAW_TRACEPOINT}, [](const Fd& program) {
    return trial::link_raw_tracepoint(program, Patient::event, 1);
  });
}

Seen kprobe(Patient& patient) {
  const uint32_t type = trial::pmu_type("kprobe");
  if (type == 0) return {false, "CONFIG_KPROBES is off"};
  return patient.try_perf(
      BPF_PROG_TYPE_KPROBE,
      {.type = type, .config1 = reinterpret_cast<uint64_t>(trial::idle_function)});
}

Seen kprobe_multi(Patient& patient) {
  return patient.try_link(
      {.type = BPF_PROG_TYPE_KPROBE, .expected_attach = BPF_TRACE_KPROBE_MULTI},
      [](const Fd& program) { return trial::link_kprobe_multi(program, trial::idle_function); });
}

Seen fentry(Patient& patient) {
  const auto types = patient.machine.btf();
  if (!types) return {false, types.error().message};
  const trial::Tried link = trial::fentry(**types);
  return link ? seen("attaches") : refused("attach to a function", link.error);
}

Seen uprobe(Patient& patient) {
  const uint32_t type = trial::pmu_type("uprobe");
  if (type == 0) return {false, "CONFIG_UPROBES is off"};
  const trial::OwnPlace place = trial::own_function();
  return patient.try_perf(BPF_PROG_TYPE_KPROBE,
                          {.type = type,
                           .config1 = reinterpret_cast<uint64_t>(place.path.c_str()),
                           .config2 = place.offset});
}

Seen uprobe_multi(Patient& patient) {
  const trial::OwnPlace place = trial::own_function();
  return patient.try_link(
      {.type = BPF_PROG_TYPE_KPROBE, .expected_attach = trial::attach_uprobe_multi},
      [&](const Fd& program) {
        return trial::link_uprobe_multi(program, place.path, place.offset);
      });
}

Seen semaphore(Patient&) {
  const uint32_t type = trial::pmu_type("uprobe");
  if (type == 0) return {false, "CONFIG_UPROBES is off"};
  const trial::OwnPlace place = trial::own_function(), word = trial::own_semaphore();
  if (word.offset == 0) return {false, "this program's data lie in no file"};
  const uint16_t before = trial::own_semaphore_count();
  const trial::Tried opened =
      trial::open_perf({.type = type,
                        .config = word.offset << 32,
                        .config1 = reinterpret_cast<uint64_t>(place.path.c_str()),
                        .config2 = place.offset});
  if (!opened) return refused("open", opened.error);
  if (trial::own_semaphore_count() == before + 1) return seen("is counted up");
  return {false, "the kernel does not count it up"};
}

Seen perf_software(Patient& patient) {
  return patient.try_perf(BPF_PROG_TYPE_PERF_EVENT,
                          {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .hz = 1});
}

Seen perf_hardware(Patient& patient) {
  return patient.try_perf(
      BPF_PROG_TYPE_PERF_EVENT,
      {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES, .hz = 1});
}

Seen preempt(Patient& patient) {
  const auto types = patient.machine.btf();
  if (!types) return {false, types.error().message};
  const auto disable = (*types)->function("bpf_preempt_disable");
  const auto enable = (*types)->function("bpf_preempt_enable");
  if (!disable || !enable) return {false, "the kernel has no such function"};
  const trial::Tried program = trial::load_preempt(disable->id, enable->id);
  return program ? seen("loads") : refused("load", program.error);
}

// In a child, whose limit is none of ours: before 5.11 maps were charged to it.
Seen locked_memory(Patient&) {
  const pid_t child = fork();
  if (child < 0) return refused("fork", errno);
  if (child == 0) {
    const rlimit none = {0, RLIM_INFINITY};
    rlimit old = {};
    getrlimit(RLIMIT_MEMLOCK, &old);
    const rlimit zero = {0, old.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &zero);
    if (bpf_map_create(BPF_MAP_TYPE_ARRAY, "trial", 4, 8, 1, nullptr) >= 0) _exit(0);
    _exit(setrlimit(RLIMIT_MEMLOCK, &none) == 0 ? 1 : 2);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int answer = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
  if (answer == 0) return seen("maps are not charged to it");
  if (answer == 1) return seen("can be raised");
  return {false, "maps are charged to it, and it cannot be raised"};
}

Seen lockdown(Patient&) {
  const std::string mode = first_line("/sys/kernel/security/lockdown");
  const std::string told = mode.empty() ? "" : "; lockdown: " + mode;
  if (trial::has_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_probe_read_kernel))
    return seen("can be read" + told);
  return {false, "cannot be read" + told};
}

Seen kernel_addresses(Patient&) {
  std::ifstream file("/proc/kallsyms");
  std::string line;
  while (std::getline(file, line)) {
    const size_t digits = line.find_first_not_of('0');
    if (digits < line.find(' ')) return seen("are shown");
  }
  return {false,
          "all zero; kernel.kptr_restrict is " + first_line("/proc/sys/kernel/kptr_restrict")};
}

Seen cgroup(Patient&) {
  std::ifstream mounts("/proc/self/mounts");
  std::string source, folder, type, rest;
  while (mounts >> source >> folder >> type && std::getline(mounts, rest)) {
    if (type != "cgroup2") continue;
    const Fd map(bpf_map_create(BPF_MAP_TYPE_CGROUP_ARRAY, "trial", 4, 4, 1, nullptr));
    if (!map) return refused("create a map of control groups", errno);
    return seen("mounted at " + folder);
  }
  return {false, "no cgroup2 is mounted"};
}

Seen compiler(Patient&) {
  const trial::Tried program = trial::load({.type = BPF_PROG_TYPE_TRACEPOINT});
  if (!program) return refused("load", program.error);
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(program.fd.get(), &info, &size) != 0)
    return refused("ask about a program", errno);
  if (info.jited_prog_len != 0) return seen("programs run as machine code");
  return {false, "programs are interpreted"};
}

Seen statistics(Patient&) {
  const Fd held(bpf_enable_stats(BPF_STATS_RUN_TIME));
  return held ? seen("can be switched on") : refused("switch on", errno);
}

struct Check {
  const char* feature;
  Seen (*look)(Patient& patient);
  const char* advice;  // where it does not work, and nothing better is known
};

constexpr Check checks[] = {
    {"bpf", bpf_syscall, "run nu as root; the kernel needs CONFIG_BPF_SYSCALL"},
    {"capabilities", capabilities,
     "run nu as root, or give them to the plugin's file: setcap "
     "cap_bpf,cap_perfmon,cap_dac_read_search,cap_sys_admin+ep nu_plugin_ebpf"},
    {"interpreter", interpreter,
     "nothing can be attached without it; a kernel from 6.1 on has all "
     "that it needs"},
    {"bpf_loop", helper<BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_loop>,
     "closures run only on kernels that have it, from 5.17 on"},
    {"ring buffer", ring_buffer, "rows need it: kernels from 5.8 on have it"},
    {"jit", compiler, "closures run several times slower: sysctl net.core.bpf_jit_enable=1"},
    {"memlock", locked_memory, "raise it: ulimit -l unlimited"},
    {"btf", kernel_types,
     "arguments have no names or types: name a BTF file with --btf, or use a kernel with "
     "CONFIG_DEBUG_INFO_BTF"},
    {"tracefs", tracefs, "mount it: mount -t tracefs tracefs /sys/kernel/tracing"},
    {"kernel memory", lockdown,
     "strings and structures of the kernel read as null: boot with lockdown=integrity or none"},
    {"kallsyms", kernel_addresses,
     "kernel stacks have no names: run nu as root, or sysctl kernel.kptr_restrict=0"},
    {"cgroup", cgroup, "--cgroup needs it: mount -t cgroup2 none /sys/fs/cgroup/unified"},
    {"tracepoint", tracepoint, "a kernel with CONFIG_BPF_EVENTS and CONFIG_TRACING has them"},
    {"raw-tracepoint", raw_tracepoint, "use bpf-tracepoint"},
    {"raw-tracepoint cookie", raw_tracepoint_cookie,
     "each raw tracepoint takes a program of its own; kernels from 6.10 on share one"},
    {"kprobe", kprobe,
     "syscalls work by their names, through tracepoints; other functions need CONFIG_KPROBES"},
    {"kprobe.multi", kprobe_multi,
     "many functions attach one by one, which is slower; it needs 5.18 and CONFIG_FPROBE"},
    {"fentry", fentry,
     "use bpf-kprobe; fentry needs CONFIG_DEBUG_INFO_BTF and CONFIG_FUNCTION_TRACER"},
    {"uprobe", uprobe, "programs can be probed only with CONFIG_UPROBE_EVENTS"},
    {"uprobe.multi", uprobe_multi,
     "many places attach one by one, which is slower; kernels from 6.6 on have it"},
    {"usdt semaphore", semaphore,
     "USDT probes that a program switches on by a semaphore stay silent; kernels from 4.20 on "
     "count it"},
    {"perf software", perf_software, "bpf-perf and bpf-interval need CONFIG_PERF_EVENTS"},
    {"perf hardware", perf_hardware,
     "bpf-perf cpu-clock samples without counters; virtual machines often have none"},
    {"preempt off", preempt,
     "a uprobe closure that is preempted may be skipped on that CPU; kernels from 6.10 on keep it "
     "from that"},
    {"statistics", statistics, "the time that closures take cannot be measured"},
};

}  // namespace

std::vector<Finding> examine() {
  Patient patient;
  std::vector<Finding> findings;
  for (const Check& check : checks) {
    Seen result = check.look(patient);
    Finding finding;
    finding.feature = check.feature;
    finding.works = result.works;
    finding.detail = std::move(result.detail);
    if (!result.works)
      finding.advice = result.advice.empty() ? check.advice : std::move(result.advice);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace host
