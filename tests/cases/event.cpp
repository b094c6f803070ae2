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

constexpr size_t kContextMax = 96;              // the most that a test run of the kernel takes
constexpr uint64_t kUnreadable = VM_NULL_PAGE;  // the first address that is no null pointer

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
    if (name == "site") return &event_.site;
    return nullptr;
  }

  const Field* find(const std::string& name) const {
    if (name == "retval") return case_.schema.has_retval ? &case_.schema.retval : nullptr;
    for (const std::vector<Field>* fields : {&case_.schema.registers, &case_.schema.regs})
      for (const Field& field : *fields)
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
    if (value.name == "task" && case_.schema.task != 0) {
      uint64_t address = 0;
      if (!store(case_.schema.task, *parsed, reinterpret_cast<uint8_t*>(&address)))
        return wrong("not a value of the task's type");
      event_.task = address;
      return bytecode::Nothing{};
    }
    if (value.name == "kstack" || value.name == "ustack") {
      const auto* list = parsed->get_if<bytecode::List>();
      std::vector<uint64_t>& stack =
          value.name == "kstack" ? event_.kernel_stack : event_.user_stack;
      for (const Value& address : list ? *list : bytecode::List())
        if (const auto* at = address.get_if<int64_t>()) stack.push_back(static_cast<uint64_t>(*at));
      return bytecode::Nothing{};
    }
    if (value.name == "time" && number != nullptr) {
      event_.time = static_cast<uint64_t>(*number);
      return bytecode::Nothing{};
    }
    if (value.name == "cgroup" && number != nullptr) {
      event_.cgroup = static_cast<uint64_t>(*number);
      return bytecode::Nothing{};
    }
    if (field == nullptr) {
      if (value.name == "comm" && text != nullptr)
        event_.comm = *text;
      else if (uint32_t* task = task_number(value.name); task != nullptr && number != nullptr)
        *task = static_cast<uint32_t>(*number);
      else
        return wrong("no field has the name " + value.name);
      return bytecode::Nothing{};
    }
    if (field->ctype != 0 && field->deref.empty())
      return store(field->ctype, *parsed, event_.context.data() + field->offset)
                 ? Status(bytecode::Nothing{})
                 : wrong("not a value of its type: " + value.name);
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

  // A value as C has it, with what its pointers point to in memory.
  bool store(bytecode::TypeId type, const Value& value, uint8_t* to) {
    const bytecode::CType c = case_.types->describe(type);
    const auto* number = value.get_if<int64_t>();
    const auto* text = value.get_if<std::string>();
    const auto* record = value.get_if<bytecode::Record>();
    const auto* list = value.get_if<bytecode::List>();
    int64_t word = number != nullptr ? *number : 0;
    if (const bool* flag = value.get_if<bool>()) word = *flag;
    bool is_good = number != nullptr || value.get_if<bool>() != nullptr;
    if (c.kind == bytecode::CKind::structure) return record && store_members(type, *record, to);
    if (c.kind == bytecode::CKind::array) {
      const uint32_t size = case_.types->describe(c.of).size;
      if (text != nullptr && text->size() <= c.size) std::memcpy(to, text->data(), text->size());
      if (text != nullptr || list == nullptr) return text != nullptr;
      is_good = list->size() <= c.count;
      for (size_t i = 0; is_good && i < list->size(); ++i)
        is_good = store(c.of, (*list)[i], to + i * size);
      return is_good;
    }
    if (c.kind == bytecode::CKind::enumeration && text != nullptr) {
      for (const auto& [known, name] : case_.types->enumerators(type))
        if (name == *text) word = known, is_good = true;
    } else if (c.kind == bytecode::CKind::pointer && !is_good) {
      is_good = true;
      std::vector<uint8_t> block;
      const uint32_t size = case_.types->describe(c.of).size;
      if (text != nullptr) {
        block.assign(text->c_str(), text->c_str() + text->size() + 1);
      } else if (list != nullptr) {
        block.resize(list->size() * size + sizeof word);  // a null one behind them
        for (size_t i = 0; is_good && i < list->size(); ++i)
          is_good = store(c.of, (*list)[i], block.data() + i * size);
      } else {
        block.resize(size);
        is_good = store(c.of, value, block.data());
      }
      if (is_good) word = static_cast<int64_t>(memory_.add(std::move(block)));
    }
    if (is_good) std::memcpy(to, &word, c.size);
    return is_good;
  }

  bool store_members(bytecode::TypeId type, const bytecode::Record& record, uint8_t* to) {
    for (const auto& [name, value] : record) {
      const std::optional<bytecode::CMember> member = case_.types->member(type, name);
      if (!member) return false;
      if (member->bit_size == 0) {
        if (!store(member->type, value, to + member->bit_offset / 8)) return false;
        continue;
      }
      const auto* number = value.get_if<int64_t>();
      if (number == nullptr) return false;
      for (uint32_t i = 0; i < member->bit_size; ++i) {
        const uint32_t bit = member->bit_offset + i;
        if ((*number >> i & 1) != 0) to[bit / 8] |= static_cast<uint8_t>(1u << bit % 8);
      }
    }
    return true;
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
      case FieldKind::structure:
      case FieldKind::constant:
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
