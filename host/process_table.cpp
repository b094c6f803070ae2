#include "host/process_table.hpp"
#include "host/monotonic.hpp"

#include <algorithm>
#include <utility>

namespace host {

namespace {

std::string key_of(const MappedFile& file) {
  return file.path + '\0' + file.build_id + '\0' + std::to_string(file.major) + ':' +
         std::to_string(file.minor) + ':' + std::to_string(file.inode) +
         (file.is_deleted ? "-" : "");
}

}  // namespace

std::shared_ptr<const MappedFile> ProcessTable::shared(MappedFile file) {
  std::weak_ptr<const MappedFile>& slot = files_[key_of(file)];
  if (auto known = slot.lock()) return known;
  auto made = std::make_shared<const MappedFile>(std::move(file));
  slot = made;
  constexpr size_t few = 256;
  if (files_.size() > std::max(few, 2 * files_swept_)) {
    std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
    files_swept_ = files_.size();
  }
  return made;
}

ProcessTable::Mappings& ProcessTable::own(Image& image) {
  if (!image.mappings)
    image.mappings = std::make_shared<Mappings>();
  else if (image.mappings.use_count() > 1)
    image.mappings = std::make_shared<Mappings>(*image.mappings);
  return *image.mappings;
}

void ProcessTable::add_image(Process& process, Image image) {
  process.images.push_back(std::move(image));
  if (process.images.size() <= bounds_.images) return;
  process.images.erase(process.images.begin());
  ++dropped_.images;
}

ProcessTable::Process& ProcessTable::known(pid_t process) {
  if (const auto entry = processes_.find(process); entry != processes_.end()) return entry->second;
  keep_bounds();
  read(process);
  return processes_.at(process);
}

void ProcessTable::forked(pid_t process, pid_t parent, uint64_t time) {
  keep_bounds();
  Image image;
  image.mappings = known(parent).images.back().mappings;
  image.since = time;
  Process& child = processes_[process];
  child.parent = parent;
  child.ended_at = 0;  // its number may have been another process's
  add_image(child, std::move(image));
}

void ProcessTable::executed(pid_t process, uint64_t time) {
  Process& known_one = known(process);
  Image image;
  image.since = time;
  Image& before = known_one.images.back();
  if (before.read_at > time) {
    // What was read is already the new program.
    image.read_at = std::exchange(before.read_at, 0);
    image.mappings = std::exchange(before.mappings, nullptr);
  }
  add_image(known_one, std::move(image));
}

void ProcessTable::mapped(pid_t process, uint64_t time, MapEvent event) {
  Image& image = known(process).images.back();
  Mapping mapping;
  mapping.start = event.start;
  mapping.end = event.end;
  mapping.offset = event.offset;
  mapping.since = time;
  mapping.file = shared(std::move(event.file));
  Mappings& mappings = own(image);
  if (mappings.size() >= bounds_.mappings) {
    // First what the new one hides, as of code that is made again and again in one place.
    const size_t before = mappings.size();
    std::erase_if(mappings, [&](const Mapping& old) {
      return old.start >= mapping.start && old.end <= mapping.end;
    });
    if (mappings.size() == before) mappings.erase(mappings.begin());
    dropped_.mappings += before - mappings.size();
  }
  mappings.push_back(std::move(mapping));
}

void ProcessTable::end(pid_t process, Process& it, uint64_t time) {
  if (it.ended_at != 0) return;
  it.ended_at = time;
  ended_.emplace_back(process, time);
}

void ProcessTable::ended(pid_t process, uint64_t time) {
  const auto entry = processes_.find(process);
  if (entry == processes_.end()) return;
  end(process, entry->second, time);
  keep_bounds();
}

bool ProcessTable::read(pid_t process, std::optional<uint64_t> since) {
  const uint64_t now = monotonic_ns();
  std::optional<Mappings> mappings = reader_(process);
  Process& it = processes_[process];
  if (it.images.empty()) it.images.emplace_back();
  if (!mappings) {
    end(process, it, now);
    return false;
  }
  it.ended_at = 0;
  if (since) {
    Image image;
    image.since = *since;
    add_image(it, std::move(image));
  }
  Image& image = it.images.back();
  image.read_at = now;
  Mappings& into = own(image);
  // What is no longer there stays, for stacks of that time.
  const size_t before = into.size();
  for (Mapping& mapping : *mappings) {
    const auto is_same = [&](const Mapping& old) {
      return old.start == mapping.start && old.end == mapping.end && old.offset == mapping.offset &&
             old.file->path == mapping.file->path;
    };
    const auto old_end = into.begin() + static_cast<ptrdiff_t>(before);
    if (std::any_of(into.begin(), old_end, is_same)) continue;
    mapping.file = shared(*mapping.file);
    into.push_back(std::move(mapping));
  }
  if (into.size() > bounds_.mappings) {
    const size_t excess = into.size() - bounds_.mappings;
    into.erase(into.begin(), into.begin() + static_cast<ptrdiff_t>(excess));
    dropped_.mappings += excess;
  }
  into.shrink_to_fit();
  return true;
}

void ProcessTable::keep_bounds() {
  while (ended_.size() > bounds_.ended) {
    const auto [process, time] = ended_.front();
    ended_.pop_front();
    const auto entry = processes_.find(process);
    // Its number may belong to another one by now.
    if (entry == processes_.end() || entry->second.ended_at != time) continue;
    processes_.erase(entry);
    ++dropped_.processes;
  }
  // So many can only be there where nobody was told of their ends.
  while (processes_.size() >= bounds_.processes) {
    processes_.erase(processes_.begin());
    ++dropped_.processes;
  }
}

ProcessTable::Found ProcessTable::find(pid_t process, uint64_t time, uint64_t address) const {
  Found found;
  const auto entry = processes_.find(process);
  if (entry == processes_.end()) return found;
  const Process& it = entry->second;
  found.is_known = true;
  found.parent = it.parent;
  auto image = std::find_if(it.images.rbegin(), it.images.rend(),
                            [&](const Image& one) { return one.since <= time; });
  if (image == it.images.rend()) --image;
  found.is_current = image == it.images.rbegin() && it.ended_at == 0;
  found.is_empty = !image->mappings || image->mappings->empty();
  if (found.is_empty) return found;
  // What came last hides what was there; but what came after `time` only where nothing else is, as
  // the time of a mapping that was read is the time of the reading.
  const Mapping* later = nullptr;
  for (auto mapping = image->mappings->rbegin(); mapping != image->mappings->rend(); ++mapping) {
    if (address < mapping->start || address >= mapping->end) continue;
    if (mapping->since <= time) {
      found.mapping = &*mapping;
      return found;
    }
    later = &*mapping;
  }
  found.mapping = later;
  return found;
}

}  // namespace host
