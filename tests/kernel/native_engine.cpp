// The helpers that the interpreter calls, on behalf of one run at a time: maps are standard
// containers, an event's context lies at an address that no process has.
#include "tests/kernel/native_engine.hpp"

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bytecode/isa_table.hpp"
#include "tests/kernel/native_vm.h"
#include "tests/kernel/placement.hpp"

namespace kernel_tests {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kContext = 0xffff'c900'0000'0000;
constexpr long kFault = -14, kExists = -17, kFull = -7, kMissing = -2;

// A map, or a map of maps: then a value is the address of another Map.
struct Map {
  size_t key_size = 4;
  size_t value_size = 8;
  std::map<Bytes, std::unique_ptr<uint64_t[]>> entries;
  std::map<uint32_t, void*> inner;

  Bytes key_bytes(const void* key) const {
    const auto* bytes = static_cast<const uint8_t*>(key);
    return Bytes(bytes, bytes + key_size);
  }
  uint8_t* insert(Bytes key) {
    auto value = std::make_unique<uint64_t[]>((value_size + 7) / 8);
    return reinterpret_cast<uint8_t*>((entries[std::move(key)] = std::move(value)).get());
  }
  uint8_t* insert(uint32_t key) { return insert(key_bytes(&key)); }
};

struct Machine {
  const bytecode::Event* event = nullptr;
  bytecode::Effects* effects = nullptr;
  std::map<const void*, Map> maps;
  std::list<Map> inner_maps;
  Map rows;
  const uint8_t* bank = nullptr;
  const uint8_t* run = nullptr;
  std::optional<uint32_t> random_low;
  std::span<const uint8_t> key;  // that a walk over a map has come to

  bool owns(const void* at, size_t size) const {
    const auto* bytes = static_cast<const uint8_t*>(at);
    if (!key.empty() && bytes == key.data()) return size <= key.size();
    return (bytes >= bank && bytes + size <= bank + sizeof(vm_probe)) ||
           (bytes >= run && bytes + size <= run + vm_native_run_size);
  }

  // Bytes at an address as the kernel finds them: `size`, or fewer where memory ends.
  Bytes read(const void* from, uint32_t size) const {
    const auto address = reinterpret_cast<uint64_t>(from);
    const auto* bytes = static_cast<const uint8_t*>(from);
    if (owns(from, size)) return Bytes(bytes, bytes + size);
    if (address >= kContext) {
      const Bytes& context = event->context;
      const size_t start = std::min<uint64_t>(address - kContext, context.size());
      const size_t end = std::min<uint64_t>(start + size, context.size());
      return Bytes(context.data() + start, context.data() + end);
    }
    if (!event->memory) return {};
    return event->memory(address, size).value_or(Bytes{});
  }
};

Machine* machine = nullptr;

Map& map_of(const void* address) {
  if (auto known = machine->maps.find(address); known != machine->maps.end()) return known->second;
  return *static_cast<Map*>(const_cast<void*>(address));
}

long read_bytes(void* to, uint32_t size, const void* from) {
  const Bytes bytes = machine->read(from, size);
  const bool whole = bytes.size() == size;
  if (whole)
    std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(to));
  else
    std::memset(to, 0, size);
  return whole ? 0 : kFault;
}

long read_text(void* to, uint32_t size, const void* from) {
  Bytes bytes = machine->read(from, size);
  const auto nul = std::find(bytes.begin(), bytes.end(), 0);
  if (nul == bytes.end() && bytes.size() < size) return kFault;
  if (nul == bytes.end())
    bytes.back() = 0;
  else
    bytes.erase(nul + 1, bytes.end());
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(to));
  return static_cast<long>(bytes.size());
}

}  // namespace

