#include "host/elf.hpp"

#include <elf.h>
#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "host/debug_file.hpp"
#include "host/symbol_names.hpp"

namespace host {

using bytecode::Result;

namespace {

// The sections that say which version each dynamic symbol has.
struct Versions {
  Elf_Data* indexes = nullptr;      // .gnu.version: one number a symbol
  Elf_Data* definitions = nullptr;  // .gnu.version_d
  size_t definition_strings = 0;
};

Versions find_versions(Elf* elf) {
  Versions versions;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_GNU_versym) versions.indexes = elf_getdata(section, nullptr);
    if (header.sh_type == SHT_GNU_verdef) {
      versions.definitions = elf_getdata(section, nullptr);
      versions.definition_strings = header.sh_link;
    }
  }
  return versions;
}

std::string_view version_name(Elf* elf, const Versions& versions, unsigned index) {
  if (versions.definitions == nullptr) return {};
  // No table is that long. A broken file's step must neither lead back, for ever, nor overflow.
  constexpr uint32_t step_max = 1 << 20;
  int at = 0;
  while (true) {
    GElf_Verdef definition;
    if (gelf_getverdef(versions.definitions, at, &definition) == nullptr) return {};
    if (definition.vd_ndx == index) {
      GElf_Verdaux name;
      const auto aux = static_cast<int>(std::min<uint32_t>(definition.vd_aux, step_max));
      if (gelf_getverdaux(versions.definitions, at + aux, &name) == nullptr) return {};
      const char* text = elf_strptr(elf, versions.definition_strings, name.vda_name);
      return text == nullptr ? std::string_view() : std::string_view(text);
    }
    if (definition.vd_next == 0 || definition.vd_next > step_max) return {};
    at += static_cast<int>(definition.vd_next);
  }
}

// A static executable keeps versions in the name itself: "memcpy@@GLIBC_2.14".
void split_version(ElfSymbol& symbol) {
  const size_t at = symbol.name.find('@');
  if (at == std::string_view::npos) return;
  symbol.version = symbol.name.substr(at + 1);
  symbol.is_default = symbol.version.starts_with('@');
  if (symbol.is_default) symbol.version.remove_prefix(1);
  symbol.name = symbol.name.substr(0, at);
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::string& path) {
  Result<ElfImage> image = ElfImage::open(path);
  if (!image) return std::move(image).error();
  ElfFile file;
  file.image_ = std::move(image).value();
  Elf* elf = file.image_.elf();
  GElf_Ehdr header;
  size_t count = 0;
  if (gelf_getehdr(elf, &header) == nullptr || elf_getphdrnum(elf, &count) != 0) count = 0;
  file.entry_ = header.e_entry;
  file.is_program_ = header.e_type == ET_EXEC;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr) continue;
    if (segment.p_type == PT_INTERP) file.is_program_ = true;
    if (segment.p_type == PT_LOAD)
      file.segments_.push_back(
          {segment.p_vaddr, segment.p_offset, segment.p_filesz, (segment.p_flags & PF_X) != 0});
  }
  return file;
}

// Whether there was a full table (.symtab) among them.
bool ElfFile::add_symbols(const ElfImage& image) const {
  Elf* elf = image.elf();
  const Versions versions = find_versions(elf);
  bool full = false;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr shape;
    if (gelf_getshdr(section, &shape) == nullptr) continue;
    if ((shape.sh_type != SHT_SYMTAB && shape.sh_type != SHT_DYNSYM) || shape.sh_entsize == 0)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    // A debug file says that there was a dynamic table, but holds none.
    if (data == nullptr || data->d_buf == nullptr) continue;
    full = full || shape.sh_type == SHT_SYMTAB;
    const size_t symbols = shape.sh_size / shape.sh_entsize;
    for (size_t i = 0; i < symbols; ++i) {
      GElf_Sym raw;
      if (gelf_getsym(data, static_cast<int>(i), &raw) == nullptr) continue;
      const int type = GELF_ST_TYPE(raw.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || raw.st_shndx == SHN_UNDEF) continue;
      const char* name = elf_strptr(elf, shape.sh_link, raw.st_name);
      const std::optional<uint64_t> offset = offset_of(raw.st_value);
      if (name == nullptr || *name == '\0' || !offset) continue;
      ElfSymbol symbol;
      symbol.name = name;
      symbol.address = raw.st_value;
      symbol.offset = *offset;
      symbol.size = raw.st_size;
      symbol.is_resolver = type == STT_GNU_IFUNC;
      split_version(symbol);
      GElf_Versym version = 0;
      if (shape.sh_type == SHT_DYNSYM && versions.indexes != nullptr &&
          gelf_getversym(versions.indexes, static_cast<int>(i), &version) != nullptr) {
        constexpr unsigned hidden = 0x8000;
        symbol.is_default = (version & hidden) == 0;
        const unsigned index = version & ~hidden;
        if (index > VER_NDX_GLOBAL) symbol.version = version_name(elf, versions, index);
      }
      tables_->symbols.push_back(symbol);
    }
  }
  return full;
}

