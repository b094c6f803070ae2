#include "host/elf.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <unordered_set>

#include "host/fd.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Error;
using bytecode::Result;

namespace {

#if defined(__x86_64__)
constexpr uint16_t native_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t native_machine = EM_AARCH64;
#else
#error "uprobes need this machine's ELF number"
#endif

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

Error not_elf(const std::string& path, std::string_view why) {
  return no_target(path + " " + std::string(why),
                   "give a program or a shared library of this machine");
}

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

std::string version_name(Elf* elf, const Versions& versions, unsigned index) {
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
      return text == nullptr ? std::string() : std::string(text);
    }
    if (definition.vd_next == 0 || definition.vd_next > step_max) return {};
    at += static_cast<int>(definition.vd_next);
  }
}

// A static executable keeps versions in the name itself: "memcpy@@GLIBC_2.14".
void split_version(ElfSymbol& symbol) {
  const size_t at = symbol.name.find('@');
  if (at == std::string::npos) return;
  std::string version = symbol.name.substr(at + 1);
  symbol.is_default = version.starts_with('@');
  if (symbol.is_default) version.erase(0, 1);
  symbol.version = std::move(version);
  symbol.name.resize(at);
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::string& path) {
  if (elf_version(EV_CURRENT) == EV_NONE) return not_elf(path, "cannot be read by this libelf");
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    Error error = refusal("read " + path, errno);
    error.kind = bytecode::ErrorKind::target;
    return error;
  }
  const ElfHandle elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr));
  GElf_Ehdr header;
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr)
    return not_elf(path, "is not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != native_machine)
    return not_elf(path, "is for another kind of machine");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return not_elf(path, "is neither a program nor a shared library");

  ElfFile file;
  file.path_ = path;
  file.machine_ = header.e_machine;
  file.entry_ = header.e_entry;
  file.is_program_ = header.e_type == ET_EXEC;
  size_t count = 0;
  if (elf_getphdrnum(elf.get(), &count) != 0) return not_elf(path, "has no program headers");
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf.get(), static_cast<int>(i), &segment) == nullptr) continue;
    if (segment.p_type == PT_INTERP) file.is_program_ = true;
    if (segment.p_type == PT_LOAD)
      file.segments_.push_back(
          {segment.p_vaddr, segment.p_offset, segment.p_filesz, (segment.p_flags & PF_X) != 0});
  }

  const Versions versions = find_versions(elf.get());
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr shape;
    if (gelf_getshdr(section, &shape) == nullptr) continue;
    if ((shape.sh_type != SHT_SYMTAB && shape.sh_type != SHT_DYNSYM) || shape.sh_entsize == 0)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) continue;
    const size_t symbols = shape.sh_size / shape.sh_entsize;
    for (size_t i = 0; i < symbols; ++i) {
      GElf_Sym raw;
      if (gelf_getsym(data, static_cast<int>(i), &raw) == nullptr) continue;
      const int type = GELF_ST_TYPE(raw.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || raw.st_shndx == SHN_UNDEF) continue;
      const char* name = elf_strptr(elf.get(), shape.sh_link, raw.st_name);
      const std::optional<uint64_t> offset = file.offset_of(raw.st_value);
      if (name == nullptr || *name == '\0' || !offset) continue;
      ElfSymbol symbol;
      symbol.name = name;
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
        if (index > VER_NDX_GLOBAL) symbol.version = version_name(elf.get(), versions, index);
      }
      file.symbols_.push_back(std::move(symbol));
    }
  }
  if (const auto entry = file.offset_of(file.entry_)) {
    file.entry_code_.resize(96);
    const ssize_t n = pread(fd.get(), file.entry_code_.data(), file.entry_code_.size(),
                            static_cast<off_t>(*entry));
    file.entry_code_.resize(n > 0 ? static_cast<size_t>(n) : 0);
  }
  return file;
}

std::optional<uint64_t> ElfFile::offset_of(uint64_t address) const {
  for (const Segment& segment : segments_)
    if (segment.executable && address >= segment.address &&
        address - segment.address < segment.size)
      return address - segment.address + segment.offset;
  return std::nullopt;
}

const ElfSymbol* ElfFile::find(std::string_view name) const {
  std::string_view version;
  if (const size_t at = name.find('@'); at != std::string_view::npos) {
    version = name.substr(at + 1);
    while (version.starts_with('@')) version.remove_prefix(1);
    name = name.substr(0, at);
  }
  const ElfSymbol* other = nullptr;
  for (const ElfSymbol& symbol : symbols_) {
    if (symbol.name != name) continue;
    if (version.empty() ? symbol.is_default : symbol.version == version) return &symbol;
    if (version.empty() && other == nullptr) other = &symbol;
  }
  return other;
}

// x86-64's _start, from every libc since the first: `lea main(%rip), %rdi` or `mov $main, %rdi`
// before the call of __libc_start_main.
std::optional<uint64_t> ElfFile::main_offset() const {
  if (!is_program_ || machine_ != EM_X86_64) return std::nullopt;
  for (size_t i = 0; i + 7 <= entry_code_.size(); ++i) {
    const uint8_t* code = entry_code_.data() + i;
    int32_t word = 0;
    std::memcpy(&word, code + 3, sizeof word);
    if (code[0] == 0x48 && code[1] == 0x8d && code[2] == 0x3d)
      return offset_of(entry_ + i + 7 + static_cast<int64_t>(word));
    if (code[0] == 0x48 && code[1] == 0xc7 && code[2] == 0xc7)
      return offset_of(static_cast<uint32_t>(word));
  }
  return std::nullopt;
}

std::vector<std::string> ElfFile::names() const {
  std::vector<std::string> names;
  std::unordered_set<std::string_view> seen;
  for (const ElfSymbol& symbol : symbols_)
    if (seen.insert(symbol.name).second) names.push_back(symbol.name);
  return names;
}

}  // namespace host
