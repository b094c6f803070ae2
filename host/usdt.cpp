// The notes of section .note.stapsdt.
#include "host/usdt.hpp"

#include <gelf.h>

#include <cstring>

#include "host/elf.hpp"
#include "host/symbol_names.hpp"

namespace host {

using bytecode::Result;

namespace {

constexpr uint32_t usdt_note = 3;
constexpr std::string_view usdt_owner = "stapsdt";

// What a note begins with; three texts follow: provider, name, operands.
struct NoteAddresses {
  uint64_t place, base, semaphore;
};

// The address of a variable or whatever else a symbol names.
std::optional<uint64_t> symbol_address(const ElfImage& image, std::string_view name) {
  Elf* elf = image.elf();
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr shape;
    if (gelf_getshdr(section, &shape) == nullptr || shape.sh_entsize == 0) continue;
    if (shape.sh_type != SHT_SYMTAB && shape.sh_type != SHT_DYNSYM) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    for (size_t i = 0; i < shape.sh_size / shape.sh_entsize; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
      const char* text = elf_strptr(elf, shape.sh_link, symbol.st_name);
      if (text != nullptr && name == text && symbol.st_shndx != SHN_UNDEF) return symbol.st_value;
    }
  }
  return std::nullopt;
}

// Whoever moves a finished file's code (prelink) leaves the notes, but moves the section that they
// name as the base.
std::optional<uint64_t> moved_base(const ElfImage& image) {
  Elf_Scn* section = image.section(".stapsdt.base");
  GElf_Shdr header;
  if (section == nullptr || gelf_getshdr(section, &header) == nullptr) return std::nullopt;
  return header.sh_addr;
}

std::optional<UsdtPlace> parse_note(const ElfFile& file, std::string_view text,
                                    const std::optional<uint64_t>& base) {
  NoteAddresses addresses;
  if (text.size() < sizeof addresses) return std::nullopt;
  std::memcpy(&addresses, text.data(), sizeof addresses);
  text.remove_prefix(sizeof addresses);
  const auto next = [&] {
    const size_t end = text.find('\0');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
  };
  UsdtPlace place;
  place.provider = next();
  place.name = next();
  const std::string_view operands = next();
  const uint64_t shift = base && addresses.base != 0 ? *base - addresses.base : 0;
  const uint64_t address = addresses.place + shift;
  const auto offset = file.offset_of(address);
  if (!offset || place.name.empty()) return std::nullopt;
  place.offset = *offset;
  if (addresses.semaphore != 0)
    place.semaphore = file.offset_of(addresses.semaphore + shift, true).value_or(0);
  place.args = parse_usdt_arguments(operands, native_arch,
                                    [&](std::string_view symbol) -> std::optional<int64_t> {
                                      const auto found = symbol_address(file.image(), symbol);
                                      if (!found) return std::nullopt;
                                      return static_cast<int64_t>(*found - address);
                                    });
  return place;
}

}  // namespace

Result<std::vector<UsdtPlace>> usdt_places(const std::string& path) {
  const Result<ElfFile> file = ElfFile::open(path);
  if (!file) return file.error();
  std::vector<UsdtPlace> places;
  Elf_Scn* section = file->image().section(".note.stapsdt");
  Elf_Data* data = section == nullptr ? nullptr : elf_getdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return places;
  const std::string_view bytes(static_cast<const char*>(data->d_buf), data->d_size);
  const auto base = moved_base(file->image());
  size_t at = 0, name = 0, text = 0;
  GElf_Nhdr note;
  while ((at = gelf_getnote(data, at, &note, &name, &text)) != 0) {
    if (note.n_type != usdt_note || !bytes.substr(name).starts_with(usdt_owner)) continue;
    if (auto place = parse_note(*file, bytes.substr(text, note.n_descsz), base))
      places.push_back(std::move(*place));
  }
  return places;
}

std::vector<const UsdtPlace*> find_usdt(const std::vector<UsdtPlace>& places,
                                        std::string_view word) {
  const size_t colon = word.find(':');
  const std::string_view provider = colon == std::string_view::npos ? "*" : word.substr(0, colon);
  const std::string_view name = colon == std::string_view::npos ? word : word.substr(colon + 1);
  std::vector<const UsdtPlace*> found;
  for (const UsdtPlace& place : places)
    if (matches_glob(provider, place.provider) && matches_glob(name, place.name))
      found.push_back(&place);
  return found;
}

}  // namespace host
