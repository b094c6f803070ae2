#include "host/elf_image.hpp"

#include <fcntl.h>
#include <gelf.h>

#include <cerrno>

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

Error not_elf(const std::string& path, std::string_view why) {
  return no_target(path + " " + std::string(why),
                   "give a program or a shared library of this machine");
}

}  // namespace

Result<ElfImage> ElfImage::open(const std::string& path) {
  if (elf_version(EV_CURRENT) == EV_NONE) return not_elf(path, "cannot be read by this libelf");
  ElfImage image;
  image.state_->path = path;
  image.state_->fd = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!image.state_->fd) {
    Error error = refusal("read " + path, errno);
    error.kind = bytecode::ErrorKind::target;
    return error;
  }
  image.state_->elf.reset(elf_begin(image.fd(), ELF_C_READ_MMAP, nullptr));
  GElf_Ehdr header;
  if (image.elf() == nullptr || elf_kind(image.elf()) != ELF_K_ELF ||
      gelf_getehdr(image.elf(), &header) == nullptr)
    return not_elf(path, "is not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != native_machine)
    return not_elf(path, "is for another kind of machine");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return not_elf(path, "is neither a program nor a shared library");
  return image;
}

std::optional<ElfImage> ElfImage::in_memory(std::vector<char> bytes) {
  ElfImage image;
  image.state_->bytes = std::move(bytes);
  image.state_->elf.reset(elf_memory(image.state_->bytes.data(), image.state_->bytes.size()));
  if (image.elf() == nullptr || elf_kind(image.elf()) != ELF_K_ELF) return std::nullopt;
  return image;
}

Elf_Scn* ElfImage::section(std::string_view name) const {
  size_t names = 0;
  if (elf_getshdrstrndx(elf(), &names) != 0) return nullptr;
  for (Elf_Scn* section = elf_nextscn(elf(), nullptr); section != nullptr;
       section = elf_nextscn(elf(), section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* text = elf_strptr(elf(), names, header.sh_name);
    if (text != nullptr && name == text) return section;
  }
  return nullptr;
}

// dwelf_elf_gnu_build_id would bring a megabyte of libdwfl, with dlopen, into a static program.
std::string ElfImage::build_id() const {
  for (Elf_Scn* part = elf_nextscn(elf(), nullptr); part != nullptr;
       part = elf_nextscn(elf(), part)) {
    GElf_Shdr header;
    if (gelf_getshdr(part, &header) == nullptr || header.sh_type != SHT_NOTE) continue;
    Elf_Data* data = elf_getdata(part, nullptr);
    size_t at = 0, name = 0, bytes = 0;
    GElf_Nhdr note;
    while (data != nullptr && (at = gelf_getnote(data, at, &note, &name, &bytes)) != 0) {
      const auto* text = static_cast<const char*>(data->d_buf);
      using namespace std::string_view_literals;
      constexpr std::string_view owner = "GNU\0"sv;
      if (note.n_type != NT_GNU_BUILD_ID || owner != std::string_view(text + name, note.n_namesz))
        continue;
      std::string id;
      for (const unsigned char byte : std::string_view(text + bytes, note.n_descsz)) {
        constexpr char digits[] = "0123456789abcdef";
        id += digits[byte >> 4];
        id += digits[byte & 15];
      }
      return id;
    }
  }
  return {};
}

}  // namespace host