const std::vector<ElfSymbol>& ElfFile::symbols() const {
  if (std::exchange(tables_->read, true)) return tables_->symbols;
  if (add_symbols(image_)) return tables_->symbols;
  for (auto find : {find_debug_file, find_mini_debug}) {
    std::optional<ElfImage> other = find(image_);
    if (!other) continue;
    tables_->others.push_back(*other);
    if (add_symbols(*other)) break;
  }
  return tables_->symbols;
}

std::optional<uint64_t> ElfFile::offset_of(uint64_t address, bool any) const {
  for (const Segment& segment : segments_)
    if ((any || segment.executable) && address >= segment.address &&
        address - segment.address < segment.size)
      return address - segment.address + segment.offset;
  return std::nullopt;
}

std::optional<uint64_t> ElfFile::address_of(uint64_t offset) const {
  for (const Segment& segment : segments_)
    if (segment.executable && offset >= segment.offset && offset - segment.offset < segment.size)
      return offset - segment.offset + segment.address;
  return std::nullopt;
}

std::vector<const ElfSymbol*> ElfFile::find_all(std::string_view word) const {
  std::string_view version;
  // "operator@" is no C++, so what follows an @ is a version.
  if (const size_t at = word.find('@'); at != std::string_view::npos && at != 0) {
    version = word.substr(at + 1);
    while (version.starts_with('@')) version.remove_prefix(1);
    word = word.substr(0, at);
  }
  std::vector<const ElfSymbol*> found;
  std::unordered_set<uint64_t> places;
  const auto collect = [&](const NameMatch& matches, bool defaults) {
    for (const ElfSymbol& symbol : symbols()) {
      if (version.empty() ? defaults && !symbol.is_default : symbol.version != version) continue;
      if (matches(symbol.name) && places.insert(symbol.offset).second) found.push_back(&symbol);
    }
  };
  const NameMatch literal(word, NameMatch::As::literal);
  collect(literal, true);
  if (found.empty()) collect(literal, false);
  if (found.empty() && is_glob(word)) collect({word, NameMatch::As::glob}, false);
  return found;
}

const ElfSymbol* ElfFile::find(std::string_view word) const {
  const auto found = find_all(word);
  return found.empty() ? nullptr : found.front();
}

const ElfSymbol* ElfFile::at(uint64_t address) const {
  for (const ElfSymbol& symbol : symbols())
    if (address == symbol.address ||
        (address > symbol.address && address - symbol.address < symbol.size))
      return &symbol;
  return nullptr;
}

// x86-64's _start, from every libc since the first: `lea main(%rip), %rdi` or `mov $main, %rdi`
// before the call of __libc_start_main.
std::optional<uint64_t> ElfFile::main_address() const {
#if defined(__x86_64__)
  const auto start = offset_of(entry_);
  if (!is_program_ || !start) return std::nullopt;
  constexpr size_t start_bytes = 96;
  const Elf_Data* data =
      elf_getdata_rawchunk(image_.elf(), static_cast<int64_t>(*start), start_bytes, ELF_T_BYTE);
  if (data == nullptr) return std::nullopt;
  for (size_t i = 0; i + 7 <= data->d_size; ++i) {
    const uint8_t* code = static_cast<const uint8_t*>(data->d_buf) + i;
    int32_t word = 0;
    std::memcpy(&word, code + 3, sizeof word);
    std::optional<uint64_t> address;
    if (code[0] == 0x48 && code[1] == 0x8d && code[2] == 0x3d)
      address = entry_ + i + 7 + static_cast<int64_t>(word);
    if (code[0] == 0x48 && code[1] == 0xc7 && code[2] == 0xc7)
      address = static_cast<uint32_t>(word);
    if (address) return offset_of(*address) ? address : std::nullopt;
  }
#endif
  return std::nullopt;
}

std::vector<std::string> ElfFile::names() const {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  for (const ElfSymbol& symbol : symbols()) {
    std::string name(without_parameters(demangled(symbol.name)));
    if (seen.insert(name).second) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace host
