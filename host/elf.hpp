// Programs and libraries as uprobes see them: which file a word means, and where in the file a
// function begins.
//
// A uprobe is a file and an offset in it, not an address: a symbol's address goes through the
// segment that holds it, which is the identity for no position-independent executable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"

namespace host {

struct ElfSymbol {
  std::string name;          // without its version
  std::string version;       // "GLIBC_2.2.5", or empty
  bool is_default = true;    // the version that a plain name means: name@@VERSION
  bool is_resolver = false;  // an ifunc: runs once, to choose the function
  uint64_t offset = 0;       // in the file
  uint64_t size = 0;
};

// An open ELF file of this machine's kind, and all its functions.
class ElfFile {
 public:
  static bytecode::Result<ElfFile> open(const std::string& path);

  // `name`, or `name@VERSION`.
  const ElfSymbol* find(std::string_view name) const;
  // The offset of a virtual address as the symbol table and disassemblers give it.
  std::optional<uint64_t> offset_of(uint64_t address) const;
  // `main` of an executable without its symbol table: the entry point hands it to libc.
  std::optional<uint64_t> main_offset() const;

  std::vector<std::string> names() const;
  const std::string& path() const { return path_; }

 private:
  struct Segment {
    uint64_t address = 0, offset = 0, size = 0;
    bool executable = false;
  };

  std::string path_;
  uint16_t machine_ = 0;
  bool is_program_ = false;  // it has an interpreter or is linked to run by itself
  uint64_t entry_ = 0;
  std::vector<uint8_t> entry_code_;
  std::vector<Segment> segments_;
  std::vector<ElfSymbol> symbols_;
};

// The file that a user's word means: a path as it is, a program of $PATH, or a library by its bare
// name ("libc", "libssl.so.3"), from the dynamic linker's cache, then the usual folders.
std::optional<std::string> find_binary(std::string_view word);

// The names of libraries in a dynamic linker's cache (ld.so.cache), with their paths. Pure.
std::vector<std::pair<std::string, std::string>> parse_library_cache(std::string_view bytes);

}  // namespace host
