#include "plugin/signature.hpp"

#include <gtest/gtest.h>

#include <set>

#include "plugin/commands/commands.hpp"

namespace plugin {
namespace {

// A missing field fails the whole plugin in Nushell, with no more than "missing field".
void expect_fields(const Node& node, std::initializer_list<const char*> names) {
  for (const char* name : names) EXPECT_TRUE(node.find(name)) << name;
}

TEST(Signatures, HaveEveryFieldThatNushellRequires) {
  for (const Command& command : commands()) {
    const Node node = signature_node(command.signature);
    const Node* sig = node.find("sig");
    ASSERT_TRUE(sig && node.find("examples"));
    expect_fields(*sig, {"name", "description", "extra_description", "search_terms",
                         "required_positional", "optional_positional", "named",
                         "input_output_types", "allow_variants_without_examples", "is_filter",
                         "creates_scope", "allows_unknown_args", "category"});
    for (const char* list : {"required_positional", "optional_positional"})
      for (const Node& positional : sig->find(list)->items())
        expect_fields(positional, {"name", "desc", "shape"});
    for (const Node& flag : sig->find("named")->items())
      expect_fields(flag, {"long", "required", "desc"});
    for (const Node& example : node.find("examples")->items())
      expect_fields(example, {"example", "description"});
  }
}

TEST(Signatures, ClosureShapesCarryTheirPayload) {
  // A bare "Closure" is no shape to Nushell.
  const Node shape = shape::closure_or_string();
  const auto [kind, payload] = shape.tagged();
  EXPECT_EQ(kind, "OneOf");
  EXPECT_EQ(payload->at(0)->tagged().name, "Closure");
  EXPECT_TRUE(payload->at(0)->tagged().payload->is_nil());
  EXPECT_EQ(payload->at(1)->as_text(), "String");
}

TEST(Commands, HaveNamesOfTheirOwnHelpAndExamples) {
  std::set<std::string> names;
  for (const Command& command : commands()) {
    EXPECT_TRUE(names.insert(command.signature.name).second) << command.signature.name;
    EXPECT_FALSE(command.signature.description.empty()) << command.signature.name;
    EXPECT_FALSE(command.signature.examples.empty()) << command.signature.name;
  }
  EXPECT_EQ(find_command("bpf-kprobe")->signature.name, "bpf-kprobe");
  EXPECT_EQ(find_command("print"), nullptr);  // Nushell's own
}

TEST(Commands, AttachEveryKind) {
  for (const host::Kind kind : host::all_kinds()) {
    const Command* attaches = nullptr;
    for (const Command& command : commands())
      if (command.kind == kind) attaches = &command;
    ASSERT_TRUE(attaches) << host::kind_name(kind);
    EXPECT_EQ(attaches->signature.name, "bpf-" + std::string(host::kind_name(kind)));
  }
}

TEST(Signatures, TargetsTakeAListFirst) {
  // The other way round Nushell gives `[a b]` as text.
  const Node shape = shape::string_or_list();
  const auto [kind, payload] = shape.tagged();
  EXPECT_EQ(kind, "OneOf");
  EXPECT_EQ(payload->at(0)->tagged().name, "List");
  EXPECT_EQ(payload->at(1)->as_text(), "String");
}

TEST(Commands, FlagsAreUniqueWithinACommand) {
  for (const Command& command : commands()) {
    std::set<std::string> names = {"help"};
    std::set<char> letters = {'h'};
    for (const Flag& flag : command.signature.flags) {
      EXPECT_TRUE(names.insert(flag.name).second) << command.signature.name << " --" << flag.name;
      if (flag.letter) {
        EXPECT_TRUE(letters.insert(flag.letter).second) << command.signature.name;
      }
    }
  }
}

TEST(Completion, KnowsWhatAPositionTakes) {
  EXPECT_EQ(completes(find_command("bpf-detach")->signature, 4), Completes::probes);
  EXPECT_EQ(completes(find_command("bpf-swap")->signature, 0), Completes::probes);
  EXPECT_EQ(completes(find_command("bpf-swap")->signature, 1), Completes::nothing);
  EXPECT_EQ(completes(find_command("bpf-maps get")->signature, 0), Completes::maps);
  EXPECT_EQ(completes(find_command("bpf-kprobe")->signature, 9), Completes::nothing);
  EXPECT_EQ(completes(find_command("bpf-kprobe")->signature, 0), Completes::targets);
  EXPECT_EQ(completes(find_command("bpf-uprobe")->signature, 0), Completes::nothing);
  EXPECT_EQ(completes(find_command("bpf-uprobe")->signature, 1), Completes::symbols);
  EXPECT_EQ(completes(find_command("bpf-usdt")->signature, 1), Completes::symbols);
}

}  // namespace
}  // namespace plugin
