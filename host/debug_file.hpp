// Where what a linker or a distribution took out of a program is kept: its separate debug file, and
// the symbols that it still carries, compressed.
#pragma once

#include <optional>

#include "host/elf_image.hpp"

namespace host {

// The debug file that the build id or .gnu_debuglink of `image` names, where it is installed and
// belongs to it. A file of another root (/proc/PID/root/...) has its own there.
std::optional<ElfImage> find_debug_file(const ElfImage& image);

// The ELF file in .gnu_debugdata ("MiniDebugInfo"): a symbol table, compressed with xz.
std::optional<ElfImage> find_mini_debug(const ElfImage& image);

// What /proc/PID/root/... begins with, without the last slash; empty for other paths.
std::string_view root_of(std::string_view path);

}  // namespace host
