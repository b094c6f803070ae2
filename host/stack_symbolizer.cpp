#include "host/stack_symbolizer.hpp"

#include <malloc.h>

#include <algorithm>

#include "host/frame_names.hpp"

namespace host {

namespace {

constexpr size_t perf_maps_max = 16;

}  // namespace

Frames StackSymbolizer::raw(std::span<const uint64_t> addresses) {
  Frames frames;
  frames.reserve(addresses.size());
  for (const uint64_t address : addresses) frames.push_back(hex(address));
  return frames;
}

Frames StackSymbolizer::kernel(std::span<const uint64_t> addresses) {
  const std::lock_guard lock(mutex_);
  if (processes_.take_kernel_changed()) kernel_.stale();
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

Frames StackSymbolizer::user(pid_t process, uint64_t time, std::span<const uint64_t> addresses) {
  const std::lock_guard lock(mutex_);
  const std::vector<Place> places = processes_.places(process, time, addresses);
  Frames frames;
  for (size_t i = 0; i < places.size(); ++i) add_frames(frames, places[i], addresses[i], i != 0);
  constexpr size_t is_short = 2;
  if (!places.empty() && places.size() <= is_short) note_short_stack(places.front());
  return frames;
}

// The stack may end there rightly, as the first frames of a thread do; but where the leaf's file
// keeps no frame pointers it is likelier that it could not be followed.
void StackSymbolizer::note_short_stack(const Place& leaf) {
  if (!leaf.is_mapped || is_anonymous(leaf.mapping.file->path)) return;
  const SymbolFiles::Opened file = files_.find(leaf.mapping, leaf.by);
  if (!file.symbols || file.symbols->frame_pointers() != FramePointers::omitted) return;
  constexpr size_t files_max = 8;
  const std::lock_guard lock(note_mutex_);
  ++short_stacks_;
  if (without_frame_pointers_.size() < files_max)
    without_frame_pointers_.insert(file.symbols->shown());
}

std::string StackSymbolizer::frame_pointer_note() const {
  const std::lock_guard lock(note_mutex_);
  if (short_stacks_ == 0) return {};
  std::string files;
  for (const std::string& file : without_frame_pointers_) {
    if (!files.empty()) files += ", ";
    files += file;
  }
  const bool is_one = without_frame_pointers_.size() == 1;
  return std::to_string(short_stacks_) + (short_stacks_ == 1 ? " stack ends" : " stacks end") +
         " after one or two frames because " + files + (is_one ? " was" : " were") +
         " built without frame pointers; build " + (is_one ? "it" : "them") +
         " with -fno-omit-frame-pointer";
}

std::optional<std::string> StackSymbolizer::made_code(pid_t process, uint64_t address,
                                                      bool is_return) {
  if (perf_maps_.size() >= perf_maps_max && !perf_maps_.contains(process)) perf_maps_.clear();
  return perf_maps_.try_emplace(process, process).first->second.find(address, is_return);
}

void StackSymbolizer::add_frames(Frames& frames, const Place& place, uint64_t address,
                                 bool is_return) {
  if (!place.is_mapped) {
    count(place.is_known ? Unresolved::no_mapping : Unresolved::no_process);
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
