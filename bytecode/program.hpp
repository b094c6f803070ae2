// The compiled form of a closure: a value with no behaviour. compile.hpp makes one, validate.hpp
// judges one, disasm.hpp prints one, interp.hpp and the kernel run one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/functions/functions.hpp"
#include "bytecode/isa.h"
#include "bytecode/result.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// The kinds of raw field in a row's payload (wire.h).
enum class Raw : uint8_t { word, text };

// How a raw field reads as a value: words as numbers and as what numbers stand for, text as a
// string or as bytes.
enum class As : uint8_t {
  integer,
  boolean,
  string,
  date,
  duration,
  filesize,
  binary,
  enumeration,  // its name, where it has one (EnumNames); else the number
  func,         // a site's function: Names
  probe,        // a site's probe: Names
  cgroup,       // a control group's path: Names
  stack,        // a list of places, leaf first: Names
};

inline bool is_text(As as) { return as == As::string || as == As::binary; }

using EnumNames = std::vector<std::pair<int64_t, std::string>>;

// How the host rebuilds a value from a row: the closure's expression with its raw inputs taken out.
struct Output {
  enum class Kind : uint8_t {
    constant,
    field,
    record,
    list,
    call,    // `function` of the members: what only the host can compute
    choice,  // the member that the raw word `field` numbers
    range,   // of its members: from, next, to (the last two may be null), and whether inclusive
  };
  Output() = default;  // declared, for clang 14: it asks for it while `members` is incomplete
  Kind kind = Kind::constant;
  Value constant;                   // constant
  uint16_t field = 0;               // field, choice: a raw field of the row
  As as = As::integer;              // field
  EnumNames names;                  // of an enumeration
  Function function = {};           // call
  std::optional<uint16_t> present;  // of a list's member: it is there where this raw word is not 0
  std::vector<std::pair<std::string, Output>> members;  // named in a record
  friend bool operator==(const Output&, const Output&) = default;
};

enum class RowType : uint8_t { probe_hit, log, custom };

// One place in the closure that makes rows. Instructions name it by its index.
struct RowSite {
  RowType type = RowType::custom;
  std::optional<std::string> event_type;  // emit's name
  std::vector<Raw> fields;                // the payload, in order; at most VM_ROW_FIELDS_MAX
  Output value;
  Span span;
  friend bool operator==(const RowSite&, const RowSite&) = default;
};

// One component of a map's key. A key with a nullable component starts with a word of null bits
// (bit i: component i is null).
struct KeyPart {
  std::string name;  // the column; empty where the key is a scalar
  As as = As::integer;
  uint16_t offset = 0;  // in the key
  uint16_t size = 8;    // 8, or the room for a text
  bool nullable = false;
  EnumNames names = {};  // of an enumeration
  uint16_t bytes = 0;    // of a binary: how many of `size` it has
  friend bool operator==(const KeyPart&, const KeyPart&) = default;
};

enum class MapKind : uint8_t { count, sum, avg, min, max, stats, hist, value };
std::string_view map_kind_name(MapKind kind);  // "stats"; of a map of the closure's own, "map"

// Whether the kernel keeps the values of such a map as a vm_tally.
inline bool is_tally(MapKind kind) {
  return kind == MapKind::avg || kind == MapKind::min || kind == MapKind::max ||
         kind == MapKind::stats;
}

// The buckets of a histogram. Linear ones are [from, from + step) and so on below `to`, with one
// below `from` and one from `to` on. Logarithmic ones are 0, 1, [2, 4), [4, 8) ..., each cut into
// 2^bits of one size where it has so many numbers, and one below 0.
struct Buckets {
  bool is_linear = false;
  int64_t from = 0, to = 0, step = 1;  // linear: from < to, both ends of their difference an int
  uint8_t bits = 0;                    // logarithmic
  friend bool operator==(const Buckets&, const Buckets&) = default;
};

// A map that the closure writes. `name` is empty for the first unnamed one (it takes the probe's
// name), "#2", "#3" for the next.
struct MapSpec {
  std::string name = {};
  MapKind kind = MapKind::count;
  // Empty: unkeyed, one cell; of a map of the closure's own, one entry with a key of zeros. The
  // last part of a histogram's is the bucket: its least number, the lowest integer where it has
  // none.
  std::vector<KeyPart> key = {};
  uint8_t key_class = 0;  // index into VM_KEY_CLASSES
  As as = As::integer;    // of the numbers that are added up, compared or kept
  Buckets buckets = {};   // of a histogram
  uint32_t entries = 0;   // the most that it holds; 0: as many as is usual
  bool lru = false;       // of the closure's own: full, it drops what was used the longest ago
  Span span = {};
  friend bool operator==(const MapSpec&, const MapSpec&) = default;
};

struct Program {
  std::vector<vm_insn> code;
  std::vector<Span> spans;  // one for each instruction: the source it came from
  std::vector<uint8_t> pool;
  std::vector<RowSite> rows;
  std::vector<MapSpec> maps;
  std::vector<std::string> timers;  // names; those of functions are the functions'
  std::string source;  // the text the spans point into: the closure's, then what it calls
  uint32_t fuel = VM_FUEL;
};

// Whether two maps of one name can be one map.
bool same_map_type(const MapSpec& a, const MapSpec& b);

// Whether two programs do the same, and show the same words where they fail: one may stand for
// both.
bool same_program(const Program& a, const Program& b);

}  // namespace bytecode
