#include "host/call_fields.hpp"

#include <algorithm>
#include <array>

namespace host {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::TypeId;

namespace {

constexpr const char* vector_register = "in a vector register";
constexpr const char* two_registers = "in two registers";

// How a value travels.
struct Travel {
  enum class By : uint8_t { integers, floats, memory, address, nothing } by = By::integers;
  unsigned words = 1;    // registers of either sort; of memory 8-byte words
  unsigned floats = 0;   // of `words`, where both sorts carry halves of it
  bool aligned = false;  // on the stack to 16 bytes
};

class Classifier {
 public:
  Classifier(const Dwarf& dwarf, const CallConvention& convention)
      : dwarf_(dwarf), convention_(convention) {}

  Travel travel(TypeId id, const CType& type) const {
    using By = Travel::By;
    const unsigned words = std::max(1u, (type.size + 7) / 8);
    switch (type.kind) {
      case CKind::nothing:
        return {By::nothing};
      case CKind::floating:
        // x86-64's long double and the complex ones are rare enough.
        if (type.size > 8 && !convention_.large_by_address) return {By::memory, words, 0, true};
        return {By::floats, 1};
      case CKind::structure:
      case CKind::array:
        return aggregate(id, type, words);
      default:
        return {By::integers, words, 0, words > 1};
    }
  }

 private:
  Travel aggregate(TypeId id, const CType& type, unsigned words) const {
    using By = Travel::By;
    if (dwarf_.passed_by_address(id)) return {By::address};
    if (type.size > 16)
      return convention_.large_by_address ? Travel{By::address} : Travel{By::memory, words};
    std::array<bool, 2> used = {}, whole = {};  // of each word; whole: a number lies in it
    bool is_fitting = true, has_floats = false;
    mark(id, type, 0, used, whole, has_floats, is_fitting, 0);
    if (!used[0] && !used[1]) return {By::nothing};
    if (!is_fitting) return {By::memory, words};
    // 64-bit Arm knows no halves: a few floats of one sort, or integer registers.
    if (convention_.large_by_address)
      return has_floats && !whole[0] && !whole[1] ? Travel{By::floats, words}
                                                  : Travel{By::integers, words};
    const unsigned floats = (used[0] && !whole[0] ? 1u : 0u) + (used[1] && !whole[1] ? 1u : 0u);
    if (floats == words) return {By::floats, words};
    return {By::integers, words, floats};
  }

  // What lies in each of an object's words.
  void mark(TypeId id, const CType& type, uint32_t offset, std::array<bool, 2>& used,
            std::array<bool, 2>& whole, bool& has_floats, bool& is_fitting, int depth) const {
    if (depth > 16 || offset >= 16) return;
    if (type.kind == CKind::structure) {
      for (const CMember& member : dwarf_.members(id))
        mark(member.type, dwarf_.describe(member.type), offset + member.bit_offset / 8, used, whole,
             has_floats, is_fitting, depth + 1);
      return;
    }
    if (type.kind == CKind::array) {
      const CType element = dwarf_.describe(type.of);
      for (uint32_t i = 0; i < type.count && element.size != 0 && i < 16; ++i)
        mark(type.of, element, offset + i * element.size, used, whole, has_floats, is_fitting,
             depth + 1);
      return;
    }
    const bool is_float = type.kind == CKind::floating;
    has_floats = has_floats || is_float;
    if (is_float && type.size > 8) is_fitting = false;
    for (uint32_t at = offset / 8; at < 2 && at * 8 < offset + std::max(type.size, 1u); ++at) {
      used[at] = true;
      if (!is_float) whole[at] = true;
    }
  }

  const Dwarf& dwarf_;
  const CallConvention& convention_;
};

void make_unusable(Field& field, const std::string& why) {
  field.kind = FieldKind::array;
  field.ctype = 0;
  field.deref.clear();
  field.type = field.type.empty() ? why : field.type + ", " + why;
}

// Of a value that one word holds, or that lies in memory: what the language does with it.
void set_kind(const Dwarf& dwarf, const CType& type, Field& field) {
  field.size = std::max(type.size, 1u);
  field.is_signed = type.is_signed;
  switch (type.kind) {
    case CKind::integer:
    case CKind::boolean:
    case CKind::character:
    case CKind::enumeration:
      field.kind = FieldKind::integer;
      if (type.size > 8) make_unusable(field, "of more than 64 bits");
      break;
    case CKind::pointer:
      field.kind =
          dwarf.describe(type.of).kind == CKind::character ? FieldKind::string : FieldKind::address;
      break;
    case CKind::structure:
      field.kind = FieldKind::structure;
      break;
    case CKind::array:
      field.kind = FieldKind::array;
      break;
    case CKind::floating:
      make_unusable(field, "a floating-point number");
      break;
    case CKind::nothing:  // its name says it: "void"
      field.kind = FieldKind::array;
      field.ctype = 0;
      break;
  }
}

class Caller {
 public:
  Caller(const Dwarf& dwarf, const DwarfFunction& function, Arch arch)
      : dwarf_(dwarf),
        function_(function),
        arch_(arch),
        convention_(call_convention(arch)),
        classifier_(dwarf, convention_),
        stack_(convention_.first_on_stack) {}

