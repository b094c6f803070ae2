#include "plugin/error.hpp"

#include <gtest/gtest.h>

namespace plugin {
namespace {

TEST(TextPlace, IsAnOffsetInVerbatimText) {
  const TextPlace place({100, 110}, 100, 10);
  EXPECT_EQ(place.at({2, 5}), (Span{102, 105}));
  EXPECT_EQ(place.at({0, 10}), (Span{100, 110}));
}

TEST(TextPlace, OutsideTheTextIsNoPlace) {
  const TextPlace place({100, 110}, 100, 10);
  EXPECT_FALSE(place.at({5, 11}).is_place());
  EXPECT_FALSE(place.at({6, 5}).is_place());
  EXPECT_FALSE(TextPlace({1, 2}).at({0, 1}).is_place());
}

TEST(TextPlace, AnEmptySpanUnderlinesANeighbour) {
  const TextPlace place({100, 110}, 100, 10);
  EXPECT_EQ(place.at({3, 3}), (Span{103, 104}));
  EXPECT_EQ(place.at({10, 10}), (Span{109, 110}));
}

TEST(LineColumn, CountsCharacters) {
  const std::string_view text = "a\n\xc3\xbc x";
  EXPECT_EQ(line_column(text, 0).line, 1u);
  EXPECT_EQ(line_column(text, 5).line, 2u);
  EXPECT_EQ(line_column(text, 5).column, 3u);
}

bytecode::Error closure_error() {
  bytecode::Error error;
  error.message = "no such field";
  error.labels.push_back({{6, 9}, "not here"});
  error.hint = "try pid";
  return error;
}

TEST(Labeled, PutsAClosuresLabelInTheSource) {
  const SourceText source{"{|c| $c.foo }", TextPlace({50, 63}, 50, 13)};
  const LabeledError error = labeled(closure_error(), {.head = {1, 2}, .source = &source});
  ASSERT_EQ(error.labels.size(), 1u);
  EXPECT_EQ(error.labels[0].span, (Span{56, 59}));
  EXPECT_EQ(error.labels[0].text, "not here");
  EXPECT_EQ(error.help, "try pid");
}

TEST(Labeled, SaysThePlaceWhereTheSourceHasNone) {
  const SourceText source{"{|c| $c.foo }", TextPlace({7, 9})};
  const LabeledError error = labeled(closure_error(), {.head = {1, 2}, .source = &source});
  ASSERT_EQ(error.labels.size(), 1u);
  EXPECT_EQ(error.labels[0].span, (Span{7, 9}));
  EXPECT_EQ(error.labels[0].text, "at 1:7 `c.f`: not here");
}

// The compiler lays out {|c| f } and the two texts behind it with a newline before each.
const SourceText with_texts{"{|c| f }",
                            TextPlace({50, 58}, 50, 8),
                            "",
                            {{"def f [] { g }", TextPlace({50, 58}, 10, 14), "f"},
                             {"def g [] { $x }", TextPlace({50, 58}), "g"}}};

TEST(SourceText, FindsTheTextOfASpan) {
  EXPECT_EQ(with_texts.find({5, 6}).text, &with_texts);
  EXPECT_EQ(with_texts.find({8, 8}).text, &with_texts);
  EXPECT_EQ(with_texts.find({9, 12}).text, &with_texts.along[0]);
  EXPECT_EQ(with_texts.find({9, 12}).span, (bytecode::Span{0, 3}));
  EXPECT_EQ(with_texts.find({35, 37}).text, &with_texts.along[1]);
  EXPECT_EQ(with_texts.find({35, 37}).span, (bytecode::Span{11, 13}));
}

TEST(Labeled, PutsACustomCommandsLabelInItsSource) {
  bytecode::Error error = closure_error();
  error.labels[0].span = {20, 21};
  const LabeledError shown = labeled(error, {.head = {1, 2}, .source = &with_texts});
  EXPECT_EQ(shown.labels[0].span, (Span{21, 22}));
  EXPECT_EQ(shown.labels[0].text, "not here");
}

TEST(Labeled, NamesTheCustomCommandThatHasNoPlace) {
  bytecode::Error error = closure_error();
  error.labels[0].span = {35, 37};
  const LabeledError shown = labeled(error, {.head = {1, 2}, .source = &with_texts});
  EXPECT_EQ(shown.labels[0].span, (Span{50, 58}));
  EXPECT_EQ(shown.labels[0].text, "in `g` at 1:12 `$x`: not here");
}

TEST(Labeled, BlamesTheTargetOrTheHead) {
  bytecode::Error error;
  error.kind = bytecode::ErrorKind::target;
  EXPECT_EQ(labeled(error, {.head = {1, 2}, .target = {5, 8}}).labels[0].span, (Span{5, 8}));
  error.kind = bytecode::ErrorKind::system;
  EXPECT_EQ(labeled(error, {.head = {1, 2}, .target = {5, 8}}).labels[0].span, (Span{5, 8}));
  EXPECT_EQ(labeled(error, {.head = {1, 2}}).labels[0].span, (Span{1, 2}));
}

TEST(Labeled, KeepsTheOtherErrors) {
  bytecode::Error error = closure_error();
  error.more.push_back(closure_error());
  const SourceText source{"{|c| $c.foo }", TextPlace({50, 63}, 50, 13)};
  const LabeledError shown = labeled(error, {.head = {1, 2}, .source = &source});
  ASSERT_EQ(shown.inner.size(), 1u);
  EXPECT_EQ(shown.inner[0].labels[0].span, (Span{56, 59}));
}

TEST(ErrorNode, NeverHasALabelWithoutAPlace) {
  const LabeledError error = error_at({}, "message", "label");
  EXPECT_TRUE(error.labels.empty());
  const Node node = error_node(error);
  EXPECT_EQ(node.find("msg")->as_text(), "message");
  EXPECT_TRUE(node.find("labels")->items().empty());
  EXPECT_TRUE(node.find("help")->is_nil());
}

}  // namespace
}  // namespace plugin
