// Functions of programs and libraries: a file and an offset in it.
#include <charconv>
#include <cstdio>

#include "bytecode/suggest.hpp"
#include "host/elf.hpp"
#include "host/refusal.hpp"
#include "host/target.hpp"

namespace host {

namespace {

std::optional<uint64_t> parse_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bytecode::Error missing_symbol(const ElfFile& file, std::string_view symbol) {
  const std::vector<std::string> names = file.names();
  std::string hint = bytecode::did_you_mean(symbol, names);
  if (hint.empty() && names.empty())
    hint = "the file is stripped: give an address, like 0x11d0";
  else if (hint.empty())
    hint = "nm -D --defined-only " + file.path() + " lists its functions";
  return no_target("there is no function " + std::string(symbol) + " in " + file.path(), hint);
}

// Finds `symbol` in `file`: a name, a name and an offset, or an address.
Result<uint64_t> locate(const ElfFile& file, std::string_view symbol, std::string& note) {
  if (const auto address = parse_number(symbol)) {
    if (const auto offset = file.offset_of(*address)) return *offset;
    return no_target("no code lies at " + std::string(symbol) + " in " + file.path(),
                     "give an address as objdump -d shows it");
  }
  uint64_t extra = 0;
  std::string_view name = symbol;
  if (const size_t plus = symbol.find('+'); plus != std::string_view::npos) {
    const auto parsed = parse_number(symbol.substr(plus + 1));
    if (!parsed)
      return no_target(std::string(symbol.substr(plus + 1)) + " is not an offset",
                       "write it as a number: main+0x4");
    extra = *parsed;
    name = symbol.substr(0, plus);
  }
  if (const ElfSymbol* found = file.find(name)) {
    if (extra != 0 && found->size != 0 && extra >= found->size)
      return no_target(std::string(symbol) + " lies past the end of " + std::string(name),
                       std::string(name) + " has " + std::to_string(found->size) + " bytes");
    if (found->is_resolver)
      note = std::string(name) + " is chosen when the program starts (an ifunc): this probe sees " +
             "that choice, not the calls";
    return found->offset + extra;
  }
  if (name == "main") {
    if (const auto offset = file.main_offset()) {
      note = "the program has no symbols: main was found through its entry point";
      return *offset + extra;
    }
  }
  return missing_symbol(file, name);
}

Result<Target> resolve(Machine&, std::string_view target, std::string_view symbol) {
  if (symbol.empty()) {
    if (const size_t colon = target.rfind(':'); colon != std::string_view::npos) {
      symbol = target.substr(colon + 1);
      target = target.substr(0, colon);
    }
  }
  if (symbol.empty())
    return no_target("a uprobe needs a function as well", "bpf-uprobe /usr/bin/curl main {...}");
  const std::optional<std::string> path = find_binary(target);
  if (!path)
    return no_target("there is no program or library " + std::string(target),
                     target.find('/') == std::string_view::npos
                         ? "it is neither in $PATH nor a library that the linker knows"
                         : "check the path");
  Result<ElfFile> file = ElfFile::open(*path);
  if (!file) return std::move(file).error();
  Target result;
  Result<uint64_t> offset = locate(*file, symbol, result.note);
  if (!offset) {
    offset.error().subject = "symbol";
    return std::move(offset).error();
  }
  result.kind = result.attach_kind = Kind::uprobe;
  result.path = *path;
  result.offset = *offset;
  result.text = *path + ":" + std::string(symbol);
  result.schema.target = "uprobe:" + result.text;
  result.schema.registers = call_registers();
  return result;
}

Result<Link> attach(Machine&, const Target& target, const bpf_program* program, uint64_t cookie) {
  Result<Fd> event = open_probe_event("uprobe", target.path, target.offset);
  if (!event) return std::move(event).error();
  return link_perf_event(std::move(event).value(), program, cookie, target.text);
}

}  // namespace

// Every uprobe event has a list of programs of its own, so one program serves any number.
const KindRecord uprobe_kind = {Kind::uprobe, "vm_uprobe", false, resolve, attach};

}  // namespace host