bytecode::Status NativeEngine::run(const bytecode::Program& program, const bytecode::Event& event,
                                   bytecode::Effects& effects) {
  Machine here;
  machine = &here;
  here.event = &event;
  here.effects = &effects;

  Map& code = here.maps[vm_native_maps.code];
  Map& probe_map = here.inner_maps.emplace_back();
  probe_map.value_size = sizeof(vm_probe);
  auto* probe = reinterpret_cast<vm_probe*>(probe_map.insert(0u));
  code.inner[0] = &probe_map;
  here.bank = reinterpret_cast<const uint8_t*>(probe);

  Map& stats = here.maps[vm_native_maps.stats];
  stats.value_size = sizeof(vm_stats);
  stats.insert(0u);
  Map& faults = here.maps[vm_native_maps.faults];
  faults.key_size = sizeof(vm_fault_key);
  here.maps[vm_native_maps.rings].inner[0] = &here.rows;

  Map& scratch = here.maps[vm_native_maps.scratch];
  scratch.value_size = vm_native_run_size;
  uint8_t* run_slot = scratch.insert(event.cpu * VM_SCRATCH_PER_CPU);
  std::memset(run_slot + sizeof(uint32_t), 0x5a, vm_native_run_size - sizeof(uint32_t));
  here.run = run_slot;

  Map& cells = here.maps[vm_native_maps.cells];
  Map& tally_cells = here.maps[vm_native_maps.tally_cells];
  tally_cells.value_size = sizeof(vm_tally);
  Map& places = here.maps[vm_native_maps.cell_places];
  places.value_size = sizeof(uint32_t);
  for (size_t i = 0; i < VM_KEY_CLASS_COUNT; ++i) {
    here.maps[vm_native_maps.keyed[i]];
    here.maps[vm_native_maps.tallies[i]];
    here.maps[vm_native_maps.values[i]];
  }
  std::vector<uint32_t> slots;
  std::vector<Map*> written;
  for (uint32_t i = 0; i < program.maps.size(); ++i) {
    const bytecode::MapSpec& spec = program.maps[i];
    const bool tally = bytecode::is_tally(spec.kind), value = spec.kind == bytecode::MapKind::value;
    slots.push_back(i);
    if (spec.key.empty() && !value) {
      (tally ? tally_cells : cells).insert(i);
      std::memcpy(places.insert(tally ? i + VM_CELLS_MAX : i), &i, sizeof i);
      written.push_back(nullptr);
      continue;
    }
    Map& map = here.inner_maps.emplace_back();
    map.key_size = bytecode::key_class_bytes(spec.key_class);
    if (tally) map.value_size = sizeof(vm_tally);
    const auto& outer = tally   ? vm_native_maps.tallies
                        : value ? vm_native_maps.values
                                : vm_native_maps.keyed;
    here.maps[outer[spec.key_class]].inner[i] = &map;
    written.push_back(&map);
  }
  for (const auto& [at, word] : effects.values)
    if (at.first < written.size()) std::memcpy(written[at.first]->insert(at.second), &word, 8);
  Map& stacks = here.maps[vm_native_maps.stacks];
  stacks.value_size = sizeof(vm_stack);
  Map& timers = here.maps[vm_native_maps.timers];
  timers.key_size = sizeof(vm_timer_key);
  timers.value_size = sizeof(vm_timer);
  for (const auto& [of, starts] : effects.timers) {
    if (starts.empty()) continue;
    const uint32_t number = timer_number(of.first);
    const vm_timer_key key = {number, of.second};
    vm_timer timer = {event.task, starts.size(), {}};
    std::copy(starts.begin(), starts.end(), timer.starts);
    std::memcpy(timers.insert(timers.key_bytes(&key)), &timer, sizeof timer);
  }
  place(program, slots, probe->banks[0]);

  vm_native_run(kContext, VM_COOKIE(0, event.site));

  for (const auto& [key, value] : faults.entries) {
    vm_fault_key where;
    std::memcpy(&where, key.data(), sizeof where);
    for (uint64_t i = 0; i < value[0]; ++i)
      effects.faults.push_back({static_cast<vm_fault>(where.kind), where.pc});
  }
  effects.values.clear();
  for (uint32_t i = 0; i < written.size(); ++i) {
    const bytecode::MapKind kind = program.maps[i].kind;
    const Map& cell = bytecode::is_tally(kind) ? tally_cells : cells;
    const auto add = [&](const Bytes& key, const uint64_t* words) {
      if (kind == bytecode::MapKind::value)
        effects.values[{i, key}] = words[0];
      else if (bytecode::is_tally(kind))
        add_tally(effects.tallies[{i, key}], *reinterpret_cast<const vm_tally*>(words));
      else
        effects.counts[{i, key}] += words[0];
    };
    if (written[i] != nullptr) {
      for (const auto& [key, words] : written[i]->entries) add(key, words.get());
      continue;
    }
    const uint64_t* words = cell.entries.at(cell.key_bytes(&i)).get();
    if (words[0] != 0) add({}, words);
  }
  effects.timers.clear();
  for (const auto& [bytes, value] : timers.entries) {
    vm_timer_key key;
    vm_timer timer;
    std::memcpy(&key, bytes.data(), sizeof key);
    std::memcpy(&timer, value.get(), sizeof timer);
    effects.timers[{timer_of_number(key.timer), key.tid}] = {timer.starts,
                                                             timer.starts + timer.depth};
  }
  machine = nullptr;
  return bytecode::Nothing{};
}

}  // namespace kernel_tests

using namespace kernel_tests;

