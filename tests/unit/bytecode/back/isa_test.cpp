#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "bytecode/isa_table.hpp"

namespace bytecode {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The part of a document between two marks, without them.
std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const size_t start = text.find(open);
  const size_t end = text.find(close);
  if (start == std::string::npos || end == std::string::npos) return "";
  return text.substr(start + open.size(), end - start - open.size());
}

TEST(Isa, EveryOpcodeHasItsOwnNumberAndMnemonic) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const OpInfo& row : op_table()) {
    EXPECT_TRUE(numbers.insert(row.op).second) << row.text;
    EXPECT_TRUE(names.insert(row.text).second) << row.text;
    EXPECT_EQ(op_info(row.op), &row);
    EXPECT_FALSE(format_name(row.format).empty());
  }
}

TEST(Isa, NoRowForWhatIsNoOpcode) {
  EXPECT_EQ(op_info(11), nullptr);
  EXPECT_EQ(op_info(255), nullptr);
  EXPECT_EQ(fault_info(VM_FAULT_none), nullptr);
  EXPECT_EQ(key_class_bytes(VM_KEY_CLASS_COUNT), 0u);
}

TEST(Isa, ReadmeHasTheTablesOfTheRows) {
  std::string opcodes =
      "\n| code | text | operands | tier | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const OpInfo& row : op_table())
    opcodes += "| " + std::to_string(row.op) + " | `" + std::string(row.text) + "` | " +
               std::string(format_name(row.format)) + " | " +
               (row.tier == Tier::hot ? "hot" : "heavy") + " | " + std::string(row.synopsis) +
               " |\n";
  std::string faults = "\n| code | fault | the run | sentence |\n| --- | --- | --- | --- |\n";
  for (const FaultInfo& row : fault_table())
    faults += "| " + std::to_string(row.kind) + " | `" + std::string(row.name) + "` | " +
              (row.ends_run ? "ends" : "goes on") + " | " + std::string(row.sentence) + " |\n";
  const std::string readme = read(BYTECODE_README);
  EXPECT_EQ(between(readme, "<!-- opcodes -->", "<!-- /opcodes -->"), opcodes);
  EXPECT_EQ(between(readme, "<!-- faults -->", "<!-- /faults -->"), faults);
}

}  // namespace
}  // namespace bytecode
