// Programs and libraries as uprobes see them: which file a word means, and where in the file a
// function begins.
//
// A uprobe is a file and an offset in it, not an address: a symbol's address goes through the
// segment that holds it, which is the identity for no position-independent executable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/result.hpp"
#include "host/elf_image.hpp"

namespace host {

struct ElfSymbol {
  std::string_view name;     // as the file has it, without its version; of its ElfFile
  std::string_view version;  // "GLIBC_2.2.5", or empty
  bool is_default = true;    // the version that a plain name means: name@@VERSION
  bool is_resolver = false;  // an ifunc: runs once, to choose the function
  uint64_t address = 0;      // in the file's own numbering, which debug information uses as well
  uint64_t offset = 0;       // in the file
  uint64_t size = 0;
};

// An open ELF file of this machine's kind, and all its functions: of both of its symbol tables, or,
// where it is stripped, of its debug file and of the table that it keeps compressed. The tables are
// read when a function is first asked for.
class ElfFile {
 public:
  static bytecode::Result<ElfFile> open(const std::string& path);

  // The functions that a word means, each place once, in the order of the tables: a name, plain or
  // demangled; `name@VERSION`; else a glob of either spelling. Of a name's versions the default one
  // alone; of several functions of one name (static ones) all.
  std::vector<const ElfSymbol*> find_all(std::string_view word) const;
  // The first of them.
  const ElfSymbol* find(std::string_view word) const;
  // The function that an address lies in.
  const ElfSymbol* at(uint64_t address) const;

  // The offset of a virtual address as the symbol table and disassemblers give it, where code lies;
  // of data only with `any`.
  std::optional<uint64_t> offset_of(uint64_t address, bool any = false) const;
  std::optional<uint64_t> address_of(uint64_t offset) const;
  // The address of `main` in an executable without its symbol table: the entry point hands it to
  // libc.
  std::optional<uint64_t> main_address() const;

  // Every function's name, once, as people write it: demangled and without parameters.
  std::vector<std::string> names() const;
  const std::string& path() const { return image_.path(); }
  const ElfImage& image() const { return image_; }

 private:
  struct Segment {
    uint64_t address = 0, offset = 0, size = 0;
    bool executable = false;
  };
  struct Tables {
    bool read = false;
    std::vector<ElfImage> others;  // that names point into
    std::vector<ElfSymbol> symbols;
  };

  const std::vector<ElfSymbol>& symbols() const;
  bool add_symbols(const ElfImage& image) const;

  ElfImage image_;
  bool is_program_ = false;  // it has an interpreter or is linked to run by itself
  uint64_t entry_ = 0;
  std::vector<Segment> segments_;
  std::shared_ptr<Tables> tables_ = std::make_shared<Tables>();
};

// The file that a user's word means: a path as it is, a program of $PATH, or a library by its bare
// name ("libc", "libssl.so.3"), from the dynamic linker's cache, then the usual folders. After
// /proc/PID/root/ a bare name is a library as that process sees it.
std::optional<std::string> find_binary(std::string_view word);

// The names of libraries in a dynamic linker's cache (ld.so.cache), with their paths. Pure.
std::vector<std::pair<std::string, std::string>> parse_library_cache(std::string_view bytes);

}  // namespace host
