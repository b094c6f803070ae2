#include "host/tracefs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>

#include "host/private_mount.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Error;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Result;
using bytecode::Schema;

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

// Takes the text up to the next `end` off the front of `text`.
std::string_view take(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trim(part);
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool is_char(std::string_view type) {
  constexpr std::string_view qualifier = "const ";
  if (type.starts_with(qualifier)) type.remove_prefix(qualifier.size());
  return type == "char" || type == "signed char";
}

// "char comm[16]" and "__data_loc char[] name" into a name, a type and a kind.
Field declare(std::string_view declaration) {
  Field field;
  std::string_view dimension;
  const size_t open = declaration.rfind('[');
  if (declaration.ends_with(']') && open != std::string_view::npos) {
    dimension = declaration.substr(open);
    declaration = trim(declaration.substr(0, open));
  }
  size_t start = declaration.size();
  while (start > 0 && is_identifier(declaration[start - 1])) --start;
  field.name = declaration.substr(start);
  std::string_view type = trim(declaration.substr(0, start));
  field.type = std::string(type) + std::string(dimension);

  constexpr std::string_view dynamic = "__data_loc ";
  if (type.starts_with(dynamic)) {
    type = trim(type.substr(dynamic.size()));
    field.kind = type == "char[]" ? FieldKind::data_loc : FieldKind::array;
  } else if (type.starts_with("__rel_loc ")) {
    field.kind = FieldKind::array;
  } else if (!dimension.empty()) {
    field.kind = is_char(type) ? FieldKind::char_array : FieldKind::array;
  } else if (type.ends_with('*')) {
    // "const char *" points at text; "const char *const *" and "char **" do not.
    const std::string_view pointee = trim(type.substr(0, type.size() - 1));
    field.kind = is_char(pointee) ? FieldKind::string : FieldKind::address;
  }
  return field;
}

// "field:TYPE NAME; offset:N; size:N; signed:N;". Nothing where it is not a field's line.
std::optional<Field> parse_field(std::string_view line) {
  constexpr std::string_view prefix = "field:";
  if (!line.starts_with(prefix)) return std::nullopt;
  line.remove_prefix(prefix.size());
  Field field = declare(take(line, ';'));
  bool placed = false, sized = false;
  while (!line.empty()) {
    std::string_view value = take(line, ';');
    const std::string_view key = take(value, ':');
    const std::optional<uint32_t> parsed = number(trim(value));
    if (!parsed) continue;
    if (key == "offset") {
      field.offset = *parsed;
      placed = true;
    } else if (key == "size") {
      field.size = *parsed;
      sized = true;
    } else if (key == "signed") {
      field.is_signed = *parsed != 0;
    }
  }
  if (!placed || !sized || field.name.empty()) return std::nullopt;
  const bool word = field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
  // A struct by value has no word to load, and an array that the file gives no size no text.
  if (field.kind == FieldKind::integer && !word) field.kind = FieldKind::array;
  if (field.kind == FieldKind::char_array && field.size == 0) field.kind = FieldKind::array;
  return field;
}

struct Width {
  std::string_view type;
  uint32_t size;
  bool is_signed;
};

// The C type of a syscall's argument. Its tracepoint gives every argument a whole register, whose
// upper half is noise where the type is narrower: openat's dfd of -100 lies there as 0xffffff9c.
constexpr Width narrow_types[] = {
    {"int", 4, true},
    {"unsigned int", 4, false},
    {"unsigned", 4, false},
    {"pid_t", 4, true},
    {"uid_t", 4, false},
    {"gid_t", 4, false},
    {"umode_t", 2, false},
    {"mode_t", 2, false},
    {"u32", 4, false},
    {"__u32", 4, false},
    {"s32", 4, true},
    {"__s32", 4, true},
    {"clockid_t", 4, true},
    {"timer_t", 4, true},
    {"mqd_t", 4, true},
    {"key_t", 4, true},
    {"key_serial_t", 4, true},
    {"qid_t", 4, false},
    {"rwf_t", 4, true},
    {"short", 2, true},
    {"unsigned short", 2, false},
    {"char", 1, true},
    {"unsigned char", 1, false},
};
constexpr std::string_view signed_words[] = {"long", "loff_t", "off_t", "ssize_t", "__s64", "s64"};

void narrow_argument(Field& field) {
  if (field.kind != FieldKind::integer) return;
  std::string_view type = field.type;
  if (type.starts_with("const ")) type.remove_prefix(6);
  if (type.starts_with("enum ")) type = "unsigned int";
  for (const Width& width : narrow_types) {
    if (width.type != type) continue;
    field.size = width.size;
    field.is_signed = width.is_signed;
  }
  for (std::string_view word : signed_words)
    if (word == type) field.is_signed = true;
}

// In a syscall's event, a header of 16 bytes comes before the six argument words.
constexpr uint32_t syscall_header = 16;
constexpr uint32_t syscall_words = 6;

}  // namespace

