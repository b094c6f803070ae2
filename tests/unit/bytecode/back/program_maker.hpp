// Programs by hand: for tests of what judges, runs and prints them.
#pragma once

#include <cstring>
#include <string_view>

#include "bytecode/program.hpp"

namespace bytecode {

class ProgramMaker {
 public:
  // Appends an instruction; its index.
  int add(vm_opcode op, int a = 0, int b = 0, int c = 0, int64_t imm = 0) {
    program_.code.push_back({static_cast<vm_u8>(op), static_cast<vm_u8>(a), static_cast<vm_u8>(b),
                             static_cast<vm_u8>(c), static_cast<vm_s32>(imm)});
    program_.spans.push_back({});
    return static_cast<int>(program_.code.size()) - 1;
  }

  // a if compared with an immediate; the target goes where b and c are.
  int branch(vm_opcode op, int a, int imm, int target) {
    return add(op, a, target & 255, target >> 8, imm);
  }

  // Places text in the pool, with its zeros; the immediate of str.lit and str.eqk.
  int64_t literal(std::string_view text) {
    const size_t offset = program_.pool.size();
    program_.pool.insert(program_.pool.end(), text.begin(), text.end());
    program_.pool.resize(offset + (text.size() / VM_BLOCK + 1) * VM_BLOCK);
    return static_cast<int64_t>(offset | text.size() << 16);
  }

  // Places a word in the pool; the immediate of ldk.
  int64_t constant(int64_t value) {
    const size_t offset = program_.pool.size();
    program_.pool.resize(offset + 8);
    std::memcpy(program_.pool.data() + offset, &value, 8);
    return static_cast<int64_t>(offset);
  }

  // A row whose value is the list of its fields.
  int site(std::vector<Raw> fields, RowType type = RowType::custom) {
    RowSite row;
    row.type = type;
    row.value.kind = Output::Kind::list;
    for (size_t i = 0; i < fields.size(); ++i) {
      Output field;
      field.kind = Output::Kind::field;
      field.field = static_cast<uint16_t>(i);
      field.as = fields[i] == Raw::text ? As::string : As::integer;
      row.value.members.emplace_back("", field);
    }
    row.fields = std::move(fields);
    program_.rows.push_back(std::move(row));
    return static_cast<int>(program_.rows.size()) - 1;
  }

  int map(std::vector<KeyPart> key, uint8_t key_class, std::string name = "",
          MapKind kind = MapKind::count) {
    MapSpec spec;
    spec.kind = kind;
    spec.name = std::move(name);
    spec.key = std::move(key);
    spec.key_class = key_class;
    program_.maps.push_back(std::move(spec));
    return static_cast<int>(program_.maps.size()) - 1;
  }

  // Sends one row of a register.
  void send_int(int reg) {
    add(VM_OP_row_begin, 0, 0, 0, site({Raw::word}));
    add(VM_OP_row_int, reg);
    add(VM_OP_row_send);
  }
  void send_text(int reg) {
    add(VM_OP_row_begin, 0, 0, 0, site({Raw::text}));
    add(VM_OP_row_str, reg);
    add(VM_OP_row_send);
  }

  Program& program() { return program_; }

 private:
  Program program_;
};

}  // namespace bytecode
