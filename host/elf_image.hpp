// An open ELF file: the handle of libelf and what it stands on, shared by what was read from it.
#pragma once

#include <libelf.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "host/fd.hpp"

namespace host {

class ElfImage {
 public:
  // A program, a library or a file of debug information of this machine. It is mapped, not read:
  // what nobody looks at costs nothing.
  static bytecode::Result<ElfImage> open(const std::string& path);
  // One that lies in memory; empty where the bytes are none.
  static std::optional<ElfImage> in_memory(std::vector<char> bytes);

  Elf* elf() const { return state_->elf.get(); }
  const std::string& path() const { return state_->path; }
  int fd() const { return state_->fd.get(); }
  // The first section of that name; null where there is none.
  Elf_Scn* section(std::string_view name) const;
  // Lower-case hexadecimal; empty where the linker left none.
  std::string build_id() const;

 private:
  struct ElfEnd {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  struct State {
    std::string path;
    std::vector<char> bytes;
    Fd fd;
    std::unique_ptr<Elf, ElfEnd> elf;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace host
