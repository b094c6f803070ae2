#include "host/loader.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <tuple>

#include "bytecode/wire.h"
#include "host/link.hpp"
#include "host/refusal.hpp"
#include "host/registers.hpp"
#include "vm.skel.h"
#include "vm_family.skel.h"
#include "vm_tracing.skel.h"
#include "vm_uprobe.skel.h"

namespace host {

using bytecode::Error;
using bytecode::Nothing;
using bytecode::Result;
using bytecode::Status;

namespace {

// The end of what libbpf said since the last clear. It speaks through one callback a process, on
// whatever thread.
std::mutex log_mutex;
std::string log_tail;
constexpr size_t log_bytes = 4096;

int keep_log(enum libbpf_print_level level, const char* format, va_list args) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[1024];
  const int length = std::vsnprintf(line, sizeof line, format, args);
  const std::lock_guard lock(log_mutex);
  log_tail += line;
  if (log_tail.size() > log_bytes) log_tail.erase(0, log_tail.size() - log_bytes);
  return length;
}

void clear_log() {
  libbpf_set_print(keep_log);
  const std::lock_guard lock(log_mutex);
  log_tail.clear();
}

std::string log() {
  const std::lock_guard lock(log_mutex);
  return log_tail;
}

Error no_btf(const std::string& program) {
  Error error = refusal("load the interpreter (" + program + ")", ESRCH, log());
  error.message = "this kernel does not describe itself: there is no /sys/kernel/btf/vmlinux";
  error.hint =
      "uprobes and fentry need a kernel built with CONFIG_DEBUG_INFO_BTF; tracepoints do not";
  return error;
}

bpf_map* map_of(bpf_object* object, const std::string& name) {
  bpf_map* map = bpf_object__find_map_by_name(object, name.c_str());
  assert(map != nullptr);
  return map;
}

InnerShape shape_of(bpf_map* outer) {
  const bpf_map* inner = bpf_map__inner_map(outer);
  return {bpf_map__type(inner), bpf_map__key_size(inner), bpf_map__value_size(inner),
          bpf_map__max_entries(inner), bpf_map__map_flags(inner)};
}

// The pid namespace that this process lives in: device and inode; nothing where it is the kernel's
// first, whose numbers every program sees anyway.
std::pair<uint64_t, uint64_t> pid_namespace() {
  constexpr uint64_t first = 0xeffffffc;  // PROC_PID_INIT_INO
  struct stat info = {};
  if (stat("/proc/self/ns/pid", &info) != 0 || info.st_ino == first) return {};
  return {info.st_dev, info.st_ino};
}

using Opened = std::pair<std::shared_ptr<void>, bpf_object*>;

// Opens an object by its skeleton and sets those constants that it has; null where that fails.
template <typename Skeleton>
Opened open_object(const std::vector<uint32_t>& hidden, const Constants& constants) {
  Skeleton* skeleton = Skeleton::open();
  if (skeleton == nullptr) return {};
  auto* data = skeleton->rodata;
  for (size_t i = 0; i < hidden.size() && i < std::size(data->vm_hidden); ++i)
    data->vm_hidden[i] = hidden[i];
  std::tie(data->vm_pid_namespace[0], data->vm_pid_namespace[1]) = pid_namespace();
  data->vm_fixed_cookie = constants.cookie;
  if constexpr (requires { data->vm_syscalls; }) {
    std::copy_n(constants.syscalls.begin(),
                std::min(constants.syscalls.size(), std::size(data->vm_syscalls)),
                data->vm_syscalls);
    const SyscallRegisters registers = syscall_number_registers();
    data->vm_syscall_number = registers.number;
    data->vm_native[0] = registers.mode;
    data->vm_native[1] = registers.mode_mask;
    data->vm_native[2] = registers.mode_native;
  }
  if constexpr (requires { data->vm_one_family; }) {
    data->vm_one_family = constants.family;
    data->vm_task_pid = constants.task_pid;
    data->vm_task_tgid = constants.task_tgid;
  }
  return {std::shared_ptr<void>(
              skeleton, [](void* opened) { Skeleton::destroy(static_cast<Skeleton*>(opened)); }),
          skeleton->obj};
}

// The programs: a program of an object, loaded for one way to attach it.
struct Variant {
  const char* name;
  Opened (*open)(const std::vector<uint32_t>& hidden, const Constants& constants);
  const char* program;
  uint32_t attach_type = 0;  // where it is not the section's own
};
constexpr Variant variants[] = {
    {"vm_tracepoint", open_object<vm>, "vm_tracepoint"},
    {"vm_kprobe", open_object<vm>, "vm_kprobe"},
    {"vm_kprobe_multi", open_object<vm>, "vm_kprobe", BPF_TRACE_KPROBE_MULTI},
    {"vm_perf_event", open_object<vm>, "vm_perf_event"},
    {"vm_raw_tp", open_object<vm>, "vm_raw_tp"},
    {"vm_syscall", open_object<vm>, "vm_syscall"},
    {"vm_tracepoint_end", open_object<vm>, "vm_tracepoint_end"},
    {"vm_syscall_end", open_object<vm>, "vm_syscall_end"},
    {"vm_uprobe", open_object<vm_uprobe>, "vm_uprobe"},
    {"vm_uprobe_multi", open_object<vm_uprobe>, "vm_uprobe", uprobe_multi_attach_type},
    {"vm_fentry", open_object<vm_tracing>, "vm_fentry"},
    {"vm_fexit", open_object<vm_tracing>, "vm_fexit"},
    {"vm_fork", open_object<vm_family>, "vm_fork"},
    {"vm_reap", open_object<vm_family>, "vm_reap"},
};

const Variant* find_variant(const std::string& name) {
  for (const Variant& variant : variants)
    if (variant.name == name) return &variant;
  return nullptr;
}

constexpr const char* family_names[] = {"vm_keyed_", "vm_tallies_", "vm_values_", "vm_recent_"};
static_assert(std::size(family_names) == family_count);

std::string keyed_name(size_t family, size_t key_class) {
  return family_names[family] + std::to_string(key_class);
}

}  // namespace