Result<Format> parse_format(std::string_view text) {
  Format format;
  bool has_id = false;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (line.starts_with("ID:")) {
      if (const auto id = number(trim(line.substr(3)))) {
        format.id = *id;
        has_id = true;
      }
    } else if (auto field = parse_field(line)) {
      // `__syscall_nr` and the copies that newer kernels append (`__filename_val`) are the tracer's
      // own and not in what a BPF program sees.
      if (field->name.starts_with("common_") || field->name.starts_with("__")) continue;
      format.fields.push_back(std::move(*field));
    }
  }
  if (!has_id) {
    Error error;
    error.kind = bytecode::ErrorKind::system;
    error.message = "a tracepoint's format file has no ID";
    return error;
  }
  return format;
}

Schema tracepoint_schema(std::string_view category, std::string_view event, const Format& format) {
  Schema schema;
  schema.target = "tracepoint:" + std::string(category) + ":" + std::string(event);
  schema.args = format.fields;
  const bool syscall = category == "syscalls";
  if (syscall && event.starts_with("sys_enter_")) {
    for (Field& field : schema.args) narrow_argument(field);
    for (uint32_t i = 0; i < syscall_words; ++i) {
      Field word;
      word.name = "arg" + std::to_string(i);
      word.offset = syscall_header + 8 * i;
      word.type = "unsigned long";
      schema.registers.push_back(std::move(word));
    }
    return schema;
  }
  for (const Field& field : schema.args) {
    Field copy = field;
    copy.name = "arg" + std::to_string(schema.registers.size());
    schema.registers.push_back(std::move(copy));
  }
  if (syscall) {
    if (const Field* ret = schema.find_arg("ret")) {
      schema.has_retval = true;
      schema.retval = *ret;
      schema.retval.name = "retval";
    }
  }
  return schema;
}

Result<Tracefs> Tracefs::open() {
  constexpr const char* paths[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
  int denied = 0;
  for (const char* path : paths) {
    Fd root(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct statfs info = {};
    if (!root || fstatfs(root.get(), &info) != 0 || info.f_type != TRACEFS_MAGIC) continue;
    Fd events(openat(root.get(), "events", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (events) return Tracefs(std::move(events));
    denied = errno;
  }
  const Fd mount = private_mount("tracefs");
  const bool is_mounted = denied != 0;
  if (mount) {
    Fd events(openat(mount.get(), "events", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (events) return Tracefs(std::move(events));
  }
  if (!is_mounted) denied = errno;
  Error error = refusal("read tracefs, which lists the kernel's tracepoints", denied);
  if (!is_mounted && missing_capabilities().empty())
    error.hint = "mount it: mount -t tracefs tracefs /sys/kernel/tracing";
  else if (!is_mounted)
    error.hint = "run nu as root, or mount it: sudo mount -t tracefs tracefs /sys/kernel/tracing";
  return error;
}

Result<Format> Tracefs::format(std::string_view category, std::string_view event) const {
  const std::string path = std::string(category) + "/" + std::string(event) + "/format";
  const Fd file(openat(root_.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return refusal("read the format of " + path, errno);
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t n = 0;
  while ((n = read(file.get(), buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<size_t>(n));
  if (n < 0) return refusal("read the format of " + path, errno);
  return parse_format(text);
}

Fd Tracefs::open_file(const std::string& name) const {
  return Fd(openat(root_.get(), ("../" + name).c_str(), O_RDONLY | O_CLOEXEC));
}

bool Tracefs::has_event(std::string_view category, std::string_view event) const {
  if (category.empty() || event.empty() || category.front() == '.' || event.front() == '.')
    return false;
  if (category.find('/') != std::string_view::npos || event.find('/') != std::string_view::npos)
    return false;
  const std::string path = std::string(category) + "/" + std::string(event) + "/format";
  return faccessat(root_.get(), path.c_str(), F_OK, 0) == 0;
}

std::vector<std::string> Tracefs::list(const std::string& path) const {
  std::vector<std::string> names;
  const int fd = openat(root_.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = fd >= 0 ? fdopendir(fd) : nullptr;
  if (directory == nullptr) {
    if (fd >= 0) close(fd);
    return names;
  }
  while (const dirent* entry = readdir(directory))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Tracefs::categories() const { return list("."); }

std::vector<std::string> Tracefs::events(std::string_view category) const {
  return list(std::string(category));
}

}  // namespace host