  CallFields fields() {
    CallFields fields;
    fields.retval = result();
    std::vector<bool> is_by_convention;
    for (size_t i = 0; i < function_.args.size(); ++i) {
      fields.args.push_back(argument(i));
      is_by_convention.push_back(function_.parameters[i].place == DwarfFunction::Place::convention);
    }
    // One parameter out of its place: the compiler changed what this function takes, and only
    // where it says so is known where the others went.
    if (is_changed_)
      for (size_t i = 0; i < fields.args.size(); ++i)
        if (is_by_convention[i] && fields.args[i].ctype != 0)
          make_unusable(fields.args[i], "moved by the compiler");
    return fields;
  }

 private:
  using Place = DwarfFunction::Place;
  using By = Travel::By;

  Field result() {
    Field field = plain_result(arch_);
    const CType type = dwarf_.describe(function_.returns);
    field.type = type.name;
    field.ctype = function_.returns;
    const Travel travel = classifier_.travel(function_.returns, type);
    set_kind(dwarf_, type, field);
    switch (travel.by) {
      case By::nothing:
        break;
      case By::integers:
        if (travel.words > 1 && field.ctype != 0) make_unusable(field, two_registers);
        break;
      case By::floats:
        field.type = type.name;
        make_unusable(field, vector_register);
        break;
      case By::memory:
      case By::address:
        if (field.kind != FieldKind::structure) break;
        if (convention_.result_address_is_first) {
          ++integers_;
          field.deref = {0};  // the caller's place for it, handed back
        } else {
          make_unusable(field, "in memory whose address is gone");
        }
        break;
    }
    if (!is_conventional()) make_unusable(field, "by its language's own convention");
    return field;
  }

  // Go and others have conventions of their own; Rust's is C's for what fits one register.
  bool is_conventional() const {
    return function_.language != DwarfFunction::Language::other && !is_past_rust_;
  }

  Field argument(size_t index) {
    const auto& [name, id] = function_.args[index];
    const DwarfFunction::Parameter parameter = function_.parameters[index];
    const CType type = dwarf_.describe(id);
    Field field;
    field.name = name.empty() ? "arg" + std::to_string(index) : name;
    field.type = type.name;
    field.ctype = id;
    if (parameter.place == Place::nowhere) {
      make_unusable(field, "dropped by the compiler");
      return field;
    }
    const Travel travel = classifier_.travel(id, type);
    if (function_.language == DwarfFunction::Language::rust &&
        (travel.words > 1 || travel.by == By::memory || travel.by == By::address ||
         type.kind == CKind::structure))
      is_past_rust_ = true;
    put(travel, type, field);
    if (parameter.place == Place::in_register) {
      use_register(parameter.reg, travel, type, field);
    } else if (!is_conventional() && field.ctype != 0) {
      make_unusable(field, "by its language's own convention");
    }
    return field;
  }

  // The place that the convention gives to the next argument.
  void put(const Travel& travel, const CType& type, Field& field) {
    const unsigned floats = travel.by == By::floats ? travel.words : travel.floats;
    unsigned integers = travel.by == By::integers ? travel.words - travel.floats : 0;
    if (travel.by == By::address) integers = 1;
    set_kind(dwarf_, type, field);
    if (travel.by == By::nothing) {
      if (field.ctype != 0) make_unusable(field, "without a value");
      return;
    }
    const bool fits = travel.by != By::memory &&
                      integers_ + integers <= convention_.integers.size() &&
                      floats_ + floats <= convention_.floats;
    if (fits) {
      if (integers != 0) field.offset = convention_.integers[integers_];
      integers_ += integers;
      floats_ += floats;
      if (field.ctype == 0 && floats == 0) return;
      if (integers + floats > 1) {
        make_unusable(field, floats == 0 ? two_registers : vector_register);
      } else if (floats != 0) {
        field.type = type.name;
        make_unusable(field, vector_register);
      } else if (travel.by == By::address) {
        field.deref = {0};
      }
      return;
    }
    if (travel.aligned) stack_ += (stack_ - convention_.first_on_stack) % 16;
    field.offset = convention_.stack_pointer;
    if (travel.by == By::address && field.ctype != 0)
      field.deref = {stack_, 0};
    else if (field.ctype != 0)
      field.deref = {stack_};
    stack_ += 8 * static_cast<int32_t>(travel.by == By::address ? 1 : travel.words);
  }

  void use_register(unsigned number, const Travel& travel, const CType& type, Field& field) {
    const auto place = dwarf_register(arch_, number);
    if (!place) {
      if (field.ctype != 0) make_unusable(field, vector_register);
      return;
    }
    const bool is_same = field.deref.empty() && field.offset == place->offset;
    if (is_same || travel.by != By::integers || travel.words > 1) return;
    is_changed_ = true;
    field.type = type.name;
    field.deref.clear();
    set_kind(dwarf_, type, field);
    field.offset = place->offset;
  }

  const Dwarf& dwarf_;
  const DwarfFunction& function_;
  const Arch arch_;
  const CallConvention& convention_;
  const Classifier classifier_;
  unsigned integers_ = 0, floats_ = 0;
  int32_t stack_ = 0;
  bool is_changed_ = false, is_past_rust_ = false;
};

}  // namespace

CallFields call_fields(const Dwarf& dwarf, const DwarfFunction& function, Arch arch) {
  return Caller(dwarf, function, arch).fields();
}

Field plain_result(Arch arch) {
  Field field;
  field.name = "retval";
  field.offset = call_convention(arch).result;
  field.is_signed = true;
  field.type = "long";
  return field;
}

}  // namespace host
