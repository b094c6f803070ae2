#include "host/kernel_symbols.hpp"

#include <fcntl.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <unordered_map>

#include "host/fd.hpp"
#include "host/kallsyms.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Status;

namespace {

constexpr std::chrono::seconds between_looks(1);
// How far a symbol reaches that nothing is known to end. A BPF program is that large at most; the
// last function of the kernel is smaller.
constexpr uint64_t program_bytes = 1 << 20, last_bytes = 1 << 16;

// Hands each line to `sink`, without its end. An errno, or 0.
int each_line(const std::string& path, const std::function<void(std::string_view)>& sink) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno;
  std::string part;
  std::vector<char> buffer(1 << 16);
  while (true) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    std::string_view rest(buffer.data(), static_cast<size_t>(got));
    for (size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;) {
      if (part.empty()) {
        sink(rest.substr(0, end));
      } else {
        part.append(rest.substr(0, end));
        sink(part);
        part.clear();
      }
      rest.remove_prefix(end + 1);
    }
    part.append(rest);
  }
  if (!part.empty()) sink(part);
  return 0;
}

// Code that the kernel made itself: of BPF programs, or for tracing.
bool is_made(std::string_view module) { return module == "bpf" || module.starts_with("__builtin"); }

std::string whole(const std::string& path) {
  std::string text;
  each_line(path, [&](std::string_view line) { text.append(line).append(1, '\n'); });
  return text;
}

// Modules by their names: the address after their last byte, from lines like
// "nf_tables 372736 0 - Live 0xffffffffc0a00000".
std::unordered_map<std::string, uint64_t> module_ends(std::string_view text) {
  std::unordered_map<std::string, uint64_t> ends;
  while (!text.empty()) {
    const size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    const size_t space = line.find(' '), hex = line.find(" 0x");
    if (space == std::string_view::npos || hex == std::string_view::npos) continue;
    uint64_t size = 0, start = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), size);
    std::from_chars(line.data() + hex + 3, line.data() + line.size(), start, 16);
    if (start != 0) ends.emplace(line.substr(0, space), start + size);
  }
  return ends;
}

}  // namespace

uint16_t KernelSymbols::module_number(std::string_view name) {
  // A module's symbols follow one another.
  if (modules_.back() == name) return static_cast<uint16_t>(modules_.size() - 1);
  const auto known = std::find(modules_.begin(), modules_.end(), name);
  if (known != modules_.end()) return static_cast<uint16_t>(known - modules_.begin());
  if (modules_.size() > UINT16_MAX) return 0;
  modules_.emplace_back(name);
  return static_cast<uint16_t>(modules_.size() - 1);
}

void KernelSymbols::add_line(std::string_view line) {
  const std::optional<KallsymsLine> read = read_kallsyms_line(line);
  if (!read || read->address == 0) return;
  const std::string_view name = read->name;
  // The padding before a function: half of all symbols, and nothing runs there.
  if (name.starts_with("__pfx_") || name.starts_with("__cfi_")) return;
  Entry entry;
  entry.address = read->address;
  if (!read->module.empty()) entry.module = module_number(read->module);
  entry.name = static_cast<uint32_t>(names_.size());
  names_.append(name).append(1, '\0');
  entries_.push_back(entry);
}

// Where a module's last function ends is where the module does: what is loaded behind it later is
// no part of it.
void KernelSymbols::add_ends(std::string_view modules) {
  const auto ends = module_ends(modules);
  const size_t count = entries_.size();
  for (size_t i = 0; i < count; ++i) {
    const Entry& entry = entries_[i];
    const bool is_last = i + 1 == count;
    if (!is_last && entries_[i + 1].module == entry.module && !is_made(modules_[entry.module]))
      continue;
    uint64_t end = entry.address + (is_made(modules_[entry.module]) ? program_bytes : last_bytes);
    if (const auto known = ends.find(modules_[entry.module]);
        known != ends.end() && known->second > entry.address)
      end = known->second;
    if (end > entry.address && (is_last || end < entries_[i + 1].address))
      entries_.push_back({end, nowhere, 0});
  }
}

void KernelSymbols::load() {
  entries_.clear();
  names_.clear();
  modules_.assign(1, {});
  is_loaded_ = true;
  is_stale_ = false;
  loaded_ = looked_ = Clock::now();
  const std::string modules = whole(modules_path_);
  modules_hash_ = std::hash<std::string>()(modules);
  error_ = each_line(symbols_path_, [&](std::string_view line) { add_line(line); });
  const auto in_order = [](const Entry& a, const Entry& b) {
    return a.address != b.address ? a.address < b.address : a.name < b.name;
  };
  std::sort(entries_.begin(), entries_.end(), in_order);
  // Of several names of one place the first, as the kernel itself has it in its own traces.
  const auto same = [](const Entry& a, const Entry& b) { return a.address == b.address; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  add_ends(modules);
  std::sort(entries_.begin(), entries_.end(), in_order);
  entries_.shrink_to_fit();
  names_.shrink_to_fit();
}

bool KernelSymbols::reload(bool missed) {
  const auto now = Clock::now();
  if (!missed) {
    if (now - looked_ < between_looks) return false;
    looked_ = now;
    if (std::hash<std::string>()(whole(modules_path_)) == modules_hash_) return false;
  }
  if (now - loaded_ < between_looks) return false;
  load();
  return true;
}

std::optional<KernelSymbol> KernelSymbols::find(uint64_t address) {
  if (!is_loaded_)
    load();
  else
    reload(false);
  while (true) {
    auto after =
        std::upper_bound(entries_.begin(), entries_.end(), address,
                         [](uint64_t at, const Entry& entry) { return at < entry.address; });
    std::optional<KernelSymbol> found;
    if (after != entries_.begin() && (--after)->name != nowhere)
      found = KernelSymbol{names_.c_str() + after->name, modules_[after->module],
                           address - after->address};
    // Programs come and go where others were; the kernel's own functions stay.
    const bool is_doubtful = found && is_stale_ && is_made(found->module);
    if ((found && !is_doubtful) || !reload(true)) return found;
  }
}

Status KernelSymbols::readable() {
  if (!is_loaded_) load();
  if (error_ != 0) return refusal("read " + symbols_path_, error_);
  if (!entries_.empty()) return bytecode::Nothing{};
  bytecode::Error hidden = refusal("read addresses in " + symbols_path_, EPERM);
  hidden.hint = "the kernel hides them (kernel.kptr_restrict): root sees them where it is 0 or 1";
  return hidden;
}

void KernelSymbols::rest() {
  if (!is_loaded_) return;
  std::vector<Entry>().swap(entries_);
  std::string().swap(names_);
  std::vector<std::string>().swap(modules_);
  is_loaded_ = false;
  malloc_trim(0);
}

size_t KernelSymbols::bytes() const {
  return is_loaded_ ? entries_.capacity() * sizeof(Entry) + names_.capacity() : 0;
}

}  // namespace host
