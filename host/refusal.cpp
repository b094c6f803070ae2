#include "host/refusal.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <tuple>

namespace host {

using bytecode::Error;
using bytecode::ErrorKind;

std::string missing_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data = {};
  if (syscall(SYS_capget, &header, data.data()) != 0) return {};
  const auto has = [&](unsigned cap) {
    return (data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap)) != 0;
  };
  // The administrator's capability stands for the first two, root's for the third.
  const bool is_admin = has(CAP_SYS_ADMIN);
  const std::tuple<unsigned, const char*, bool> needed[] = {
      {CAP_BPF, "CAP_BPF", is_admin},
      {CAP_PERFMON, "CAP_PERFMON", is_admin},
      {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", has(CAP_DAC_OVERRIDE)}};
  std::string text;
  for (const auto& [cap, name, implied] : needed) {
    if (implied || has(cap)) continue;
    if (!text.empty()) text += " and ";
    text += name;
  }
  // Uprobes and mounts ask for it whatever else there is.
  if (text.empty() && !is_admin) text = "CAP_SYS_ADMIN";
  return text;
}

Error refusal(std::string_view operation, int error, std::string_view log) {
  Error result;
  result.kind = ErrorKind::system;
  result.error_number = error;
  result.message = "cannot " + std::string(operation) + ": " + std::strerror(error);
  result.detail = std::string(operation) + ": errno " + std::to_string(error);
  while (!log.empty() && log.back() == '\n') log.remove_suffix(1);
  if (!log.empty()) result.detail += "\n" + std::string(log);
  if (error == EPERM || error == EACCES) {
    const std::string missing = missing_capabilities();
    if (missing.empty())
      result.hint = "a security module or the kernel's lockdown forbids it";
    else
      result.hint = "run nu as root, or give the plugin " + missing;
  } else if (error == ENOMEM || error == ENOSPC) {
    result.hint = "free some memory, or ask for smaller maps and ring buffers";
  } else if (error == EMFILE || error == ENFILE) {
    result.hint = "raise the limit of open files (ulimit -n)";
  }
  return result;
}

bool is_of_the_machine(const Error& refused) {
  constexpr std::array of_the_machine = {EMFILE, ENFILE, ENOMEM, ENOSPC, EPERM, EACCES};
  return std::find(of_the_machine.begin(), of_the_machine.end(), refused.error_number) !=
         of_the_machine.end();
}

Error no_target(std::string message, std::string hint) {
  Error result;
  result.kind = ErrorKind::target;
  result.message = std::move(message);
  result.hint = std::move(hint);
  return result;
}

}  // namespace host
