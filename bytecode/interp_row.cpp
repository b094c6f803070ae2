#include "bytecode/interp_row.hpp"

#include <algorithm>
#include <cstring>

namespace bytecode {

void RowMaker::begin(uint16_t site) {
  open_ = true;
  site_ = site;
  fields_ = 0;
  nulls_ = 0;
  payload_.clear();
}

void RowMaker::append(uint64_t word) {
  uint8_t bytes[8];
  std::memcpy(bytes, &word, sizeof bytes);
  payload_.insert(payload_.end(), bytes, bytes + 8);
}

void RowMaker::add_word(uint64_t word) {
  append(word);
  ++fields_;
}

size_t RowMaker::add_text(const StringHeap::Text& text) {
  const size_t start = payload_.size() + 8;
  const size_t room = start < VM_ROW_TEXT_END ? VM_ROW_TEXT_END - start : 0;
  const std::string_view kept = text.text.substr(0, room);
  append(kept.size());
  payload_.insert(payload_.end(), kept.begin(), kept.end());
  payload_.resize((payload_.size() + 7) / 8 * 8);
  if (text.null) set_null(fields_);
  ++fields_;
  return kept.size();
}

std::vector<uint8_t> RowMaker::finish(vm_row header) {
  header.site = site_;
  header.length = static_cast<uint32_t>(payload_.size());
  header.nulls = nulls_;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
  std::vector<uint8_t> row(bytes, bytes + sizeof header);
  row.insert(row.end(), payload_.begin(), payload_.end());
  open_ = false;
  return row;
}

}  // namespace bytecode
