#include "host/syscalls.hpp"

#include <asm/unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace host {

namespace {

#if defined(__aarch64__)
constexpr std::string_view entry_prefix = "__arm64_sys_";
#else
constexpr std::string_view entry_prefix = "__x64_sys_";
#endif

constexpr std::string_view prefixes[] = {"__x64_sys_", "__arm64_sys_", "__se_sys_", "__do_sys_",
                                         "sys_"};

// What C and the manual call it, and what the kernel does.
constexpr std::pair<std::string_view, std::string_view> kernel_names[] = {
    {"stat", "newstat"},       {"fstat", "newfstat"}, {"lstat", "newlstat"},
    {"fstatat", "newfstatat"}, {"uname", "newuname"}, {"sendfile", "sendfile64"},
    {"umount2", "umount"},     {"pread", "pread64"},  {"pwrite", "pwrite64"},
    {"_exit", "exit"},
};

constexpr std::pair<std::string_view, std::string_view> notes[] = {
    {"open", "libc opens files through openat; probe openat to see those"},
    {"creat", "libc opens files through openat; probe openat to see those"},
    {"fork", "libc forks through clone; probe clone to see those"},
    {"newstat", "libc may use newfstatat or statx instead; probe those to see them"},
    {"newlstat", "libc may use newfstatat or statx instead; probe those to see them"},
    {"poll", "libc may use ppoll instead"},
    {"select", "libc may use pselect6 instead"},
};

constexpr KnownArg openat2_args[] = {
    {"dfd", "int"}, {"filename", "const char *"}, {"how", "struct open_how *"}};
constexpr KnownArg vfs_rw_args[] = {
    {"file", "struct file *"}, {"buf", "char *"}, {"count", "size_t"}, {"pos", "loff_t *"}};
constexpr KnownArg ksys_rw_args[] = {
    {"fd", "unsigned int"}, {"buf", "char *"}, {"count", "size_t"}};

constexpr KnownFunction functions[] = {
    {"do_sys_open", "do_sys_openat2", "do_sys_open is inlined into the syscalls", "openat",
     openat2_args},
    {"do_sys_openat2", "", "", "openat", openat2_args},
    {"ksys_read", "", "", "read", ksys_rw_args},
    {"ksys_write", "", "", "write", ksys_rw_args},
    {"vfs_read", "", "", "", vfs_rw_args},
    {"vfs_write", "", "", "", vfs_rw_args},
    {"do_fork", "kernel_clone", "do_fork was renamed in 5.10", "clone", {}},
    {"_do_fork", "kernel_clone", "_do_fork was renamed in 5.10", "clone", {}},
    {"do_execve", "do_execveat_common", "do_execve is inlined into the syscalls", "execve", {}},
    {"do_unlinkat", "", "", "unlinkat", {}},
    {"do_rmdir", "", "", "rmdir", {}},
};

// Every __NR_ of the headers, in their spelling.
constexpr std::pair<std::string_view, int32_t> header_numbers[] = {
#include "syscall_numbers.inc"
};

}  // namespace

std::optional<int32_t> syscall_number(std::string_view name) {
  static const std::map<std::string, int32_t, std::less<>> numbers = [] {
    std::map<std::string, int32_t, std::less<>> by_name;
    for (const auto& [spelt, number] : header_numbers)
      by_name.emplace(syscall_name(spelt).name, number);
    return by_name;
  }();
  const auto found = numbers.find(name);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

SyscallName syscall_name(std::string_view word) {
  SyscallName result;
  for (std::string_view prefix : prefixes) {
    if (!word.starts_with(prefix)) continue;
    word.remove_prefix(prefix.size());
    result.has_prefix = true;
    break;
  }
  result.name = word;
  for (const auto& [common, kernel] : kernel_names)
    if (common == word) result.name = kernel;
  return result;
}

std::string syscall_symbol(std::string_view name) {
  return std::string(entry_prefix) + std::string(name);
}

std::string_view syscall_note(std::string_view name) {
  for (const auto& [syscall, note] : notes)
    if (syscall == name) return note;
  return {};
}

const KnownFunction* known_function(std::string_view name) {
  for (const KnownFunction& function : functions)
    if (function.name == name) return &function;
  return nullptr;
}

}  // namespace host
