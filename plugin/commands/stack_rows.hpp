// The piped rows of bpf-flamegraph. Of each only its stacks, its counts and the columns asked for
// are kept, and a frame's text once; which columns are meant is decided when all have come.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugin/error.hpp"
#include "plugin/pictures/amount.hpp"
#include "plugin/pictures/flame_tree.hpp"

namespace plugin {

// The columns that the user chose; empty names are for the rows to decide.
struct StackChoice {
  struct Column {
    std::string name;
    Span place;  // of the flag's value
  };
  Column stack, count;
  std::vector<Column> by;  // root frames, the outermost first
  bool offsets = false;    // keep the place inside a function
};

struct StackTree {
  pictures::FlameTree tree;
  pictures::Unit unit = pictures::Unit::number;
};

class StackRows {
 public:
  // `pipe` is blamed where a value has no place of its own.
  StackRows(StackChoice choice, Span pipe);

  // A record, or a bare list of strings; what is wrong with any other value.
  std::optional<LabeledError> add(const Node& row);
  // All rows as one tree. Its total is above 0.
  Outcome<StackTree> tree() const;

 private:
  enum class Kind : uint8_t { nothing, stack, amount, text, other };
  struct Cell {
    uint32_t column = 0;
    Kind kind = Kind::nothing;
    pictures::Unit unit = pictures::Unit::number;
    uint32_t word = 0;    // of a column in --by
    uint32_t length = 0;  // frames of a stack, which begin at `number` in frames_
    int64_t number = 0;
    Span place;
  };
  struct Column {
    std::string name;
    bool by = false;
    size_t stacks = 0, full_stacks = 0, amounts = 0, others = 0;
    std::string kind;  // of the last value, as Nushell calls it
  };
  // The columns that a tree is made of.
  struct Plan {
    std::vector<uint32_t> stacks;  // the base first
    std::optional<uint32_t> count;
    std::vector<uint32_t> by;
  };

  uint32_t word(std::string_view text);
  uint32_t column(std::string_view name);
  void add_cell(uint32_t column, const Node& value);
  bool read_stack(const Node& value, Cell& cell);

  std::optional<uint32_t> find(std::string_view name) const;
  bool holds_stacks(const Column& column) const;
  bool may_count(uint32_t column) const;
  const Cell* cell(size_t row, uint32_t column) const;
  std::string columns_hint() const;
  Outcome<std::vector<uint32_t>> stack_columns() const;
  Outcome<std::optional<uint32_t>> count_column() const;
  Outcome<Plan> plan() const;
  // How much a row counts; `unit` is that of the rows before.
  Outcome<int64_t> count(size_t row, uint32_t column, std::optional<pictures::Unit>& unit) const;
  pictures::Origin column_origin(uint32_t column) const;
  std::optional<LabeledError> fill(const Plan& plan, StackTree& out) const;

  StackChoice choice_;
  Span pipe_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, uint32_t> words_;
  std::vector<const std::string*> texts_;  // of words_, by number
  std::vector<uint32_t> frames_;           // of all stacks, leaf first
  std::vector<Cell> cells_;                // of all rows
  std::vector<size_t> rows_;               // where each ends in cells_
  bool bare_ = false;                      // the rows are lists of strings
};

}  // namespace plugin
