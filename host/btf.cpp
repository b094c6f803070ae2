// BTF through libbpf: where it is read from, and the questions about types. Names of types as C
// writes them are btf_parsed.cpp's.
#include "host/btf.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <elf.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "bytecode/suggest.hpp"
#include "host/btf_parsed.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::Error;
using bytecode::Result;
using bytecode::TypeId;

namespace {

const std::string kernel_file = "/sys/kernel/btf/vmlinux";

// Ids of declared types begin here; BTF itself has 20 bits for them.
constexpr TypeId first_declared = 0x8000'0000;

Error unreadable(const std::string& path, int error) {
  if (path == kernel_file && error == ENOENT) {
    Error missing = refusal("read the kernel's types", error);
    missing.message = "this kernel does not describe its types: there is no " + path;
    missing.hint =
        "name a file that does with --btf, or use a kernel built with "
        "CONFIG_DEBUG_INFO_BTF";
    return missing;
  }
  Error refused = refusal("read the types in " + path, error);
  if (refused.hint.empty())
    refused.hint = "it must be BTF, such as another machine's " + kernel_file +
                   " of the same kernel, or an ELF file with it";
  return refused;
}

// libbpf prints what it thinks of other files.
bool may_be_btf(const std::string& path) {
  unsigned char start[4] = {};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(start), sizeof start);
  const bool is_btf =
      (start[0] == 0x9f && start[1] == 0xeb) || (start[0] == 0xeb && start[1] == 0x9f);
  errno = EINVAL;
  return is_btf || std::memcmp(start, ELFMAG, SELFMAG) == 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Takes the qualifiers off the end of a declaration: "char *const" is "char *".
std::string_view without_qualifiers(std::string_view words) {
  constexpr std::string_view qualifiers[] = {"const",      "volatile", "restrict",
                                             "__restrict", "__user",   "__rcu"};
  for (bool found = true; found;) {
    found = false;
    words = trim(words);
    for (const std::string_view qualifier : qualifiers) {
      if (!words.ends_with(qualifier)) continue;
      const std::string_view rest = words.substr(0, words.size() - qualifier.size());
      if (!rest.ends_with(' ') && !rest.ends_with('*')) continue;
      words = rest;
      found = true;
    }
  }
  return words;
}

}  // namespace

struct Btf::Parsed : BtfParsed {
  using BtfParsed::BtfParsed;
};

Btf::Btf(std::string path, std::string module, std::shared_ptr<const Btf> base)
    : path_(std::move(path)), module_(std::move(module)), base_(std::move(base)) {}
Btf::~Btf() = default;

Result<std::shared_ptr<const Btf>> Btf::kernel(const std::string& file) {
  const std::string& path = file.empty() ? kernel_file : file;
  if (access(path.c_str(), R_OK) != 0) return unreadable(path, errno);
  std::shared_ptr<Btf> made(new Btf(path, {}, nullptr));
  made->self_ = made;
  // The kernel's own is right; a file may be anything.
  if (!file.empty() && (!may_be_btf(path) || !made->parsed())) return unreadable(path, errno);
  return std::shared_ptr<const Btf>(std::move(made));
}

Result<std::shared_ptr<const Btf>> Btf::module(std::string_view name) const {
  if (base_) return base_->module(name);
  const std::string path = path_.substr(0, path_.rfind('/') + 1) + std::string(name);
  if (name.find('/') != std::string_view::npos || access(path.c_str(), R_OK) != 0) {
    Error error = refusal("read the types of the module " + std::string(name), ENOENT);
    error.hint = "there is no " + path;
    return error;
  }
  std::shared_ptr<Btf> made(new Btf(path, std::string(name), self_.lock()));
  made->self_ = made;
  return std::shared_ptr<const Btf>(std::move(made));
}

std::vector<std::string> Btf::modules() const {
  if (base_) return base_->modules();
  std::vector<std::string> names;
  const std::filesystem::path path(path_);
  // Only the kernel's folder is known to hold nothing else.
  if (path_ != kernel_file) return names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), error))
    if (entry.path() != path) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<Btf::Parsed> Btf::parsed() const {
  if (parsed_) return parsed_;
  const std::shared_ptr<Parsed> below = base_ ? base_->parsed() : nullptr;
  if (base_ && !below) return nullptr;
  btf* read = btf__parse_split(path_.c_str(), below ? below->get() : nullptr);
  if (read == nullptr) return nullptr;
  parsed_ = std::make_shared<Parsed>(read, below);
  // libbpf read the file into a block of its own first.
  malloc_trim(0);
  return parsed_;
}

void Btf::rest() const {
  if (base_) base_->rest();
  if (!parsed_) return;
  parsed_.reset();
  // The allocator keeps blocks of this size for the next of their kind.
  malloc_trim(0);
}

uint32_t Btf::type_count() const {
  const auto types = parsed();
  return types ? btf__type_cnt(types->get()) - 1 : 0;
}

const std::vector<Btf::Declared>& Btf::declarations() const {
  return base_ ? base_->declarations() : declared_;
}

TypeId Btf::declared(std::string_view words, uint32_t size) const {
  if (base_) return base_->declared(words, size);
  words = trim(words);
  for (size_t i = 0; i < declared_.size(); ++i)
    if (declared_[i].words == words && declared_[i].size == size)
      return first_declared + static_cast<TypeId>(i);
  declared_.push_back({std::string(words), size});
  return first_declared + static_cast<TypeId>(declared_.size() - 1);
}

