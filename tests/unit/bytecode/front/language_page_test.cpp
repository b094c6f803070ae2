// The language page in bytecode/README.md names what there is, and nothing else.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "bytecode/compile.hpp"
#include "bytecode/functions/functions.hpp"
#include "bytecode/lower/types.hpp"

namespace {

using namespace bytecode;
using Names = std::set<std::string, std::less<>>;

// The words between backquotes in a part of the page.
Names named(const std::string& part) {
  std::ifstream file(BYTECODE_README);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "<!-- " + part + " -->", end = "<!-- /" + part + " -->";
  size_t at = page.find(begin);
  const size_t stop = page.find(end);
  EXPECT_NE(at, std::string::npos) << part;
  EXPECT_NE(stop, std::string::npos) << part;
  Names names;
  while ((at = page.find('`', at)) < stop) {
    const size_t close = page.find('`', at + 1);
    names.insert(page.substr(at + 1, close - at - 1));
    at = close + 1;
  }
  return names;
}

TEST(LanguagePage, NamesTheCommandsOfTheKernel) {
  Names names;
  for (std::string_view name : command_names()) names.emplace(name);
  EXPECT_EQ(named("kernel commands"), names);
}

TEST(LanguagePage, NamesTheCommandsOfTheHost) {
  Names names;
  for (const FunctionCommand& command : function_commands()) names.emplace(command.name);
  EXPECT_EQ(named("host commands"), names);
}

TEST(LanguagePage, NamesTheOperators) {
  Names names = {"like", "not-like"};
  for (int op = 0; op <= static_cast<int>(ast::Op::not_ends_with); ++op)
    names.emplace(spelling(static_cast<ast::Op>(op)));
  EXPECT_EQ(named("operators"), names);
}

TEST(LanguagePage, ItsOperatorsAreRead) {
  for (const std::string& op : named("operators")) {
    const auto program = compile("{|ctx| 1 " + op + " [1] }", {}, {});
    EXPECT_TRUE(program || program.error().message.find("operator") == std::string::npos)
        << op << ": " << program.error().message;
  }
}

}  // namespace
