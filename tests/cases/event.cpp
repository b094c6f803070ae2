#include "tests/cases/event.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace cases {
namespace {

using bytecode::Error;
using bytecode::Event;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Result;
using bytecode::Status;
using bytecode::Value;

constexpr size_t kContextMax = 96;      // the most that a test run of the kernel takes
constexpr uint64_t kUnreadable = 0x10;  // in the first page, which nobody has

class Maker {
 public:
  Maker(const Case& a_case, const EventSpec& spec, Memory& memory)
      : case_(a_case), spec_(spec), memory_(memory) {}

  Result<Event> make() {
    event_.pid = event_.tid = 1234;
    event_.comm = "case";
    event_.time = 1'000'000'000;
    event_.context.resize(case_.fixed_bytes);
    event_.memory = [&memory = memory_](uint64_t address, uint32_t size) {
      return memory.read(address, size);
    };
    for (const FieldValue& value : spec_.values)
      if (Status status = apply(value); !status) return status.error();
    event_.context.resize((event_.context.size() + 7) / 8 * 8);
    if (event_.context.size() > kContextMax) return wrong("the context is over 96 bytes");
    return std::move(event_);
  }

 private:
  Error wrong(const std::string& what) const {
    Error error;
    error.message = case_.path + ":" + std::to_string(spec_.line) + ": " + what;
    return error;
  }

  uint32_t* task_number(const std::string& name) {
    if (name == "pid") return &event_.pid;
    if (name == "tid") return &event_.tid;
    if (name == "uid") return &event_.uid;
    if (name == "gid") return &event_.gid;
    if (name == "cpu") return &event_.cpu;
    return nullptr;
  }

  const Field* find(const std::string& name) const {
    if (name == "retval") return case_.schema.has_retval ? &case_.schema.retval : nullptr;
    for (const Field& field : case_.schema.registers)
      if (field.name == name) return &field;
    return case_.schema.find_arg(name);
  }

  void put(const Field& field, const void* bytes, size_t size) {
    std::memcpy(event_.context.data() + field.offset, bytes, size);
  }

  Status apply(const FieldValue& value) {
    const Field* field = find(value.name);
    const bool edge = value.text.starts_with("edge ");
    if (value.text == "unreadable") {
      if (field == nullptr) return wrong("no field has the name " + value.name);
      put(*field, &kUnreadable, sizeof kUnreadable);
      return bytecode::Nothing{};
    }
    const Result<Value> parsed = parse_value(std::string_view(value.text).substr(edge ? 5 : 0), {});
    if (!parsed) return wrong(parsed.error().message);
    const auto* number = parsed->get_if<int64_t>();
    const auto* text = parsed->get_if<std::string>();
    if (field == nullptr) {
      if (value.name == "comm" && text != nullptr)
        event_.comm = *text;
      else if (uint32_t* task = task_number(value.name); task != nullptr && number != nullptr)
        *task = static_cast<uint32_t>(*number);
      else
        return wrong("no field has the name " + value.name);
      return bytecode::Nothing{};
    }
    if (number != nullptr) return put_number(*field, *number);
    if (text != nullptr) return put_text(*field, *text, edge);
    return wrong("a field is a number or a text: " + value.name);
  }

  Status put_number(const Field& field, int64_t number) {
    if (field.kind == FieldKind::char_array || field.kind == FieldKind::data_loc)
      return wrong("the field is a text: " + field.name);
    if (field.deref.empty()) {
      put(field, &number, field.size);
      return bytecode::Nothing{};
    }
    // From the integer back to the context, each block named by the one before it.
    uint64_t word = static_cast<uint64_t>(number);
    size_t size = field.size;
    for (auto offset = field.deref.rbegin(); offset != field.deref.rend(); ++offset) {
      std::vector<uint8_t> block(static_cast<size_t>(*offset) + size);
      std::memcpy(block.data() + *offset, &word, size);
      word = memory_.add(std::move(block));
      size = sizeof word;
    }
    put(field, &word, sizeof word);
    return bytecode::Nothing{};
  }

  Status put_text(const Field& field, const std::string& text, bool edge) {
    switch (field.kind) {
      case FieldKind::char_array:
        if (text.size() > field.size) return wrong("the text is longer than its array");
        put(field, text.data(), text.size());
        return bytecode::Nothing{};
      case FieldKind::data_loc: {
        const auto length = static_cast<uint32_t>(text.size() + 1);
        const auto offset = static_cast<uint32_t>(event_.context.size());
        const uint32_t word = length << 16 | offset;
        put(field, &word, sizeof word);
        event_.context.insert(event_.context.end(), text.c_str(), text.c_str() + length);
        return bytecode::Nothing{};
      }
      case FieldKind::string:
      case FieldKind::address: {
        const uint64_t address = edge ? memory_.add_at_edge(text)
                                      : memory_.add({text.c_str(), text.c_str() + text.size() + 1});
        put(field, &address, sizeof address);
        return bytecode::Nothing{};
      }
      case FieldKind::integer:
      case FieldKind::array:
        break;
    }
    return wrong("the field is no text: " + field.name);
  }

  const Case& case_;
  const EventSpec& spec_;
  Memory& memory_;
  Event event_;
};

}  // namespace

Memory::~Memory() {
  for (const Pages& pages : pages_) munmap(pages.start, pages.bytes);
}

uint64_t Memory::add(std::vector<uint8_t> bytes) {
  const std::vector<uint8_t>& block = blocks_.emplace_back(std::move(bytes));
  const auto address = reinterpret_cast<uint64_t>(block.data());
  sizes_[address] = block.size();
  return address;
}

uint64_t Memory::add_at_edge(std::string_view bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t readable = (bytes.size() + page - 1) / page * page;
  void* start =
      mmap(nullptr, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return kUnreadable;
  pages_.push_back({start, readable + page});
  auto* text = static_cast<uint8_t*>(start) + readable - bytes.size();
  std::memcpy(text, bytes.data(), bytes.size());
  mprotect(static_cast<uint8_t*>(start) + readable, page, PROT_NONE);
  const auto address = reinterpret_cast<uint64_t>(text);
  sizes_[address] = bytes.size();
  return address;
}

std::optional<std::vector<uint8_t>> Memory::read(uint64_t address, uint32_t size) const {
  auto after = sizes_.upper_bound(address);
  if (after == sizes_.begin()) return {};
  const auto& [start, bytes] = *std::prev(after);
  const uint64_t offset = address - start;
  if (offset >= bytes) return {};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the context holds addresses as numbers
  const auto* from = reinterpret_cast<const uint8_t*>(start) + offset;
  return std::vector<uint8_t>(from, from + std::min<uint64_t>(size, bytes - offset));
}

Result<Event> make_event(const Case& a_case, const EventSpec& spec, Memory& memory) {
  return Maker(a_case, spec, memory).make();
}

}  // namespace cases
