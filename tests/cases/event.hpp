// An event of a case as bytes: the context, and the memory that its addresses point into.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bytecode/interp.hpp"
#include "bytecode/result.hpp"
#include "tests/cases/case.hpp"

namespace cases {

// Texts and words at real addresses of this process, so that the kernel finds them too.
class Memory {
 public:
  Memory() = default;
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  uint64_t add(std::vector<uint8_t> bytes);
  // Bytes whose last one is the last that can be read.
  uint64_t add_at_edge(std::string_view bytes);

  // As Event::memory.
  std::optional<std::vector<uint8_t>> read(uint64_t address, uint32_t size) const;

 private:
  struct Pages {
    void* start;
    size_t bytes;
  };
  std::list<std::vector<uint8_t>> blocks_;
  std::vector<Pages> pages_;
  std::map<uint64_t, size_t> sizes_;  // of what starts at an address
};

// `memory` outlives the event.
bytecode::Result<bytecode::Event> make_event(const Case& a_case, const EventSpec& spec,
                                             Memory& memory);

}  // namespace cases
