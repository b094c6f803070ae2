#include "plugin/commands/programs.hpp"

#include <gtest/gtest.h>

namespace plugin {
namespace {

host::Target target(const std::string& name, std::initializer_list<const char*> args) {
  host::Target made;
  made.kind = host::Kind::tracepoint;
  made.text = name;
  made.schema.target = "tracepoint:" + name;
  uint32_t offset = 16;
  for (const char* arg : args) {
    bytecode::Field field;
    field.name = arg;
    field.offset = offset;
    field.type = "long";
    made.schema.args.push_back(std::move(field));
    offset += 8;
  }
  return made;
}

ClosureArgument closure(const std::string& text) {
  ClosureArgument made;
  made.source.text = text;
  return made;
}

bytecode::Result<Programs> compile(const std::string& text,
                                   const std::vector<host::Target>& targets) {
  return compile_closure(closure(text), targets, {}, {});
}

TEST(Programs, OfOneLayoutAreOne) {
  const auto programs = compile("{|ctx| $ctx.args.fd}", {target("a", {"fd"}), target("b", {"fd"})});
  ASSERT_TRUE(programs);
  ASSERT_EQ((*programs).size(), 2u);
  EXPECT_EQ((*programs)[0], (*programs)[1]);
  EXPECT_EQ(shares(*programs).size(), 1u);
}

TEST(Programs, ThatRunAlikeAreOneWhateverTheLayout) {
  const auto programs =
      compile("{|ctx| $ctx.pid | count}", {target("a", {"fd"}), target("b", {"name", "fd"})});
  ASSERT_TRUE(programs);
  EXPECT_EQ((*programs)[0], (*programs)[1]);
}

TEST(Programs, ReadAFieldWhereItIs) {
  const auto programs = compile("{|ctx| $ctx.args.fd}", {target("a", {"fd"}), target("b", {"fd"}),
                                                         target("c", {"name", "fd"})});
  ASSERT_TRUE(programs);
  const std::vector<Share> all = shares(*programs);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].targets, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(all[1].targets, (std::vector<size_t>{2}));
}

TEST(Programs, AFieldThatSomeTargetsLackNamesThem) {
  const auto programs = compile("{|ctx| $ctx.args.fd}",
                                {target("has", {"fd"}), target("a", {"x"}), target("b", {"y"}),
                                 target("c", {"z"}), target("d", {"x", "y"}), target("e", {})});
  ASSERT_FALSE(programs);
  EXPECT_EQ(programs.error().message, "unknown argument `fd`");
  ASSERT_EQ(programs.error().labels.size(), 1u);
  EXPECT_EQ(programs.error().labels.front().text,
            "not an argument of tracepoint:a, tracepoint:b, tracepoint:c and 2 more");
}

TEST(Programs, AnErrorOfTheClosureAloneNamesNoTargets) {
  const auto programs = compile("{|ctx| $nosuch}", {target("a", {"x"}), target("b", {"y"})});
  ASSERT_FALSE(programs);
  EXPECT_EQ(programs.error().hint.find("this is so at"), std::string::npos);
}

}  // namespace
}  // namespace plugin
