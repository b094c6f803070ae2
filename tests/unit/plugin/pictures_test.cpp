// The pieces that pictures are made of, and the pictures as text.
#include <gtest/gtest.h>

#include "plugin/pictures/buckets.hpp"
#include "plugin/pictures/flame_svg.hpp"
#include "plugin/pictures/histogram.hpp"
#include "plugin/pictures/svg.hpp"

namespace plugin::pictures {
namespace {

size_t times(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST(Amounts, AreWrittenAsInNushell) {
  const struct {
    int64_t number;
    Unit unit;
    const char* words;
  } examples[] = {
      {0, Unit::duration, "0sec"},
      {1, Unit::duration, "1ns"},
      {1024, Unit::duration, "1µs 24ns"},
      {1'048'576, Unit::duration, "1ms 48µs 576ns"},
      {90'061'000'000'000, Unit::duration, "1day 1hr 1min 1sec"},
      {-1'500'000'000, Unit::duration, "-1sec 500ms"},
      {604'800'000'000'000, Unit::duration, "1wk"},
      {0, Unit::filesize, "0 B"},
      {999, Unit::filesize, "999 B"},
      {1000, Unit::filesize, "1.0 kB"},
      {999'999, Unit::filesize, "999.9 kB"},
      {1'234'567, Unit::filesize, "1.2 MB"},
      {INT64_MAX, Unit::filesize, "9.2 EB"},
      {-5000, Unit::filesize, "-5.0 kB"},
      {INT64_MIN, Unit::number, "-9223372036854775808"},
  };
  for (const auto& example : examples)
    EXPECT_EQ(exact(example.number, example.unit), example.words);
}

TEST(Amounts, AreShortForReading) {
  EXPECT_EQ(rounded(1'234'567, Unit::number), "1,234,567");
  EXPECT_EQ(rounded(123, Unit::number), "123");
  EXPECT_EQ(rounded(-1000, Unit::number), "-1,000");
  EXPECT_EQ(rounded(1'234'567'890, Unit::duration), "1sec 234ms");
  EXPECT_EQ(percent(1, 3), "33.33%");
  EXPECT_EQ(percent(1, 0), "0.00%");
  EXPECT_EQ(add_counts(INT64_MAX, 1), INT64_MAX);
}

TEST(Bars, HaveEighthsOfAColumn) {
  EXPECT_EQ(bar(8, 8, 3), "███");
  EXPECT_EQ(bar(4, 8, 3), "█▌");
  EXPECT_EQ(bar(1, 8, 1), "▏");
  EXPECT_EQ(bar(7, 8, 1), "▉");
  EXPECT_EQ(bar(1, 1'000'000, 10), "▏") << "what is there shows";
  EXPECT_EQ(bar(9, 8, 2), "██") << "and no bar is longer than the room";
  EXPECT_EQ(bar(INT64_MAX, INT64_MAX, 2), "██");
  EXPECT_EQ(bar(0, 8, 3), "");
  EXPECT_EQ(bar(-1, 8, 3), "");
  EXPECT_EQ(bar(1, 0, 3), "");
  EXPECT_EQ(bar(1, 1, 0), "");
}

TEST(Svg, EscapesWhatXmlReads) {
  EXPECT_EQ(escaped("operator<<(\"a\" & 'b')>"),
            "operator&lt;&lt;(&quot;a&quot; &amp; &#39;b&#39;)&gt;");
  EXPECT_EQ(escaped("größe λ 日本"), "größe λ 日本");
  EXPECT_EQ(escaped(std::string("a\0\x1b\x7f", 4)), "a���");
  EXPECT_EQ(escaped("\xff\xc3"), "��");
  EXPECT_EQ(escaped("\xef\xbf\xbe"), "�") << "UTF-8, and yet no character of XML";
  EXPECT_EQ(escaped("a\nb"), "a&#10;b");
}

TEST(Svg, WritesShortNumbersAndColours) {
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(0.125), "0.125");
  EXPECT_EQ(coordinate(1.0 / 3), "0.3333");
  EXPECT_EQ(coordinate(-0.00001), "0");
  EXPECT_EQ(coordinate(100), "100");
  EXPECT_EQ(colour(0, 1, 0.5), "#ff0000");
  EXPECT_EQ(colour(240, 1, 0.5), "#0000ff");
  EXPECT_EQ(colour(77, 0, 1), "#ffffff");
}

TEST(Svg, FitsTextIntoColumns) {
  EXPECT_EQ(fitted("main", 4), "main");
  EXPECT_EQ(fitted("vfs_read", 7), "vfs_re…");
  EXPECT_EQ(fitted("vfs_read", 3), "vf…");
  EXPECT_EQ(fitted("vfs_read", 2), "");
  EXPECT_EQ(columns("größe"), 5u);
  EXPECT_EQ(columns("日本"), 4u);
  EXPECT_EQ(fitted("日本語", 6), "日本語");
  EXPECT_EQ(fitted("日本語", 5), "日本…");
  EXPECT_EQ(fitted("日本語", 4), "日…");
}

TEST(Frames, LoseThePlaceInsideTheFunction) {
  const struct {
    const char* frame;
    const char* function;
    Origin origin;
  } examples[] = {
      {"do_sys_openat2+0x84", "do_sys_openat2", Origin::unknown},
      {"nf_hook+0x1 [nf_tables]", "nf_hook [nf_tables]", Origin::kernel},
      {"main+0x1d (app.c:12)", "main", Origin::user},
      {"helper (app.c:4) [inlined]", "helper [inlined]", Origin::user},
      {"0x7f12deadbeef", "0x7f12deadbeef", Origin::user},
      {"0xffffffff81000000", "0xffffffff81000000", Origin::kernel},
      {"do_syscall_64+0x5b", "do_syscall_64", Origin::kernel},
      {"malloc+0x1 [libc.so.6]", "malloc [libc.so.6]", Origin::user},
      {"f(int, char)+0x1", "f(int, char)", Origin::unknown},
      {"operator+ (x.cpp:3)", "operator+", Origin::user},
      {"operator+=", "operator+=", Origin::unknown},
      {"N::operator() (int)", "N::operator() (int)", Origin::unknown},
      {"a+0xzz", "a+0xzz", Origin::unknown},
      {"+0x12", "+0x12", Origin::unknown},
      {"", "", Origin::unknown},
      {" [x]", " [x]", Origin::unknown},
  };
  for (const auto& example : examples) {
    EXPECT_EQ(function_of(example.frame), example.function);
    EXPECT_EQ(origin_of(example.frame), example.origin) << example.frame;
  }
}

// A tree of stacks of the user's, the root first.
FlameTree tree_of(const std::vector<std::pair<std::vector<const char*>, int64_t>>& stacks) {
  FlameTree tree;
  for (const auto& [names, count] : stacks) {
    std::vector<FlameTree::Frame> stack;
    for (const char* name : names) stack.push_back({tree.name(name), Origin::user});
    tree.add(stack, count);
  }
  return tree;
}

TEST(FlameTree, FoldsWhatBeginsAlike) {
  const FlameTree tree = tree_of(
      {{{"main", "write"}, 2}, {{"main", "read"}, 3}, {{"main"}, 1}, {{"main", "read"}, 4}});
  EXPECT_EQ(tree.root().total, 10);
  EXPECT_EQ(tree.size(), 4u);
  EXPECT_EQ(tree.folded(), "main 1\nmain;read 7\nmain;write 2\n");
  const std::vector<FlameTree::Box> boxes = tree.layout();
  ASSERT_EQ(boxes.size(), 4u);
  EXPECT_EQ(tree.text(tree.node(boxes[3].node)), "write");
  EXPECT_EQ(boxes[3].depth, 2u);
  EXPECT_EQ(boxes[3].start, 7);
}

TEST(FlameTree, LeavesOutWhatNeverRan) {
  EXPECT_EQ(tree_of({{{"a"}, 0}, {{"b"}, 1}}).folded(), "b 1\n");
  EXPECT_EQ(tree_of({{{"a"}, 0}}).layout().size(), 1u);
}

TEST(FlameTree, HasNoSemicolonOrLineBreakInAName) {
  EXPECT_EQ(tree_of({{{"a;b", "c\nd\xff"}, 1}}).folded(), "a:b;c d� 1\n");
}

TEST(FlameTree, TakesStacksOfAnyDepthAndCountsOfAnySize) {
  FlameTree tree;
  const FlameTree::Frame frame = {tree.name("f"), Origin::user};
  tree.add(std::vector<FlameTree::Frame>(100'000, frame), INT64_MAX);
  tree.add(std::vector{frame}, INT64_MAX);
  EXPECT_EQ(tree.root().total, INT64_MAX);
  EXPECT_EQ(tree.layout().back().depth, 100'000u);
}

TEST(FlameGraph, NamesEveryFrameAndEscapesIt) {
  const std::string svg = flame_svg(tree_of({{{"main", "operator<<"}, 3}, {{"main"}, 1}}), {});
  EXPECT_TRUE(has(svg, "<title>operator&lt;&lt;&#10;3 (75.00%)</title>"));
  EXPECT_TRUE(has(svg, "<title>main&#10;4 (100.00%)&#10;itself 1 (25.00%)</title>"));
  EXPECT_TRUE(has(svg, ">operator&lt;&lt;</text>"));
  EXPECT_FALSE(has(svg, "operator<<"));
  EXPECT_TRUE(has(svg, ">4 in all</text>"));
  EXPECT_EQ(times(svg, "http"), 2u) << "names of XML, no resources";
}

TEST(FlameGraph, LeavesOutWhatIsNarrowerThanATenthOfAPixel) {
  const std::string svg = flame_svg(tree_of({{{"a"}, 1'000'000}, {{"b"}, 1}, {{"c"}, 100}}), {});
  EXPECT_TRUE(has(svg, "1,000,101 in all, 1 frame too narrow to be drawn"));
  EXPECT_TRUE(has(svg, "<title>c&#10;"));
  EXPECT_FALSE(has(svg, "<title>b&#10;"));
}

TEST(FlameGraph, IsTheSameForTheSameStacks) {
  EXPECT_EQ(flame_svg(tree_of({{{"a", "b"}, 1}, {{"c"}, 2}}), {}),
            flame_svg(tree_of({{{"c"}, 2}, {{"a", "b"}, 1}}), {}));
}

TEST(FlameGraph, ShowsDurationsAsTimes) {
  FlameStyle style;
  style.unit = Unit::duration;
  EXPECT_TRUE(has(flame_svg(tree_of({{{"a"}, 1'500'000}}), style), "1ms 500µs (100.00%)"));
}

TEST(Buckets, AreNamedByTheirBounds) {
  EXPECT_EQ(short_words({16, 32}, Unit::number), "16 – 32");
  EXPECT_EQ(short_words({16, 17}, Unit::number), "16");
  EXPECT_EQ(short_words({1024, 2048}, Unit::duration), "1µs 24ns – 2µs 48ns");
  EXPECT_EQ(short_words({std::nullopt, 0}, Unit::number), "< 0");
  EXPECT_EQ(short_words({100, std::nullopt}, Unit::filesize), "≥ 100 B");
  EXPECT_EQ(long_words({16, 32}, Unit::number), "from 16 to below 32");
}

TEST(Histogram, OrdersRowsAndAddsUpThoseOfTheSameBounds) {
  Scale scale;
  const std::vector<Bucket> rows = {
      {10, std::nullopt, 1}, {0, 10, 2}, {std::nullopt, 0, 3}, {0, 10, 4}};
  scale.add(rows);
  scale.finish();
  EXPECT_EQ(scale.counts(rows), (std::vector<int64_t>{3, 6, 1}));
  EXPECT_EQ(scale.counts({{0, 10, 5}}), (std::vector<int64_t>{0, 5, 0}));
}

TEST(Histogram, DrawsAPanelForEachKey) {
  PlotStyle style;
  style.title = "a < b";
  const std::string svg =
      histogram_svg({{"cat", {{0, 10, 2}, {10, 20, 6}}}, {"<ls>", {{10, 20, 1}}}}, style);
  EXPECT_EQ(times(svg, "class=\"bar\""), 3u);
  EXPECT_TRUE(has(svg, "&lt;ls&gt;"));
  EXPECT_TRUE(has(svg, "a &lt; b"));
  EXPECT_TRUE(has(svg, "from 10 to below 20&#10;6 (75.00%)"));
  EXPECT_EQ(times(svg, ">10 – 20</text>"), 2u) << "the same rows in every panel";
}

TEST(Histogram, SaysWhichKeysItShows) {
  std::vector<Histogram> many;
  for (int i = 0; i < 100; ++i) many.push_back({"key " + std::to_string(i), {{0, 1, i}}});
  const std::string svg = histogram_svg(many, {});
  EXPECT_TRUE(has(svg, "the 60 keys that count most, of 100"));
  EXPECT_TRUE(has(svg, ">key 99<"));
  EXPECT_FALSE(has(svg, ">key 39<"));
}

TEST(HeatMap, DrawsACellForWhatIsThere) {
  const int64_t second = 1'000'000'000;
  const HeatMap map = {
      "", {{0, {{0, 10, 1}, {10, 20, 100}}}, {second, {{0, 10, 0}}}, {2 * second, {{0, 10, 5}}}}};
  const std::string svg = heat_map_svg({map}, TimeKind::date, {});
  EXPECT_EQ(times(svg, "class=\"cell\""), 3u);
  EXPECT_TRUE(has(svg, "1970-01-01 00:00:02 UTC&#10;from 0 to below 10&#10;5</title>"));
}

TEST(HeatMap, AddsUpMomentsThatAreTooMany) {
  HeatMap map;
  for (int64_t i = 0; i < 10'000; ++i) map.moments.push_back({i, {{0, 10, 1}}});
  const std::string svg = heat_map_svg({map}, TimeKind::number, {});
  EXPECT_LE(times(svg, "class=\"cell\""), 400u);
  EXPECT_TRUE(has(svg, "0 to 26&#10;from 0 to below 10&#10;27</title>"));
}

}  // namespace
}  // namespace plugin::pictures
