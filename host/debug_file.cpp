#include "host/debug_file.hpp"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <lzma.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include <array>
#include <filesystem>

namespace host {

namespace {

// The checksum that .gnu_debuglink keeps, over the whole file.
std::optional<uint32_t> checksum(const ElfImage& image) {
  struct stat info = {};
  if (fstat(image.fd(), &info) != 0 || info.st_size <= 0) return std::nullopt;
  const auto size = static_cast<size_t>(info.st_size);
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, image.fd(), 0);
  if (bytes == MAP_FAILED) return std::nullopt;
  const uLong sum = crc32_z(crc32_z(0, nullptr, 0), static_cast<const Bytef*>(bytes), size);
  munmap(bytes, size);
  return static_cast<uint32_t>(sum);
}

std::optional<ElfImage> open_if_there(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  bytecode::Result<ElfImage> image = ElfImage::open(path);
  if (!image) return std::nullopt;
  return std::move(image).value();
}

std::optional<ElfImage> by_build_id(const std::string& root, const std::string& id) {
  if (id.size() < 3) return std::nullopt;
  auto image = open_if_there(root + "/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" +
                             id.substr(2) + ".debug");
  if (image && image->build_id() != id) return std::nullopt;
  return image;
}

std::optional<ElfImage> by_link(const std::string& root, const ElfImage& image) {
  GElf_Word sum = 0;
  const char* name = dwelf_elf_gnu_debuglink(image.elf(), &sum);
  if (name == nullptr || *name == '\0') return std::nullopt;
  std::error_code error;
  std::filesystem::path real = image.path();
  // Of another root the links cannot be followed from here: they would lead into ours.
  if (root.empty()) real = std::filesystem::canonical(real, error);
  if (error) return std::nullopt;
  const std::string folder = real.parent_path();
  const std::string inside =
      std::string_view(folder).starts_with(root) ? folder.substr(root.size()) : folder;
  const std::string below = root + "/usr/lib/debug" + inside;
  for (const std::string& place : {folder, folder + "/.debug", below}) {
    // A file may name itself where it was stripped in place.
    std::string path = place;
    path.append(1, '/').append(name);
    if (std::filesystem::equivalent(path, real, error)) continue;
    std::optional<ElfImage> found = open_if_there(path);
    if (!found) continue;
    const std::string id = image.build_id();
    if (id.empty() ? checksum(*found) == sum : found->build_id() == id) return found;
  }
  return std::nullopt;
}

}  // namespace

std::string_view root_of(std::string_view path) {
  if (!path.starts_with("/proc/")) return {};
  constexpr std::string_view root = "/root";
  const size_t slash = path.find('/', std::string_view("/proc/").size());
  if (slash == std::string_view::npos) return {};
  const std::string_view rest = path.substr(slash);
  if (rest != root && !rest.starts_with("/root/")) return {};
  return path.substr(0, slash + root.size());
}

std::optional<ElfImage> find_debug_file(const ElfImage& image) {
  const std::string root(root_of(image.path()));
  if (auto found = by_build_id(root, image.build_id())) return found;
  return by_link(root, image);
}

std::optional<ElfImage> find_mini_debug(const ElfImage& image) {
  Elf_Scn* section = image.section(".gnu_debugdata");
  const Elf_Data* data = section == nullptr ? nullptr : elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_size == 0) return std::nullopt;
  constexpr size_t unpacked_max = 64 << 20;  // they are some hundred KB
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, unpacked_max, 0) != LZMA_OK) return std::nullopt;
  stream.next_in = static_cast<const uint8_t*>(data->d_buf);
  stream.avail_in = data->d_size;
  std::vector<char> bytes;
  std::array<char, 1 << 16> part = {};
  lzma_ret state = LZMA_OK;
  while (state == LZMA_OK && bytes.size() < unpacked_max) {
    stream.next_out = reinterpret_cast<uint8_t*>(part.data());
    stream.avail_out = part.size();
    state = lzma_code(&stream, LZMA_FINISH);
    bytes.insert(bytes.end(), part.begin(), part.end() - static_cast<long>(stream.avail_out));
  }
  lzma_end(&stream);
  if (state != LZMA_STREAM_END) return std::nullopt;
  return ElfImage::in_memory(std::move(bytes));
}

}  // namespace host
