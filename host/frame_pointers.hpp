// Whether a file's functions keep frame pointers, without which the kernel cannot follow a stack
// through them.
#pragma once

#include <cstdint>

#include "host/elf.hpp"

namespace host {

enum class FramePointers : uint8_t {
  kept,
  omitted,
  unknown,  // some of both, too few functions, or not a machine where the code says it
};

// Judged by how some hundred of the functions that .eh_frame_hdr lists begin, as a stripped file
// has that list as well: `mov %rsp, %rbp` stands in the first bytes of nearly all of them or of
// nearly none. A compiler may put it off in a function, hence the wide margin.
FramePointers frame_pointers_of(const ElfFile& file);

}  // namespace host
