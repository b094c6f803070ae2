#include "host/loader.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <tuple>

#include "bytecode/wire.h"
#include "host/refusal.hpp"
#include "vm.skel.h"
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
  error.hint = "uprobes need a kernel built with CONFIG_DEBUG_INFO_BTF; tracepoints do not";
  return error;
}

// Every object has every map: one header declares them all.
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

// Opens an object by its skeleton and sets its constants; null where that fails.
template <typename Skeleton>
std::pair<std::shared_ptr<void>, bpf_object*> open_object(const std::vector<uint32_t>& hidden) {
  Skeleton* skeleton = Skeleton::open();
  if (skeleton == nullptr) return {};
  for (size_t i = 0; i < hidden.size() && i < std::size(skeleton->rodata->vm_hidden); ++i)
    skeleton->rodata->vm_hidden[i] = hidden[i];
  bpf_object* object = skeleton->obj;
  return {std::shared_ptr<void>(
              skeleton, [](void* opened) { Skeleton::destroy(static_cast<Skeleton*>(opened)); }),
          object};
}

std::string keyed_name(size_t key_class) { return "vm_keyed_" + std::to_string(key_class); }

}  // namespace

uint32_t possible_cpus() {
  const int count = libbpf_num_possible_cpus();
  return count > 0 ? static_cast<uint32_t>(count) : 1;
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
  bpf_object* object = nullptr;
  const bpf_program* program = nullptr;
};

Loader::Loader(std::vector<uint32_t> hidden) : hidden_(std::move(hidden)) {}
Loader::~Loader() = default;

size_t Loader::instances(const std::string& name) const {
  const auto found = instances_.find(name);
  return found == instances_.end() ? 0 : found->second.size();
}

Result<const bpf_program*> Loader::program(const std::string& name, size_t instance) {
  std::vector<std::unique_ptr<Instance>>& loaded = instances_[name];
  while (loaded.size() <= instance) {
    Result<std::unique_ptr<Instance>> next = load(name);
    if (!next) return std::move(next).error();
    loaded.push_back(std::move(next).value());
  }
  return loaded[instance]->program;
}

Result<std::unique_ptr<Loader::Instance>> Loader::load(const std::string& name) {
  clear_log();
  auto instance = std::make_unique<Instance>();
  std::tie(instance->skeleton, instance->object) =
      name == "vm_uprobe" ? open_object<vm_uprobe>(hidden_) : open_object<vm>(hidden_);
  bpf_object* object = instance->object;
  if (object == nullptr) return refusal("open the interpreter", errno, log());

  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const bool wanted = name == bpf_program__name(program);
    bpf_program__set_autoload(program, wanted);
    if (wanted) instance->program = program;
  }
  if (instance->program == nullptr) return refusal("find the program " + name, ENOENT);

  const bool first = shared_.empty();
  if (first) {
    // The templates are gone after the load.
    code_.inner = shape_of(map_of(object, "vm_code"));
    rings_.inner = shape_of(map_of(object, "vm_rings"));
    for (size_t i = 0; i < VM_KEY_CLASS_COUNT; ++i)
      keyed_[i].inner = shape_of(map_of(object, keyed_name(i)));
    bpf_map__set_max_entries(map_of(object, "vm_scratch"), possible_cpus() * VM_SCRATCH_PER_CPU);
  }
  for (const auto& [map_name, fd] : shared_) {
    if (bpf_map__reuse_fd(map_of(object, map_name), fd) != 0)
      return refusal("share the map " + map_name, errno, log());
  }
  // libbpf raises RLIMIT_MEMLOCK by itself where the kernel still charges maps to it (before 5.11).
  if (bpf_object__load(object) != 0) {
    const int error = errno;
    if (error == ESRCH && access("/sys/kernel/btf/vmlinux", F_OK) != 0) return no_btf(name);
    return refusal("load the interpreter (" + name + ")", error, log());
  }
  if (first) keep_maps(object);
  return instance;
}

void Loader::keep_maps(bpf_object* object) {
  const auto descriptor = [&](const std::string& name) {
    return bpf_map__fd(map_of(object, name));
  };
  code_.fd = descriptor("vm_code");
  rings_.fd = descriptor("vm_rings");
  stats_ = descriptor("vm_stats");
  faults_ = descriptor("vm_faults");
  cells_ = descriptor("vm_cells");
  for (size_t i = 0; i < VM_KEY_CLASS_COUNT; ++i) keyed_[i].fd = descriptor(keyed_name(i));
  // Constants (.rodata) stay each instance's own.
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!bpf_map__is_internal(map)) shared_.emplace_back(bpf_map__name(map), bpf_map__fd(map));
  }
}

uint64_t Loader::recursion_misses(const bpf_program* program) {
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) return 0;
  return info.recursion_misses;
}

}  // namespace host
