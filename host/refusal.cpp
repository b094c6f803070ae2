#include "host/refusal.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

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
  if (has(CAP_SYS_ADMIN)) return {};
  constexpr std::pair<unsigned, const char*> needed[] = {
      {CAP_BPF, "CAP_BPF"},
      {CAP_PERFMON, "CAP_PERFMON"},
      {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"}};
  std::string text;
  for (const auto& [cap, name] : needed) {
    if (has(cap)) continue;
    if (!text.empty()) text += " and ";
    text += name;
  }
  return text;
}

Error refusal(std::string_view operation, int error, std::string_view log) {
  Error result;
  result.kind = ErrorKind::system;
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

Error no_target(std::string message, std::string hint) {
  Error result;
  result.kind = ErrorKind::target;
  result.message = std::move(message);
  result.hint = std::move(hint);
  return result;
}

}  // namespace host