CType Btf::describe_declared(const Declared& of) const {
  CType type;
  std::string_view words = without_qualifiers(of.words);
  if (words.ends_with('*')) {
    words = without_qualifiers(words.substr(0, words.size() - 1));
    type.kind = CKind::pointer;
    type.size = 8;
    type.of = words.ends_with('*') ? declared(words) : find(words);
  } else if (const size_t open = words.rfind('['); words.ends_with(']') && open != words.npos) {
    const std::string_view element = without_qualifiers(words.substr(0, open));
    type.kind = CKind::array;
    type.size = of.size;
    type.of = element.ends_with('*') ? declared(element) : find(element);
    const uint32_t each = describe(type.of).size;
    type.count = each != 0 ? of.size / each : 0;
  } else if (const TypeId found = find(words); found != 0) {
    type = describe(found);
  } else if (words.starts_with("enum ")) {
    type.kind = CKind::enumeration;
    type.size = of.size != 0 ? of.size : 4;
  }
  type.name = of.words;
  return type;
}

CType Btf::describe(TypeId type) const {
  if (type >= first_declared) {
    const std::vector<Declared>& all = declarations();
    // A copy: describing may declare more.
    if (type - first_declared < all.size())
      return describe_declared(Declared(all[type - first_declared]));
    return {};
  }
  const auto types = parsed();
  return types ? types->describe(type) : CType{};
}

std::vector<CMember> Btf::members(TypeId structure) const {
  std::vector<CMember> found;
  if (structure >= first_declared) {
    const std::vector<Declared>& all = declarations();
    if (structure - first_declared >= all.size()) return found;
    structure = find(without_qualifiers(all[structure - first_declared].words));
  }
  if (const auto types = parsed())
    types->each_member(structure, 0, [&](CMember&& member) {
      found.push_back(std::move(member));
      return true;
    });
  return found;
}

std::optional<CMember> Btf::member(TypeId structure, std::string_view name) const {
  std::optional<CMember> found;
  if (structure >= first_declared) {
    const std::vector<Declared>& all = declarations();
    if (structure - first_declared >= all.size()) return found;
    structure = find(without_qualifiers(all[structure - first_declared].words));
  }
  if (const auto types = parsed())
    types->each_member(structure, 0, [&](CMember&& member) {
      if (member.name == name) found = std::move(member);
      return !found;
    });
  return found;
}

TypeId Btf::find(std::string_view name) const {
  const auto types = parsed();
  return types ? types->find(without_qualifiers(name)) : 0;
}

std::vector<std::string> Btf::names_like(std::string_view name) const {
  const auto types = parsed();
  return types ? types->names_like(trim(name)) : std::vector<std::string>();
}

std::vector<std::pair<int64_t, std::string>> Btf::enumerators(TypeId enumeration) const {
  if (enumeration >= first_declared) {
    const std::vector<Declared>& all = declarations();
    if (enumeration - first_declared >= all.size()) return {};
    enumeration = find(all[enumeration - first_declared].words);
  }
  const auto types = parsed();
  return types ? types->enumerators(enumeration) : std::vector<std::pair<int64_t, std::string>>();
}

std::optional<Prototype> Btf::function(std::string_view name) const {
  const auto types = parsed();
  return types ? types->prototype(types->find_function(name), 0) : std::nullopt;
}

std::optional<Prototype> Btf::raw_tracepoint(std::string_view name) const {
  const auto types = parsed();
  if (!types) return std::nullopt;
  const TypeId marker = types->find_own("btf_trace_" + std::string(name), BTF_KIND_TYPEDEF);
  std::optional<Prototype> found = types->prototype(marker, 1);
  if (!found) return std::nullopt;
  // The marker's arguments have no names. Those of the function that calls the probes do.
  for (const char* prefix : {"__traceiter_", "__probestub_"}) {
    const auto named = types->prototype(types->find_function(prefix + std::string(name)), 1);
    if (!named || named->args.size() != found->args.size()) continue;
    found->args = named->args;
    break;
  }
  return found;
}

void Btf::each_function(const std::function<bool(std::string_view)>& sink) const {
  if (const auto types = parsed())
    types->each_named(BTF_KIND_FUNC, [&](TypeId, std::string_view name) { return sink(name); });
}

void Btf::each_raw_tracepoint(const std::function<bool(std::string_view)>& sink) const {
  constexpr std::string_view prefix = "btf_trace_";
  if (const auto types = parsed())
    types->each_named(BTF_KIND_TYPEDEF, [&](TypeId, std::string_view name) {
      return !name.starts_with(prefix) || sink(name.substr(prefix.size()));
    });
}

int Btf::object_fd() const {
  if (module_.empty()) return -1;
  for (__u32 id = 0; !object_ && bpf_btf_get_next_id(id, &id) == 0;) {
    Fd candidate(bpf_btf_get_fd_by_id(id));
    char name[64] = {};
    bpf_btf_info info = {};
    info.name = reinterpret_cast<uintptr_t>(name);
    info.name_len = sizeof name;
    __u32 size = sizeof info;
    if (!candidate || bpf_obj_get_info_by_fd(candidate.get(), &info, &size) != 0) continue;
    if (info.kernel_btf != 0 && module_ == name) object_ = std::move(candidate);
  }
  return object_.get();
}

}  // namespace host
