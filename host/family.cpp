#include "host/family.hpp"

#include <bpf/bpf.h>

#include <cerrno>
#include <vector>

#include "bytecode/wire.h"
#include "host/hash_keys.hpp"
#include "host/refusal.hpp"

namespace host {

namespace {

// Where struct task_struct of this kernel keeps a member.
std::optional<uint32_t> task_offset(Machine& machine, const char* member) {
  const auto types = machine.btf();
  if (!types) return std::nullopt;
  const bytecode::TypeId task = (*types)->find("struct task_struct");
  const auto found = task != 0 ? (*types)->member(task, member) : std::nullopt;
  return found ? std::optional(found->bit_offset / 8) : std::nullopt;
}

}  // namespace

Result<std::vector<Attachment>> begin_family(Machine& machine, Programs& programs,
                                             const Loader& loader, uint32_t id,
                                             const AttachOptions& options) {
  const std::optional<uint32_t> pid = task_offset(machine, "pid");
  const std::optional<uint32_t> tgid = task_offset(machine, "tgid");
  if (!pid || !tgid) {
    bytecode::Error error = refusal("follow processes", ENOENT);
    error.message = "this kernel does not describe itself, so processes cannot be followed";
    error.hint = "name them all with --pid, or use a kernel with CONFIG_DEBUG_INFO_BTF";
    return error;
  }
  Constants constants;
  constants.family = id;
  constants.task_pid = *pid;
  constants.task_tgid = *tgid;
  std::vector<Attachment> attachments;
  for (const auto& [program, event] :
       {std::pair("vm_fork", "sched_process_fork"), std::pair("vm_reap", "sched_process_free")}) {
    auto own = programs.own(program, constants);
    if (!own) return std::move(own).error();
    Result<Link> link = link_raw_tracepoint(event, own->get());
    if (!link) return std::move(link).error();
    attachments.push_back({std::move(link).value(), own->get()});
    attachments.back().link.hold(*own);
  }
  // Last: from here on no child of theirs is missed.
  const uint32_t counts = options.children_only ? 0 : 1;
  for (const uint32_t process : options.pids) {
    const vm_relative key = {id | VM_FAMILY_NAMED, process};
    if (bpf_map_update_elem(loader.family(), &key, &counts, BPF_ANY) != 0)
      return refusal("follow process " + std::to_string(process), errno);
  }
  return attachments;
}

void end_family(const Loader& loader, uint32_t id) {
  const auto members =
      hash_keys<vm_relative>(loader.family(), VM_RELATIVES_MAX, [id](const vm_relative& key) {
        return (key.family & ~static_cast<uint32_t>(VM_FAMILY_NAMED)) == id;
      });
  for (const vm_relative& member : members) bpf_map_delete_elem(loader.family(), &member);
}

}  // namespace host
