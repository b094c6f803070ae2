#include "bytecode/program.hpp"

#include <algorithm>

namespace bytecode {

std::string_view map_kind_name(MapKind kind) {
  switch (kind) {
    case MapKind::count:
      return "count";
    case MapKind::sum:
      return "sum";
    case MapKind::avg:
      return "avg";
    case MapKind::min:
      return "min";
    case MapKind::max:
      return "max";
    case MapKind::stats:
      return "stats";
    case MapKind::hist:
      return "hist";
    case MapKind::value:
      return "map";
  }
  return {};
}

bool same_map_type(const MapSpec& a, const MapSpec& b) {
  return a.kind == b.kind && a.key == b.key && a.key_class == b.key_class && a.as == b.as &&
         a.buckets == b.buckets;
}

bool same_program(const Program& a, const Program& b) {
  const auto same_insn = [](const vm_insn& x, const vm_insn& y) {
    return x.op == y.op && x.a == y.a && x.b == y.b && x.c == y.c && x.imm == y.imm;
  };
  return std::equal(a.code.begin(), a.code.end(), b.code.begin(), b.code.end(), same_insn) &&
         a.pool == b.pool && a.fuel == b.fuel && a.source == b.source && a.spans == b.spans &&
         a.rows == b.rows && a.maps == b.maps && a.timers == b.timers;
}

}  // namespace bytecode
