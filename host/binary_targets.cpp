#include "host/binary_targets.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

#include "bytecode/suggest.hpp"
#include "host/call_fields.hpp"
#include "host/dwarf.hpp"
#include "host/elf.hpp"
#include "host/refusal.hpp"
#include "host/symbol_names.hpp"
#include "host/target.hpp"
#include "host/usdt.hpp"

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

std::string hexadecimal(uint64_t number) {
  std::array<char, 24> text = {};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

bytecode::Error about_symbol(bytecode::Error error) {
  error.subject = "symbol";
  return error;
}

bytecode::Error missing_symbol(const ElfFile& file, std::string_view symbol) {
  const std::vector<std::string> names = file.names();
  std::string hint = bytecode::did_you_mean(symbol, names);
  if (hint.empty() && names.empty())
    hint = "the file is stripped: give an address of objdump -d, like 0x11d0, with --unsafe";
  else if (hint.empty())
    hint = "bpf-targets --path " + file.path() + " lists its functions";
  return no_target("there is no function " + std::string(symbol) + " in " + file.path(), hint);
}

// A function, or a place in one.
struct Place {
  std::string name;  // as the target shows it
  std::string function;
  uint64_t address = 0, offset = 0;
  bool is_entry = false;  // where the calling convention still holds, as far as the symbols tell
  const ElfSymbol* symbol = nullptr;  // that it lies in
  std::string note = {};
};

std::string shown(const ElfSymbol& symbol) {
  std::string name = demangled(symbol.name);
  if (!symbol.is_default) name.append(1, '@').append(symbol.version);
  return name;
}

Result<std::vector<Place>> places_of(const ElfFile& file, std::string_view word) {
  if (const auto address = parse_number(word)) {
    const auto offset = file.offset_of(*address);
    if (!offset)
      return no_target("no code lies at " + std::string(word) + " in " + file.path(),
                       "give an address as objdump -d shows it");
    const ElfSymbol* symbol = file.at(*address);
    const bool is_entry = symbol == nullptr || symbol->address == *address;
    return std::vector{Place{.name = std::string(word),
                             .function = symbol == nullptr ? "" : shown(*symbol),
                             .address = *address,
                             .offset = *offset,
                             .is_entry = is_entry,
                             .symbol = symbol}};
  }
  uint64_t extra = 0;
  std::string_view name = word;
  // "operator+" has no number after it.
  std::vector<const ElfSymbol*> found = file.find_all(word);
  if (const size_t plus = word.rfind('+'); found.empty() && plus != std::string_view::npos) {
    const auto parsed = parse_number(word.substr(plus + 1));
    if (!parsed)
      return no_target("`" + std::string(word.substr(plus + 1)) + "` is not an offset",
                       "write it as a number: main+0x4");
    extra = *parsed;
    name = word.substr(0, plus);
    found = file.find_all(name);
  }
  std::vector<Place> places;
  std::set<std::string> names;
  std::string tail = extra == 0 ? "" : "+" + hexadecimal(extra);
  for (const ElfSymbol* symbol : found) {
    if (extra != 0 && symbol->size != 0 && extra >= symbol->size) {
      if (found.size() > 1) continue;
      return no_target(std::string(word) + " lies past the end of " + std::string(name),
                       std::string(name) + " has " + std::to_string(symbol->size) + " bytes");
    }
    const std::string function = shown(*symbol);
    const uint64_t address = symbol->address + extra;
    Place place = {.name = function + tail,
                   .function = function,
                   .address = address,
                   .offset = symbol->offset + extra,
                   .is_entry = extra == 0,
                   .symbol = symbol};
    // Static functions may share a name; their addresses they do not.
    if (!names.insert(place.name).second) place.name = hexadecimal(address);
    if (symbol->is_resolver)
      place.note = function + " is chosen when the program starts (an ifunc): this probe sees " +
                   "that choice, not the calls";
    places.push_back(std::move(place));
  }
  if (!places.empty()) return places;
  const auto address = name == "main" ? file.main_address() : std::nullopt;
  const auto offset = address ? file.offset_of(*address + extra) : std::nullopt;
  if (!offset) return missing_symbol(file, name);
  return std::vector{
      Place{.name = "main" + tail,
            .function = "main",
            .address = *address + extra,
            .offset = *offset,
            .is_entry = extra == 0,
            .note = "the program has no symbols: main was found through its entry point"}};
}

// A breakpoint inside an instruction is part of it: the program goes on and does something else.
// The kernel looks at no more than the place itself.
Status refuse_unknown_start(const Place& place, const Dwarf* dwarf) {
  // Where an address has no symbol, nothing says that it is a function's.
  if (place.is_entry && !place.function.empty()) return bytecode::Nothing{};
#if defined(__aarch64__)
  if (place.address % 4 == 0) return bytecode::Nothing{};  // all instructions have four bytes
#endif
  constexpr uint64_t far = 4096;  // of a symbol without a size, and where there is no symbol
  const ElfSymbol* symbol = place.symbol;
  const uint64_t low = symbol == nullptr ? place.address : symbol->address;
  const uint64_t size = symbol == nullptr || symbol->size == 0 ? far : symbol->size;
  std::vector<uint64_t> starts;
  if (dwarf != nullptr) starts = dwarf->instruction_starts(low, low + size);
  if (std::binary_search(starts.begin(), starts.end(), place.address)) return bytecode::Nothing{};
  std::erase(starts, low);
  std::string hint = "objdump -d shows the instructions; --unsafe takes the place as it is";
  if (symbol != nullptr && !starts.empty()) {
    constexpr size_t shown_most = 4;
    hint = "its line table knows";
    for (size_t i = 0; i < std::min(starts.size(), shown_most); ++i)
      hint += (i == 0 ? " " : ", ") + place.function + "+" + hexadecimal(starts[i] - low);
    hint += starts.size() > shown_most ? " ..." : "";
    hint += "; --unsafe takes the place as it is";
  }
  return no_target("nothing says that an instruction begins at " + place.name +
                       ", and a probe inside of one changes what the program does",
                   hint);
}

// Where the first word holds both: after its first colon, as the second may have more.
void split(std::string_view& file, std::string_view& rest) {
  if (!rest.empty()) return;
  const size_t colon = file.find(':');
  if (colon == std::string_view::npos) return;
  rest = file.substr(colon + 1);
  file = file.substr(0, colon);
}

Result<std::string> path_of(std::string_view file) {
  if (auto path = find_binary(file)) return *path;
  return no_target("there is no program or library " + std::string(file),
                   file.find('/') == std::string_view::npos
                       ? "it is neither in $PATH nor a library that the linker knows"
                       : "check the path");
}

Target make_target(Kind kind, const std::string& path, const std::string& name, uint64_t offset) {
  Target target;
  target.kind = target.attach_kind = kind;
  target.path = path;
  target.offset = offset;
  target.text = path + ":" + name;
  target.schema.target = std::string(kind_name(kind)) + ":" + target.text;
  target.schema.probe = target.schema.target;
  return target;
}

void describe(const std::shared_ptr<const Dwarf>& dwarf, const Place& place, Target& target) {
  const bool is_return = target.kind == Kind::uretprobe;
  bytecode::Schema& schema = target.schema;
  if (is_return) {
    schema.has_retval = true;
    schema.retval = plain_result();
  } else {
    schema.registers = call_registers();
  }
  if (!dwarf) return;
  schema.types = dwarf;
  if (!place.is_entry) return;
  const std::optional<DwarfFunction> function = dwarf->function_at(place.address);
  if (!function) return;
  CallFields fields = call_fields(*dwarf, *function);
  if (is_return)
    schema.retval = std::move(fields.retval);
  else
    schema.args = std::move(fields.args);
}

}  // namespace

