#include "bytecode/interp_strings.hpp"

#include <algorithm>
#include <cstring>

#include "bytecode/isa_table.hpp"

namespace bytecode {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr char kToOtherCase = 'a' - 'A';

}  // namespace

// A kernel's scratch slot holds what the run before left there.
StringHeap::StringHeap() : bytes_(size_t{VM_HEAP_BLOCKS} * VM_BLOCK, 0x5a) {}

std::optional<int64_t> StringHeap::make(uint8_t block, std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  if (length >= VM_STR_MAX || block + text_blocks(length) > VM_HEAP_BLOCKS) return {};
  const std::string copy(text);  // it may lie in the heap itself, under what is written now
  uint8_t* to = bytes_.data() + size_t{block} * VM_BLOCK;
  std::memset(to, 0, size_t{text_blocks(length)} * VM_BLOCK);
  std::copy(copy.begin(), copy.end(), to);
  return static_cast<int64_t>(length | uint64_t{block} << 16);
}

std::optional<StringHeap::Text> StringHeap::at(int64_t handle) const {
  const auto bits = static_cast<uint64_t>(handle);
  if (bits == VM_STR_NULL) return Text{true, {}};
  const uint64_t length = bits & 0xffff, block = bits >> 16;
  if (length >= VM_STR_MAX || block >= VM_HEAP_BLOCKS ||
      block + text_blocks(static_cast<uint32_t>(length)) > VM_HEAP_BLOCKS)
    return {};
  const auto* text = reinterpret_cast<const char*>(bytes_.data()) + block * VM_BLOCK;
  return Text{false, std::string_view(text, length)};
}

MemoryText read_text(const ReadMemory& read, uint64_t address, uint32_t capacity) {
  const std::vector<uint8_t> bytes = read(address, capacity);
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t nul = all.find('\0');
  if (nul == std::string_view::npos && all.size() < capacity)
    return {.text = {}, .failed_at = address};
  return {.text = std::string(all.substr(0, std::min<size_t>(nul, capacity - 1))),
          .cut = nul >= capacity - 1,
          .failed_at = {}};
}

MemoryText join_texts(const ReadMemory& read, uint64_t pointers, std::string_view between,
                      uint32_t capacity) {
  MemoryText made{.text = {}, .cut = true, .texts = 0, .failed_at = {}};
  for (; made.texts < VM_JOIN_MAX; ++made.texts) {
    const uint64_t at = pointers + uint64_t{8} * made.texts;
    const std::vector<uint8_t> word = read(at, 8);
    uint64_t address = 0;
    if (word.size() < sizeof address) return {.text = {}, .failed_at = at};
    std::memcpy(&address, word.data(), sizeof address);
    if (address == 0) {
      made.cut = false;
      break;
    }
    if (made.texts > 0) made.text += between.substr(0, capacity - 1 - made.text.size());
    const auto room = static_cast<uint32_t>(capacity - made.text.size());
    MemoryText next = read_text(read, address, room);
    if (next.failed_at) return next;
    made.text += next.text;
    if (next.cut) {
      ++made.texts;
      break;
    }
  }
  return made;
}

int64_t find_text(std::string_view text, std::string_view part, bool last) {
  const size_t at = last ? text.rfind(part) : text.find(part);
  return at == std::string_view::npos ? -1 : static_cast<int64_t>(at);
}

std::string_view part_of_text(std::string_view text, int64_t start, int64_t end) {
  const auto length = static_cast<int64_t>(text.size());
  start = std::clamp<int64_t>(start, 0, length);
  end = std::clamp<int64_t>(end, start, length);
  return text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start));
}

std::string_view trim_text(std::string_view text, bool start, bool end) {
  if (start) text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  if (end) text.remove_suffix(text.size() - (text.find_last_not_of(kWhiteSpace) + 1));
  return text;
}

std::string lower_text(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + kToOtherCase);
  return result;
}

std::string upper_text(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - kToOtherCase);
  return result;
}

}  // namespace bytecode
