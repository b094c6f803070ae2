#include "host/file_symbols.hpp"

#include <elf.h>
#include <gelf.h>

#include <algorithm>

#include "host/debug_file.hpp"
#include "host/frame_names.hpp"

namespace host {

using bytecode::Result;

namespace {

// Answers that are kept; beyond that all are forgotten.
constexpr size_t known_max = 8192;
// A file whose debug information has grown beyond that in memory is opened anew.
constexpr size_t lines_bytes_max = 64 << 20;
constexpr uint32_t size_max = (1U << 31) - 1;

std::string place_of(const LineFrame& frame) {
  if (frame.file.empty() || frame.line == 0) return {};
  return " (" + frame.file + ":" + std::to_string(frame.line) + ")";
}

}  // namespace

// A symbol and how well it names its place.
struct FileSymbols::Ranked {
  Symbol symbol;
  uint32_t rank = 0;  // the lowest wins
};

Result<std::shared_ptr<FileSymbols>> FileSymbols::open(const std::string& path,
                                                       std::string_view shown) {
  Result<ElfFile> file = ElfFile::open(path);
  if (!file) return std::move(file).error();
  return std::shared_ptr<FileSymbols>(new FileSymbols(std::move(file).value(), shown));
}

// Whether there was such a table.
bool FileSymbols::add_table(const ElfImage& image, uint32_t type, std::vector<Ranked>& into) {
  for (Elf_Scn* section = elf_nextscn(image.elf(), nullptr); section != nullptr;
       section = elf_nextscn(image.elf(), section)) {
    GElf_Shdr shape;
    if (gelf_getshdr(section, &shape) == nullptr || shape.sh_type != type || shape.sh_entsize == 0)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    const auto table = static_cast<uint32_t>(tables_.size());
    tables_.push_back({image, shape.sh_link});
    const size_t count = shape.sh_size / shape.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym raw;
      if (gelf_getsym(data, static_cast<int>(i), &raw) == nullptr) break;
      const unsigned kind = GELF_ST_TYPE(raw.st_info), binding = GELF_ST_BIND(raw.st_info);
      const bool is_function = kind == STT_FUNC || kind == STT_GNU_IFUNC;
      // Functions written in assembly may have no type.
      if ((!is_function && kind != STT_NOTYPE) || raw.st_shndx == SHN_UNDEF ||
          raw.st_shndx == SHN_ABS || !file_.offset_of(raw.st_value))
        continue;
      const char* name = elf_strptr(image.elf(), shape.sh_link, raw.st_name);
      if (name == nullptr || *name == '\0' || *name == '$' || *name == '.') continue;
      Ranked ranked;
      ranked.symbol.address = raw.st_value;
      ranked.symbol.name = raw.st_name;
      ranked.symbol.size =
          static_cast<uint32_t>(std::min<uint64_t>(raw.st_size, size_max)) & size_max;
      ranked.symbol.table = table & 1;
      // People know `write`, not `__write` and `__libc_write`.
      const size_t underscores = std::string_view(name).find_first_not_of('_');
      ranked.rank = (is_function ? 0 : 1U << 12) | (raw.st_size != 0 ? 0 : 1U << 11) |
                    static_cast<uint32_t>(std::min<size_t>(underscores, 15) << 4) |
                    (binding == STB_GLOBAL ? 0
                     : binding == STB_WEAK ? 1
                                           : 2);
      into.push_back(ranked);
    }
    return true;
  }
  return false;
}

void FileSymbols::load() {
  if (std::exchange(is_loaded_, true)) return;
  std::vector<Ranked> all;
  if (!add_table(image(), SHT_SYMTAB, all)) {
    add_table(image(), SHT_DYNSYM, all);
    for (auto find : {find_debug_file, find_mini_debug}) {
      const std::optional<ElfImage> other = find(image());
      if (other && add_table(*other, SHT_SYMTAB, all)) break;
    }
  }
  std::sort(all.begin(), all.end(), [](const Ranked& a, const Ranked& b) {
    return a.symbol.address != b.symbol.address ? a.symbol.address < b.symbol.address
                                                : a.rank < b.rank;
  });
  const auto same = [](const Ranked& a, const Ranked& b) {
    return a.symbol.address == b.symbol.address;
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  symbols_.reserve(all.size());
  for (const Ranked& ranked : all) symbols_.push_back(ranked.symbol);
}

bool FileSymbols::has_symbols() {
  load();
  return !symbols_.empty();
}

FramePointers FileSymbols::frame_pointers() {
  if (!frame_pointers_) frame_pointers_ = frame_pointers_of(file_);
  return *frame_pointers_;
}

size_t FileSymbols::bytes() const {
  return symbols_.capacity() * sizeof(Symbol) + known_bytes_ + (lines_ ? lines_->bytes() : 0);
}

const FileSymbols::Symbol* FileSymbols::symbol_at(uint64_t address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](uint64_t at, const Symbol& s) { return at < s.address; });
  // A function may have others inside it, in assembly; but not many.
  constexpr int tries = 8;
  for (int i = 0; i < tries && after != symbols_.begin(); ++i) {
    --after;
    if (after->size == 0 ? i == 0 : address - after->address < after->size) return &*after;
  }
  return nullptr;
}

FileFrames FileSymbols::look_up(uint64_t address, bool is_return) {
  load();
  const uint64_t at = is_return ? address - 1 : address;
  if (lines_ && lines_->bytes() > lines_bytes_max) {
    lines_.reset();
    has_tried_lines_ = false;
  }
  if (!std::exchange(has_tried_lines_, true)) {
    Result<LineInfo> lines = LineInfo::open(image());
    if (lines) lines_.emplace(std::move(lines).value());
  }
  std::vector<LineFrame> lines;
  if (lines_) lines = lines_->at(at);
  FileFrames frames;
  for (size_t i = 0; i + 1 < lines.size(); ++i)
    frames.text.push_back((lines[i].name.empty() ? "?" : lines[i].name) + place_of(lines[i]) +
                          " [inlined]");
  const LineFrame own = lines.empty() ? LineFrame() : std::move(lines.back());
  std::string name;
  uint64_t start = 0;
  if (const Symbol* symbol = symbol_at(at)) {
    const Table& table = tables_[symbol->table];
    std::string_view text = elf_strptr(table.image.elf(), table.strings, symbol->name);
    // A static program keeps versions in its names: "memcpy@@GLIBC_2.14".
    name = frame_name(text.substr(0, text.find('@', 1)));
    start = symbol->address;
  } else if (!own.name.empty()) {
    name = own.name;
    start = own.address;
  }
  frames.is_named = !name.empty() || own.line != 0;
  std::string place = place_of(own);
  if (place.empty()) place = " [" + shown_ + "]";
  frames.text.push_back((name.empty() ? hex(address) : name + "+" + hex(address - start)) + place);
  return frames;
}

const FileFrames& FileSymbols::frames(uint64_t address, bool is_return) {
  const uint64_t key = address << 1 | (is_return ? 1 : 0);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  if (known_.size() >= known_max) {
    known_.clear();
    known_bytes_ = 0;
  }
  FileFrames& frames = known_[key];
  frames = look_up(address, is_return);
  constexpr size_t entry_bytes = 96;
  known_bytes_ += entry_bytes;
  for (const std::string& text : frames.text) known_bytes_ += sizeof(std::string) + text.capacity();
  return frames;
}

}  // namespace host
