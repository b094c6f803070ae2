#include "host/frame_pointers.hpp"

#include <gelf.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace host {

namespace {

// The addresses where functions begin, in order; as the linker's table for unwinding has them.
std::vector<uint64_t> function_starts(const ElfImage& image) {
  std::vector<uint64_t> starts;
  Elf_Scn* section = image.section(".eh_frame_hdr");
  GElf_Shdr shape;
  const Elf_Data* data = section == nullptr ? nullptr : elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr || gelf_getshdr(section, &shape) == nullptr)
    return starts;
  const std::string_view bytes(static_cast<const char*>(data->d_buf), data->d_size);
  const auto word = [&](size_t at) {
    int32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  };
  // Version 1; where .eh_frame is, in any four bytes; a count in four; pairs that are relative to
  // this table. No linker writes another form.
  constexpr size_t header = 12, pair = 8;
  constexpr char version = 1, four_bytes = 3, relative = 0x3b;
  if (bytes.size() < header || bytes[0] != version || (bytes[1] & 7) != four_bytes ||
      bytes[2] != four_bytes || bytes[3] != relative)
    return starts;
  const auto count = static_cast<uint32_t>(word(8));
  for (size_t i = 0; i < count && header + (i + 1) * pair <= bytes.size(); ++i)
    starts.push_back(shape.sh_addr + static_cast<uint64_t>(int64_t{word(header + i * pair)}));
  return starts;
}

}  // namespace

FramePointers frame_pointers_of(const ElfFile& file) {
#if defined(__x86_64__)
  using namespace std::string_view_literals;
  // The two ways to write `mov %rsp, %rbp`. Other instructions may come before it.
  constexpr auto keeps = "\x48\x89\xe5"sv, keeps_too = "\x48\x8b\xec"sv;
  constexpr size_t looked_at = 24, samples_max = 512, samples_min = 4;
  const std::vector<uint64_t> starts = function_starts(file.image());
  const size_t step = starts.size() / samples_max + 1;
  size_t samples = 0, kept = 0;
  for (size_t i = 0; i + 1 < starts.size(); i += step) {
    // Short ones call nothing.
    if (starts[i + 1] - starts[i] < looked_at) continue;
    const auto offset = file.offset_of(starts[i]);
    std::array<char, looked_at> code = {};
    if (!offset || pread(file.image().fd(), code.data(), code.size(),
                         static_cast<off_t>(*offset)) != static_cast<ssize_t>(code.size()))
      continue;
    const std::string_view text(code.data(), code.size());
    ++samples;
    if (text.find(keeps) != std::string_view::npos ||
        text.find(keeps_too) != std::string_view::npos)
      ++kept;
  }
  if (samples < samples_min) return FramePointers::unknown;
  if (kept * 2 >= samples) return FramePointers::kept;
  if (kept * 8 <= samples) return FramePointers::omitted;
#else
  // Elsewhere the calling convention asks for them.
  (void)file;
#endif
  return FramePointers::unknown;
}

}  // namespace host