uint32_t possible_cpus() {
  const int count = libbpf_num_possible_cpus();
  return count > 0 ? static_cast<uint32_t>(count) : 1;
}

void Constants::add_syscall(int32_t number, uint64_t cookie_of_call) {
  assert(number >= 0 && number < VM_SYSCALLS_MAX);
  syscalls.resize(VM_SYSCALLS_MAX);
  syscalls[static_cast<size_t>(number)] = cookie_of_call;
}

Result<Fd> InnerShape::create(const char* what, uint32_t entries) const {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd fd(bpf_map_create(static_cast<bpf_map_type>(type), what, key_size, value_size,
                       entries != 0 ? entries : max_entries, &options));
  if (!fd) return refusal(std::string("create the map ") + what, errno);
  return fd;
}

Status OuterMap::insert(uint32_t slot, int inner_fd, const char* what) const {
  if (bpf_map_update_elem(fd, &slot, &inner_fd, BPF_ANY) != 0)
    return refusal(std::string("put the map ") + what + " in place", errno);
  return Nothing{};
}

Status OuterMap::insert(const std::vector<uint32_t>& slots, const std::vector<int>& inner_fds,
                        const char* what) const {
  auto count = static_cast<__u32>(slots.size());
  if (bpf_map_update_batch(fd, slots.data(), inner_fds.data(), &count, nullptr) == 0)
    return Nothing{};
  for (size_t i = 0; i < slots.size(); ++i)
    if (Status placed = insert(slots[i], inner_fds[i], what); !placed) return placed;
  return Nothing{};
}

struct Loader::Instance {
  std::shared_ptr<void> skeleton;
  bpf_program* program = nullptr;
};

Loader::Loader(std::vector<uint32_t> hidden) : hidden_(std::move(hidden)) {}
Loader::~Loader() = default;

size_t Loader::instances(const std::string& name) const {
  const auto found = instances_.find(name);
  return found == instances_.end() ? 0 : found->second.size();
}

Status Loader::start() {
  if (!maps_.empty()) return Nothing{};
  clear_log();
  const auto [skeleton, object] = open_object<vm>(hidden_, {});
  if (object == nullptr) return refusal("open the interpreter", errno, log());
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
  // The templates are gone after the load.
  code_.inner = shape_of(map_of(object, "vm_code"));
  rings_.inner = shape_of(map_of(object, "vm_rings"));
  for (size_t family = 0; family < family_count; ++family)
    for (size_t i = 0; i < VM_KEY_CLASS_COUNT; ++i)
      keyed_[family][i].inner = shape_of(map_of(object, keyed_name(family, i)));
  bpf_map__set_max_entries(map_of(object, "vm_scratch"), possible_cpus() * VM_SCRATCH_PER_CPU);
  // libbpf raises RLIMIT_MEMLOCK by itself where the kernel still charges maps to it (before 5.11).
  if (bpf_object__load(object) != 0) return refusal("make the interpreter's maps", errno, log());
  return keep_maps(object);
}

