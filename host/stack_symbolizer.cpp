#include "host/stack_symbolizer.hpp"

#include <malloc.h>

#include <algorithm>

#include "host/frame_names.hpp"

namespace host {

namespace {

constexpr uint64_t millisecond = 1'000'000, second = 1'000'000'000;
// How often a process is asked whether it still is the one it was.
constexpr uint64_t between_checks = 100 * millisecond;
constexpr size_t seen_max = 8192, perf_maps_max = 16;

std::optional<std::vector<Mapping>> read_executable(pid_t process) {
  auto mappings = read_maps(process);
  if (!mappings) return std::nullopt;
  return std::move(mappings).value();
}

}  // namespace

StackSymbolizer::StackSymbolizer() : processes_(read_executable) {}
StackSymbolizer::~StackSymbolizer() = default;

Frames StackSymbolizer::raw(std::span<const uint64_t> addresses) {
  Frames frames;
  frames.reserve(addresses.size());
  for (const uint64_t address : addresses) frames.push_back(hex(address));
  return frames;
}

Frames StackSymbolizer::kernel(std::span<const uint64_t> addresses) {
  const std::lock_guard lock(mutex_);
  Frames frames;
  frames.reserve(addresses.size());
  for (const uint64_t address : addresses) {
    const uint64_t back = frames.empty() ? 0 : 1;
    const auto symbol = kernel_.find(address - back);
    if (!symbol) {
      count(Unresolved::kernel);
      frames.push_back(hex(address));
      continue;
    }
    std::string text(symbol->name);
    text += "+" + hex(symbol->offset + back);
    if (!symbol->module.empty()) text.append(" [").append(symbol->module).append("]");
    frames.push_back(std::move(text));
  }
  return frames;
}

// Notices another program under the same number.
void StackSymbolizer::look_at(pid_t process) {
  if (seen_.size() >= seen_max && !seen_.contains(process)) seen_.clear();
  Seen& seen = seen_[process];
  const uint64_t now = monotonic_now();
  if (seen.checked != 0 && now - seen.checked < between_checks) return;
  const std::optional<ProcessIdentity> identity = identify(process);
  if (seen.checked == 0)
    processes_.read(process);
  else if (identity && identity != seen.identity)
    processes_.read(process, seen.checked);
  seen.checked = now;
  if (identity) seen.identity = identity;
}

// False where an address lies in no mapping of a process that may have new ones.
bool StackSymbolizer::find_places(pid_t process, uint64_t time, std::span<const uint64_t> addresses,
                                  std::vector<Place>& places) {
  places.clear();
  bool is_complete = true;
  for (const uint64_t address : addresses) {
    const uint64_t at = places.empty() ? address : address - 1;
    const ProcessTable::Found found = processes_.find(process, time, at);
    Place place;
    place.by = {process, found.parent, found.is_current};
    if (found.mapping != nullptr) {
      place.is_mapped = true;
      place.mapping = *found.mapping;
    } else if (found.is_current || !found.is_known) {
      is_complete = false;
    }
    places.push_back(std::move(place));
  }
  return is_complete;
}

Frames StackSymbolizer::user(pid_t process, uint64_t time, std::span<const uint64_t> addresses) {
  const std::lock_guard lock(mutex_);
  look_at(process);
  std::vector<Place> places;
  if (!find_places(process, time, addresses, places)) {
    Seen& seen = seen_[process];
    const uint64_t now = monotonic_now();
    if (seen.missed == 0 || now - seen.missed >= second) {
      seen.missed = now;
      if (processes_.read(process)) find_places(process, time, addresses, places);
    }
  }
  Frames frames;
  for (size_t i = 0; i < places.size(); ++i) add_frames(frames, places[i], addresses[i], i != 0);
  return frames;
}

std::optional<std::string> StackSymbolizer::made_code(pid_t process, uint64_t address,
                                                      bool is_return) {
  if (perf_maps_.size() >= perf_maps_max && !perf_maps_.contains(process)) perf_maps_.clear();
  return perf_maps_.try_emplace(process, process).first->second.find(address, is_return);
}

void StackSymbolizer::add_frames(Frames& frames, const Place& place, uint64_t address,
                                 bool is_return) {
  if (!place.is_mapped) {
    count(place.by.is_current ? Unresolved::no_mapping : Unresolved::no_process);
    frames.push_back(hex(address));
    return;
  }
  const Mapping& mapping = place.mapping;
  const std::string& path = mapping.file->path;
  // Of a 32-bit process it is another one.
  const bool is_vdso = path == "[vdso]" && mapping.start >> 32 != 0;
  if (!is_vdso && is_anonymous(path)) {
    auto text = made_code(place.by.process, address, is_return);
    if (!text) count(Unresolved::no_jit_map);
    frames.push_back(text ? std::move(*text) : hex(address));
    return;
  }
  const auto shown_raw = [&](Unresolved why) {
    count(why);
    // Without the file its own numbering is not known; what a program that may lie anywhere has is
    // nearly always the offset.
    frames.push_back(hex(address - mapping.start + mapping.offset) + " [" +
                     std::string(mapping.file->base_name()) + "]");
  };
  const SymbolFiles::Opened file = files_.find(mapping, place.by);
  if (!file.symbols) return shown_raw(file.why);
  // The address itself may be the end of the mapping, where the call before it never returns.
  const uint64_t back = is_return ? 1 : 0;
  const auto own = file.symbols->address_of(address - back - mapping.start + mapping.offset);
  if (!own) return shown_raw(Unresolved::no_symbol);
  const FileFrames& found = file.symbols->frames(*own + back, is_return);
  if (!found.is_named)
    count(file.symbols->has_symbols() ? Unresolved::no_symbol : Unresolved::no_symbols);
  frames.insert(frames.end(), found.text.begin(), found.text.end());
}

UnresolvedCounts StackSymbolizer::counts() const {
  UnresolvedCounts counts = {};
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = counts_[i];
  return counts;
}

size_t StackSymbolizer::bytes() {
  const std::lock_guard lock(mutex_);
  size_t bytes = kernel_.bytes() + files_.bytes();
  for (const auto& [process, map] : perf_maps_) bytes += map.bytes();
  return bytes;
}

void StackSymbolizer::rest() {
  const std::lock_guard lock(mutex_);
  kernel_.rest();
  files_.rest();
  perf_maps_.clear();
  malloc_trim(0);
}

}  // namespace host