extern "C" {

void* bpf_map_lookup_elem(void* map, const void* key) {
  Map& known = map_of(map);
  if (!known.inner.empty()) {
    uint32_t slot;
    std::memcpy(&slot, key, sizeof slot);
    const auto inner = known.inner.find(slot);
    return inner == known.inner.end() ? nullptr : inner->second;
  }
  const auto entry = known.entries.find(known.key_bytes(key));
  return entry == known.entries.end() ? nullptr : entry->second.get();
}

long bpf_map_update_elem(void* map, const void* key, const void* value, uint64_t flags) {
  constexpr size_t kEntries = 4096;
  Map& known = map_of(map);
  if (flags == BPF_NOEXIST && known.entries.contains(known.key_bytes(key))) return kExists;
  if (known.entries.size() >= kEntries) return kFull;
  std::memcpy(known.insert(known.key_bytes(key)), value, known.value_size);
  return 0;
}

long bpf_map_delete_elem(void* map, const void* key) {
  Map& known = map_of(map);
  return known.entries.erase(known.key_bytes(key)) != 0 ? 0 : kMissing;
}

long bpf_for_each_map_elem(void* map, long (*body)(void*, const void*, const void*, void*),
                           void* context, uint64_t) {
  long calls = 0;
  for (const auto& [key, value] : map_of(map).entries) {
    ++calls;
    // Where a key is, the machine lets the interpreter read.
    machine->key = {key.data(), key.size()};
    if (body(map, key.data(), value.get(), context) != 0) break;
  }
  machine->key = {};
  return calls;
}

long bpf_probe_read_kernel(void* to, uint32_t size, const void* from) {
  return read_bytes(to, size, from);
}
long bpf_probe_read_user(void* to, uint32_t size, const void* from) {
  return read_bytes(to, size, from);
}
long bpf_probe_read_kernel_str(void* to, uint32_t size, const void* from) {
  return read_text(to, size, from);
}
long bpf_probe_read_user_str(void* to, uint32_t size, const void* from) {
  // Of empty text 6.1 says 0.
  const long with_nul = read_text(to, size, from);
  return with_nul == 1 ? 0 : with_nul;
}

long bpf_loop(uint32_t turns, long (*body)(uint32_t, void*), void* context, uint64_t) {
  for (uint32_t i = 0; i < turns; ++i)
    if (body(i, context) != 0) return i + 1;
  return turns;
}

long bpf_get_stack(void*, void* to, uint32_t size, uint64_t flags) {
  const auto& event = *machine->event;
  const auto& addresses = (flags & BPF_F_USER_STACK) != 0 ? event.user_stack : event.kernel_stack;
  const size_t bytes = std::min<size_t>(size, addresses.size() * 8);
  if (bytes > 0) std::memcpy(to, addresses.data(), bytes);
  return static_cast<long>(bytes);
}

long bpf_ringbuf_output(void*, void* data, uint64_t size, uint64_t) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  machine->effects->rows.emplace_back(bytes, bytes + size);
  return 0;
}

long bpf_get_current_comm(void* to, uint32_t size) {
  const std::string& comm = machine->event->comm;
  const size_t length = std::min<size_t>(comm.size(), size - 1);
  // No more than the name and its NUL, as on 6.1.
  std::memcpy(to, comm.c_str(), length);
  static_cast<char*>(to)[length] = 0;
  return 0;
}
// No event of these cases lives in a pid namespace, and no probe of theirs asks for a group.
long bpf_get_ns_current_pid_tgid(uint64_t, uint64_t, bpf_pidns_info*, uint32_t) { return kFault; }
long bpf_current_task_under_cgroup(void*, uint32_t) { return 0; }
uint64_t bpf_get_current_pid_tgid(void) {
  return uint64_t{machine->event->pid} << 32 | machine->event->tid;
}
uint64_t bpf_get_current_uid_gid(void) {
  return uint64_t{machine->event->gid} << 32 | machine->event->uid;
}
uint64_t bpf_get_current_task(void) { return machine->event->task; }
uint64_t bpf_get_current_cgroup_id(void) { return machine->event->cgroup; }
uint64_t bpf_ktime_get_ns(void) { return machine->event->time; }
uint32_t bpf_get_smp_processor_id(void) { return machine->event->cpu; }
uint32_t bpf_get_prandom_u32(void) {
  // The halves of one of the event's numbers, the upper one first.
  if (!machine->random_low) {
    const uint64_t bits = machine->event->random ? machine->event->random() : 0;
    machine->random_low = static_cast<uint32_t>(bits);
    return static_cast<uint32_t>(bits >> 32);
  }
  const uint32_t low = *machine->random_low;
  machine->random_low.reset();
  return low;
}
}