Result<std::vector<Target>> uprobe_targets(Kind kind, std::string_view file,
                                           std::string_view symbol, bool is_unsafe) {
  split(file, symbol);
  if (symbol.empty())
    return no_target("a " + std::string(kind_name(kind)) + " needs a function as well",
                     "bpf-" + std::string(kind_name(kind)) + " /usr/bin/curl main {...}");
  const Result<std::string> path = path_of(file);
  if (!path) return path.error();
  const Result<ElfFile> binary = ElfFile::open(*path);
  if (!binary) return binary.error();
  Result<std::vector<Place>> places = places_of(*binary, symbol);
  if (!places) return about_symbol(std::move(places).error());
  std::shared_ptr<const Dwarf> dwarf;
  if (auto opened = Dwarf::open(*path)) dwarf = *opened;
  std::vector<Target> targets;
  for (const Place& place : *places) {
    if (kind == Kind::uretprobe && !place.is_entry)
      return about_symbol(no_target(place.name + " is not where a function begins",
                                    "a return probe needs the function itself" +
                                        (place.function.empty() ? "" : ": " + place.function)));
    if (!is_unsafe)
      if (Status safe = refuse_unknown_start(place, dwarf.get()); !safe)
        return about_symbol(std::move(safe).error());
    Target target = make_target(kind, *path, place.name, place.offset);
    target.note = place.note;
    target.schema.func = place.function;
    describe(dwarf, place, target);
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<std::vector<Target>> usdt_targets(std::string_view file, std::string_view probe) {
  split(file, probe);
  if (probe.empty())
    return no_target("a usdt needs a probe's name as well",
                     "bpf-usdt /usr/bin/python3 python:function__entry {...}");
  const Result<std::string> path = path_of(file);
  if (!path) return path.error();
  const Result<std::vector<UsdtPlace>> places = usdt_places(*path);
  if (!places) return places.error();
  const std::vector<const UsdtPlace*> found = find_usdt(*places, probe);
  if (found.empty()) {
    std::vector<std::string> names;
    for (const UsdtPlace& place : *places) names.push_back(place.provider + ":" + place.name);
    std::string hint = bytecode::did_you_mean(probe, names);
    if (names.empty())
      hint = "the file has none at all; perhaps a build without them, or one of its libraries does";
    else if (hint.empty())
      hint = "it has " + names.front() + (names.size() > 1 ? " and others" : "");
    return about_symbol(
        no_target("there is no probe " + std::string(probe) + " in " + *path, std::move(hint)));
  }
  const Result<ElfFile> binary = ElfFile::open(*path);
  std::shared_ptr<const Dwarf> dwarf;
  if (auto opened = Dwarf::open(*path)) dwarf = *opened;
  std::vector<Target> targets;
  for (const UsdtPlace* place : found) {
    Target target =
        make_target(Kind::usdt, *path, place->provider + ":" + place->name, place->offset);
    target.semaphore = place->semaphore;
    target.schema.args = place->args;
    target.schema.registers = place->args;
    target.schema.types = dwarf;
    if (const auto address = binary ? binary->address_of(place->offset) : std::nullopt)
      if (const ElfSymbol* symbol = binary->at(*address)) target.schema.func = shown(*symbol);
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace host
