#include "host/target.hpp"

#include <unistd.h>

#include "host/refusal.hpp"
#include "host/trial.hpp"

namespace host {

Result<const Tracefs*> Machine::tracefs() {
  if (!tracefs_) {
    Result<Tracefs> opened = Tracefs::open();
    if (!opened) return std::move(opened).error();
    tracefs_.emplace(std::move(opened).value());
  }
  return &*tracefs_;
}

Result<std::shared_ptr<const Btf>> Machine::btf(std::string_view module) {
  if (const auto known = types_.find(module); known != types_.end()) return known->second;
  const auto open = [&]() -> Result<std::shared_ptr<const Btf>> {
    if (module.empty()) return Btf::kernel();
    Result<std::shared_ptr<const Btf>> kernel = btf();
    return kernel ? (*kernel)->module(module) : kernel;
  };
  Result<std::shared_ptr<const Btf>> opened = open();
  if (opened) types_.emplace(module, *opened);
  return opened;
}

bytecode::Status Machine::use_btf(const std::string& file) {
  Result<std::shared_ptr<const Btf>> opened = Btf::kernel(file);
  if (!opened) return std::move(opened).error();
  types_.clear();
  btf_given_ = true;
  types_.emplace(std::string(), std::move(opened).value());
  return bytecode::Nothing{};
}

void Machine::rest() {
  for (const auto& [module, types] : types_) types->rest();
}

bool Machine::has_kprobes() const {
  return !is_without("kprobe") && access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0;
}

bool Machine::has_fentry() {
  if (is_without("fentry")) return false;
  if (!has_fentry_) {
    const Result<std::shared_ptr<const Btf>> types = btf();
    has_fentry_ = types && trial::fentry(**types);
  }
  return *has_fentry_;
}

const KindRecord* kind_record(Kind kind) {
  switch (kind) {
    case Kind::kprobe:
      return &kprobe_kind;
    case Kind::kretprobe:
      return &kretprobe_kind;
    case Kind::tracepoint:
      return &tracepoint_kind;
    case Kind::raw_tracepoint:
      return &raw_tracepoint_kind;
    case Kind::uprobe:
      return &uprobe_kind;
    case Kind::uretprobe:
      return &uretprobe_kind;
    case Kind::usdt:
      return &usdt_kind;
    case Kind::fentry:
      return &fentry_kind;
    case Kind::fexit:
      return &fexit_kind;
    case Kind::perf:
      return &perf_kind;
    case Kind::interval:
      return &interval_kind;
  }
  return nullptr;
}

void add_note(std::string& notes, std::string_view note) {
  if (note.empty()) return;
  if (!notes.empty()) notes += "; ";
  notes += note;
}

}  // namespace host
