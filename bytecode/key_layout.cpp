#include "bytecode/key_layout.hpp"

#include <algorithm>

#include "bytecode/isa_table.hpp"
#include "bytecode/wire.h"

namespace bytecode {
namespace {

constexpr uint16_t long_text = 128;

// The smallest class that holds so many bytes, or VM_KEY_CLASS_COUNT.
uint8_t class_of(uint32_t bytes) {
  uint8_t found = 0;
  while (found < VM_KEY_CLASS_COUNT && key_class_bytes(found) < bytes) ++found;
  return found;
}

uint32_t lay_out(std::vector<KeyPart>& parts) {
  uint32_t bytes = has_null_bits(parts) ? 8 : 0;
  for (KeyPart& part : parts) {
    part.offset = static_cast<uint16_t>(std::min<uint32_t>(bytes, UINT16_MAX));
    bytes += part.size;
  }
  return bytes;
}

}  // namespace

bool has_null_bits(const std::vector<KeyPart>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const KeyPart& part) { return part.nullable; });
}

uint32_t fit_key(std::vector<KeyPart>& parts, uint8_t& key_class) {
  uint32_t bytes = lay_out(parts);
  // The null bits push a string of 256 bytes into the class of 512. What is cut is counted.
  const auto is_long = [](const KeyPart& part) { return part.size >= long_text; };
  const auto spare = 8 * static_cast<uint32_t>(std::count_if(parts.begin(), parts.end(), is_long));
  if (class_of(bytes - spare) < class_of(bytes)) {
    for (KeyPart& part : parts)
      if (is_long(part)) part.size = static_cast<uint16_t>(part.size - 8);
    bytes = lay_out(parts);
  }
  if (bytes <= VM_KEY_MAX) key_class = class_of(bytes);
  return bytes;
}

}  // namespace bytecode
