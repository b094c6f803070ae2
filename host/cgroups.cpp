#include "host/cgroups.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "host/refusal.hpp"

namespace host {

namespace {

bool is_cgroup(const Fd& folder) {
  struct statfs info = {};
  return folder && fstatfs(folder.get(), &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

std::string path_of(const Fd& folder) {
  std::array<char, 4096> path = {};
  const std::string link = "/proc/self/fd/" + std::to_string(folder.get());
  const ssize_t length = readlink(link.c_str(), path.data(), path.size());
  return {path.data(), length > 0 ? static_cast<size_t>(length) : 0};
}

}  // namespace

Fd open_cgroups() {
  // "35 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw"
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string id, parent, device, root, place;
    words >> id >> parent >> device >> root >> place;
    Fd folder(open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (root == "/" && is_cgroup(folder)) return folder;
  }
  const Fd context(static_cast<int>(syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC)));
  if (!context) return {};
  if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return {};
  const Fd mount(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount) return {};
  return Fd(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string cgroup_path(const Fd& root, uint64_t id) {
  if (!root) return {};
  // A file handle of kernfs is the number that BPF calls the group's id (FILEID_KERNFS).
  constexpr int kernfs_handle = 0xfe;
  alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof id> bytes = {};
  auto* handle = reinterpret_cast<file_handle*>(bytes.data());
  handle->handle_bytes = sizeof id;
  handle->handle_type = kernfs_handle;
  std::memcpy(bytes.data() + sizeof(file_handle), &id, sizeof id);
  const Fd folder(open_by_handle_at(root.get(), handle, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return {};
  std::string path = path_of(folder);
  const std::string top = path_of(root);
  if (top != "/" && path.starts_with(top)) path.erase(0, top.size());
  return path.empty() ? "/" : path;
}

bytecode::Result<Fd> open_cgroup(const std::string& path) {
  Fd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (is_cgroup(folder)) return folder;
  const int error = folder ? 0 : errno;
  if (path.starts_with("/")) {
    const Fd root = open_cgroups();
    const std::string below = path.substr(std::min(path.find_first_not_of('/'), path.size()));
    if (root) {
      Fd group(openat(root.get(), below.empty() ? "." : below.c_str(),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (is_cgroup(group)) return group;
    }
  }
  bytecode::Error wrong;
  wrong.kind = bytecode::ErrorKind::argument;
  wrong.subject = "cgroup";
  wrong.message = path + (folder ? " is no control group" : " cannot be opened: ") +
                  (folder ? "" : std::strerror(error));
  wrong.hint = "name a folder of the version 2 hierarchy, like /sys/fs/cgroup/system.slice";
  return wrong;
}

}  // namespace host
