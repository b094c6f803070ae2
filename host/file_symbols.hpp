// Names for addresses in one program or library: from its symbol tables, its debug information and
// the files that those may lie in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/elf.hpp"
#include "host/frame_pointers.hpp"
#include "host/line_info.hpp"

namespace host {

// What a stack shows for one address: the function, before it those that were inlined there.
struct FileFrames {
  std::vector<std::string> text;  // innermost first
  bool is_named = false;          // else it is the address and the file
};

class FileSymbols {
 public:
  // Maps the file; its symbols are read when they are asked for. `shown` is what frames call it,
  // a base name: `path` may be one that only we know it by.
  static bytecode::Result<std::shared_ptr<FileSymbols>> open(const std::string& path,
                                                             std::string_view shown);

  // An offset in the file as an address of its own numbering.
  std::optional<uint64_t> address_of(uint64_t offset) const { return file_.address_of(offset); }
  // "main+0x1d (app.c:12)", "malloc+0x19 [libc.so.6]", "0x1234 [app]". A return address means the
  // call before it, and is shown as it is. Valid until the next question.
  const FileFrames& frames(uint64_t address, bool is_return);
  // Whether the kernel can follow a stack through it.
  FramePointers frame_pointers();
  // Whether it has any symbols at all.
  bool has_symbols();
  // What it holds in memory, about, beside what is mapped of the file.
  size_t bytes() const;

  const ElfImage& image() const { return file_.image(); }
  const std::string& shown() const { return shown_; }

 private:
  // A function of a table; 16 bytes, for there may be a million.
  struct Symbol {
    uint64_t address = 0;
    uint32_t name = 0;       // in its table's strings
    uint32_t size : 31 = 0;  // 0: until the next symbol
    uint32_t table : 1 = 0;
  };
  struct Table {
    ElfImage image;
    size_t strings = 0;
  };
  struct Ranked;

  FileSymbols(ElfFile file, std::string_view shown) : file_(std::move(file)), shown_(shown) {}
  void load();
  bool add_table(const ElfImage& image, uint32_t type, std::vector<Ranked>& into);
  const Symbol* symbol_at(uint64_t address) const;
  FileFrames look_up(uint64_t address, bool is_return);

  ElfFile file_;
  std::string shown_;
  bool is_loaded_ = false, has_tried_lines_ = false;
  std::vector<Table> tables_;  // two at most
  std::vector<Symbol> symbols_;
  std::optional<LineInfo> lines_;
  std::optional<FramePointers> frame_pointers_;
  std::unordered_map<uint64_t, FileFrames> known_;  // by twice the address, plus 1 for returns
  size_t known_bytes_ = 0;
};

}  // namespace host
