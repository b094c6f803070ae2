// The cases of trees/*.trees: a source, `---`, and its tree as tree_text.hpp writes it, or the
// errors; `===` between them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tree_text.hpp"

namespace bytecode {
namespace {

struct Case {
  std::string source;
  std::string expected;
};

std::string without_newlines_behind(std::string text) {
  text.erase(std::find_if(text.rbegin(), text.rend(), [](char c) { return c != '\n'; }).base(),
             text.end());
  return text;
}

std::vector<Case> cases_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Case> result(1);
  bool in_source = true;
  for (std::string line; std::getline(in, line);) {
    if (line == "===") {
      result.emplace_back();
      in_source = true;
    } else if (line == "---" && in_source) {
      in_source = false;
    } else {
      (in_source ? result.back().source : result.back().expected) += line + "\n";
    }
  }
  for (Case& row : result) {
    row.source = without_newlines_behind(std::move(row.source));
    row.expected = without_newlines_behind(std::move(row.expected));
  }
  return result;
}

std::vector<std::string> files() {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator(TREES_FOLDER))
    if (entry.path().extension() == ".trees") result.push_back(entry.path().stem().string());
  std::sort(result.begin(), result.end());
  return result;
}

class ParserTrees : public testing::TestWithParam<std::string> {};

TEST_P(ParserTrees, AreAsWritten) {
  std::vector<Case> cases = cases_of(std::filesystem::path(TREES_FOLDER) / (GetParam() + ".trees"));
  EXPECT_GE(cases.size(), 6u);
  for (const Case& row : cases) {
    std::string tree =
        GetParam() == "definitions" ? parsed_definition(row.source) : parsed(row.source);
    EXPECT_EQ(without_newlines_behind(std::move(tree)), row.expected) << row.source;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ParserTrees, testing::ValuesIn(files()),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace bytecode
