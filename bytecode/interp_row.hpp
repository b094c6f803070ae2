// The row under construction, in the reference interpreter.
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/interp_strings.hpp"
#include "bytecode/wire.h"

namespace bytecode {

class RowMaker {
 public:
  // Drops what was under way.
  void begin(uint16_t site);
  bool is_open() const { return open_; }

  // Whether another field may be appended.
  bool has_room() const { return open_ && payload_.size() + 8 <= VM_ROW_MAX; }
  uint32_t fields() const { return fields_; }
  void add_word(uint64_t word);
  // How many bytes of the text there is room for. A null one sets its field's bit.
  size_t add_text(const StringHeap::Text& text);
  void set_null(uint32_t field) { nulls_ |= uint64_t{1} << (field & 63); }

  // The row as in the ring buffer: the header, completed, and the payload. Then none is under way.
  std::vector<uint8_t> finish(vm_row header);

 private:
  void append(uint64_t word);

  bool open_ = false;
  uint16_t site_ = 0;
  uint32_t fields_ = 0;
  uint64_t nulls_ = 0;
  std::vector<uint8_t> payload_;
};

}  // namespace bytecode
