// The session where there is no kernel to talk to. Closures compile, for any target that is spelled
// right, against what every probe has; whatever needs the kernel says so.
#include "host/inventory.hpp"
#include "host/session.hpp"

namespace host {

using bytecode::Error;
using bytecode::ErrorKind;
using bytecode::Field;

namespace {

Error absent() {
  Error error;
  error.kind = ErrorKind::system;
  error.message = "this build cannot trace: it has no kernel side";
  error.hint = "use the plugin on Linux; here --dry-run shows what a closure compiles to";
  return error;
}

constexpr uint32_t generic_registers = 6;

}  // namespace

struct Session::Impl {};

Session::Session(SessionOptions) : impl_(std::make_unique<Impl>()) {}
Session::~Session() = default;

Result<Target> Session::resolve(Kind kind, std::string_view text, std::string_view symbol) {
  Target target;
  target.kind = target.attach_kind = kind;
  target.text = text;
  if (!symbol.empty()) target.text += ":" + std::string(symbol);
  if (text.empty()) {
    Error error;
    error.kind = ErrorKind::target;
    error.message = "the target is empty";
    return error;
  }
  target.note = "not looked up: this build has no kernel side";
  target.schema.target = std::string(kind_name(kind)) + ":" + target.text;
  for (uint32_t i = 0; i < generic_registers; ++i) {
    Field field;
    field.name = "arg" + std::to_string(i);
    field.offset = 8 * i;
    field.type = "unsigned long";
    target.schema.registers.push_back(std::move(field));
  }
  return target;
}

Result<ProbeInfo> Session::attach(const Target&, bytecode::Program, const AttachOptions&) {
  return absent();
}
Result<Resolution> Session::resolve(const Request& request) {
  Resolution resolution;
  const std::vector<std::string> none = {std::string()};
  for (const std::string& target : request.targets) {
    for (const std::string& symbol : request.symbols.empty() ? none : request.symbols) {
      Result<Target> found = resolve(request.kind, target, symbol);
      if (!found) return std::move(found).error();
      resolution.targets.push_back(std::move(found).value());
    }
  }
  return resolution;
}

Result<ProbeInfo> Session::attach(std::vector<Member>, const AttachOptions&) { return absent(); }
Status Session::swap(ProbeId, std::vector<std::shared_ptr<const bytecode::Program>>) {
  return absent();
}
Status Session::swap(ProbeId, bytecode::Program) { return absent(); }
Status Session::detach(ProbeId) { return absent(); }
const std::vector<Target>* Session::targets_of(ProbeId) const { return nullptr; }
std::vector<ProbeInfo> Session::list() const { return {}; }
std::optional<ProbeInfo> Session::info(ProbeId) const { return std::nullopt; }
std::vector<int> Session::ring_fds() const { return {}; }
size_t Session::drain(const std::function<void(Row&&)>&, size_t) { return 0; }
std::vector<MapInfo> Session::maps() const { return {}; }
Result<Value> Session::map_get(std::string_view, StackWords) const { return absent(); }
bool Session::map_ready(std::string_view) const { return true; }
Status Session::map_clear(std::string_view) { return absent(); }
Result<Value> Session::map_growth(std::string_view, bytecode::Snapshot&) const { return absent(); }
std::optional<Session::MapState> Session::map_state(std::string_view) const { return std::nullopt; }
Result<Value> Session::map_take(std::string_view) { return absent(); }
Result<std::unique_ptr<MapRows>> Session::map_rows(std::string_view, bool) { return absent(); }
Status Session::map_zero(std::string_view) { return absent(); }
Status Session::map_set(std::string_view, const Value&, const Value&) { return absent(); }
Status Session::map_remove(std::string_view, const Value&) { return absent(); }
std::vector<bytecode::MapSpec> Session::shared_maps() const { return {}; }
Status Session::map_delete(std::string_view) { return absent(); }
std::vector<std::string> Session::changed_maps() { return {}; }

Status list_targets(const Search&, const std::function<bool(Attachable&&)>&) { return absent(); }
std::vector<Finding> examine() {
  const Error error = absent();
  return {{"kernel side", false, error.message, error.hint}};
}

}  // namespace host
