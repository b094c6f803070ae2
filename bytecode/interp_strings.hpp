// The strings of the reference interpreter: the heap that handles name, and what the instructions
// find in a text or make of one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/isa.h"

namespace bytecode {

class StringHeap {
 public:
  StringHeap();

  // Writes a text with its NUL and zeros at a block; its handle, or nothing where it does not fit.
  std::optional<int64_t> make(uint8_t block, std::string_view text);

  struct Text {
    bool null = false;
    std::string_view text;  // empty for null
  };

  // The text behind a handle; nothing where the number is none.
  std::optional<Text> at(int64_t handle) const;

 private:
  std::vector<uint8_t> bytes_;
};

// What memory has at an address: so many bytes, or fewer where it ends before.
using ReadMemory = std::function<std::vector<uint8_t>(uint64_t address, uint32_t size)>;

struct MemoryText {
  std::string text;
  bool cut = false;
  uint32_t texts = 1;                 // that it is made of
  std::optional<uint64_t> failed_at;  // the address that did not answer: then there is no text
};

// As bpf_probe_read_user_str: it cannot tell a text of exactly capacity - 1 bytes from a longer
// one.
MemoryText read_text(const ReadMemory& read, uint64_t address, uint32_t capacity);

// The texts behind an array of pointers, up to a null one, each read into the room that the ones
// before it have left.
MemoryText join_texts(const ReadMemory& read, uint64_t pointers, std::string_view between,
                      uint32_t capacity);

// Where `part` first or last stands in `text`; -1 if nowhere.
int64_t find_text(std::string_view text, std::string_view part, bool last);

// The bytes from `start` up to `end`, each of them moved into the text.
std::string_view part_of_text(std::string_view text, int64_t start, int64_t end);

// Without the ASCII white space at its ends.
std::string_view trim_text(std::string_view text, bool start, bool end);

// With ASCII letters in one case.
std::string lower_text(std::string_view text);
std::string upper_text(std::string_view text);

}  // namespace bytecode
