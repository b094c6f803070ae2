#include "tests/fuzz/outcome.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "bytecode/decode.hpp"
#include "bytecode/show.hpp"

namespace fuzz {
namespace {

using bytecode::Value;

std::string float_text(double number) {
  if (std::isnan(number)) return "NaN";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return "float " + std::string(text, end);
}

bool ends_run(vm_fault kind) {
  switch (kind) {
#define FAULT(name, code, ends, sentence) \
  case VM_FAULT_##name:                   \
    return ends;
#include "bytecode/faults.def"
#undef FAULT
    case VM_FAULT_none:
    case VM_FAULTS:
      break;
  }
  return true;
}

std::string fault_name(vm_fault kind) {
  switch (kind) {
#define FAULT(name, code, ends, sentence) \
  case VM_FAULT_##name:                   \
    return #name;
#include "bytecode/faults.def"
#undef FAULT
    case VM_FAULT_none:
    case VM_FAULTS:
      break;
  }
  return "fault " + std::to_string(kind);
}

}  // namespace

std::string text_of(const Value& value) {
  if (const auto* number = value.get_if<double>()) return float_text(*number);
  if (const auto* list = value.get_if<bytecode::List>()) {
    std::string text = "[";
    for (const Value& item : *list) text += (text.size() > 1 ? ", " : "") + text_of(item);
    return text + "]";
  }
  if (const auto* record = value.get_if<bytecode::Record>()) {
    std::string text = "{";
    for (const auto& [name, item] : *record)
      text += (text.size() > 1 ? ", " : "") + bytecode::show_name(name) + ": " + text_of(item);
    return text + "}";
  }
  return bytecode::show(value);
}

std::string text_of(const Outcome& outcome) {
  std::string text;
  for (const Row& row : outcome.rows)
    text += row.kind + (row.name.empty() ? "" : " " + bytecode::show_name(row.name)) + " " +
            text_of(row.value) + "\n";
  for (const auto& [name, count] : outcome.counts)
    text += "count " + name + " = " + std::to_string(count) + "\n";
  if (!outcome.fault.empty()) text += "fault " + outcome.fault + "\n";
  if (!outcome.trouble.empty()) text += "trouble " + outcome.trouble + "\n";
  return text;
}

std::string count_name(const std::string& map, const Value& key) {
  return bytecode::show_name(map) + " " + text_of(key);
}

Outcome outcome_of(const bytecode::Program& program, const bytecode::Effects& effects) {
  Outcome outcome;
  for (const std::vector<uint8_t>& bytes : effects.rows) {
    vm_row header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const bytecode::RowSite& site = program.rows.at(header.site);
    const std::span payload(bytes.data() + sizeof header, bytes.size() - sizeof header);
    Row row;
    row.kind = site.type == bytecode::RowType::log         ? "log"
               : site.type == bytecode::RowType::probe_hit ? "hit"
               : site.event_type                           ? "emit"
                                                           : "row";
    row.name = site.event_type.value_or("");
    row.value = bytecode::decode_row(site, header.nulls, payload, {});
    outcome.rows.push_back(std::move(row));
  }
  for (const auto& [where, count] : effects.counts) {
    const bytecode::MapSpec& map = program.maps.at(where.first);
    bytecode::Record columns = bytecode::decode_key(map, where.second, {});
    const bool scalar = columns.size() == 1 && columns[0].first.empty();
    const Value key = map.key.empty() ? Value()
                      : scalar        ? columns[0].second
                                      : Value(std::move(columns));
    outcome.counts[count_name(map.name, key)] += count;
  }
  for (const bytecode::FaultAt& fault : effects.faults) {
    const std::string name = fault_name(fault.kind);
    if (!ends_run(fault.kind)) {
      outcome.notes.push_back(name);
      continue;
    }
    outcome.fault += (outcome.fault.empty() ? "" : " ") + name;
    outcome.fault_at = program.spans.at(fault.pc).start;
    outcome.fault_op = static_cast<vm_opcode>(program.code.at(fault.pc).op);
  }
  return outcome;
}

}  // namespace fuzz