Result<const bpf_program*> Loader::program(const std::string& name, size_t instance) {
  std::vector<std::shared_ptr<Instance>>& loaded = instances_[name];
  while (loaded.size() <= instance) {
    Result<std::shared_ptr<Instance>> next = load(name, {});
    if (!next) return std::move(next).error();
    loaded.push_back(std::move(next).value());
  }
  return loaded[instance]->program;
}

Result<std::shared_ptr<const bpf_program>> Loader::load_own(const std::string& name,
                                                            const Constants& constants) {
  Result<std::shared_ptr<Instance>> loaded = load(name, constants);
  if (!loaded) return std::move(loaded).error();
  const bpf_program* program = (*loaded)->program;
  return std::shared_ptr<const bpf_program>(std::move(loaded).value(), program);
}

Result<std::shared_ptr<Loader::Instance>> Loader::load(const std::string& name,
                                                       const Constants& constants) {
  clear_log();
  const Variant* variant = find_variant(name);
  assert(variant != nullptr);
  auto instance = std::make_shared<Instance>();
  bpf_object* object = nullptr;
  std::tie(instance->skeleton, object) = variant->open(hidden_, constants);
  if (object == nullptr) return refusal("open the interpreter", errno, log());

  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const bool wanted = std::string_view(variant->program) == bpf_program__name(program);
    bpf_program__set_autoload(program, wanted);
    if (wanted) instance->program = program;
  }
  if (instance->program == nullptr) return refusal("find the program " + name, ENOENT);
  if (variant->attach_type != 0)
    bpf_program__set_expected_attach_type(instance->program,
                                          static_cast<bpf_attach_type>(variant->attach_type));
  if (!constants.function.empty() &&
      bpf_program__set_attach_target(instance->program, 0, constants.function.c_str()) != 0)
    return refusal("find " + constants.function + " in the kernel's types", errno, log());

  for (const auto& [map_name, fd] : maps_) {
    bpf_map* map = bpf_object__find_map_by_name(object, map_name.c_str());
    if (map != nullptr && bpf_map__reuse_fd(map, fd.get()) != 0)
      return refusal("share the map " + map_name, errno, log());
  }
  if (bpf_object__load(object) != 0) {
    const int error = errno;
    if (error == ESRCH && access("/sys/kernel/btf/vmlinux", F_OK) != 0) return no_btf(name);
    return refusal("load the interpreter (" + name + ")", error, log());
  }
  return instance;
}

// The object goes; what it made stays with the descriptors.
Status Loader::keep_maps(bpf_object* object) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    // Constants (.rodata) are each instance's own.
    if (bpf_map__is_internal(map)) continue;
    Fd fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3));
    if (!fd) return refusal("keep the interpreter's maps", errno);
    maps_.emplace(bpf_map__name(map), std::move(fd));
  }
  const auto descriptor = [&](const std::string& name) { return maps_.at(name).get(); };
  code_.fd = descriptor("vm_code");
  rings_.fd = descriptor("vm_rings");
  stats_ = descriptor("vm_stats");
  faults_ = descriptor("vm_faults");
  cells_ = descriptor("vm_cells");
  stacks_ = descriptor("vm_stacks");
  tally_cells_ = descriptor("vm_tally_cells");
  cell_places_ = descriptor("vm_cell_places");
  family_ = descriptor("vm_family");
  cgroups_ = descriptor("vm_cgroups");
  parked_ = descriptor("vm_parked");
  for (size_t family = 0; family < family_count; ++family)
    for (size_t i = 0; i < VM_KEY_CLASS_COUNT; ++i)
      keyed_[family][i].fd = descriptor(keyed_name(family, i));
  return Nothing{};
}

uint64_t Loader::recursion_misses(const bpf_program* program) {
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) return 0;
  return info.recursion_misses;
}

}  // namespace host
