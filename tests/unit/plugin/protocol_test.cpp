#include "plugin/protocol.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "hex.hpp"
#include "plugin/codec.hpp"

namespace plugin {
namespace {

Input received(std::string_view hex) {
  const std::string bytes = from_hex(hex);
  Decoder decoder;
  std::memcpy(decoder.room(bytes.size()), bytes.data(), bytes.size());
  decoder.filled(bytes.size());
  const std::optional<Node> node = decoder.next();
  EXPECT_TRUE(node);
  return node ? parse_input(*node) : Input();
}

// What Nushell 0.115.1 sends, byte for byte.

TEST(ProtocolIn, Hello) {
  const Input input = received(
      "81a548656c6c6f83a870726f746f636f6ca96e752d706c7567696ea776657273696f6ea7302e3131352e31"
      "a866656174757265739181a46e616d65ab4c6f63616c536f636b6574");
  ASSERT_TRUE(std::holds_alternative<Hello>(input));
  EXPECT_EQ(std::get<Hello>(input).version, "0.115.1");
}

TEST(ProtocolIn, Calls) {
  EXPECT_EQ(std::get<MetadataCall>(received("81a443616c6c9200a84d65746164617461")).id, 0u);
  EXPECT_EQ(std::get<SignatureCall>(received("81a443616c6c9201a95369676e6174757265")).id, 1u);
}

TEST(ProtocolIn, Run) {
  const RunCall run = std::get<RunCall>(
      received("81a443616c6c920281a352756e83a46e616d65a27070a463616c6c83a46865616482a57374617274"
               "ce00023e86a3656e64ce00023e88aa706f736974696f6e616c90a56e616d656490a5696e707574a5"
               "456d707479"));
  EXPECT_EQ(run.id, 2u);
  EXPECT_EQ(run.name, "pp");
  EXPECT_EQ(run.head, (Span{0x23e86, 0x23e88}));
  EXPECT_TRUE(run.positional.empty());
  EXPECT_EQ(run.input.kind, PipelineHeader::Kind::empty);
}

Node map_of(std::initializer_list<std::pair<const char*, Node>> members) {
  Node::Map map;
  for (const auto& [name, value] : members) map.emplace_back(name, value);
  return Node(std::move(map));
}

TEST(ProtocolIn, CompletionHasTheWordsSoFar) {
  const Node word =
      tag("Positional", map_of({{"expr", tag("String", "libc")}, {"span", Node(Span{10, 14})}}));
  const Node other =
      tag("Positional", map_of({{"expr", tag("Var", 7)}, {"span", Node(Span{15, 17})}}));
  const Node flag = tag("Named", Node::Array{});
  const Node call = map_of({{"call", map_of({{"arguments", Node::Array{word, flag, other}}})},
                            {"strip", true},
                            {"pos", 17}});
  const Node body =
      map_of({{"name", "bpf-uprobe"}, {"arg_type", tag("Positional", 1)}, {"call", call}});
  const Input input = parse_input(tag("Call", Node::Array{Node(5), tag("GetCompletion", body)}));
  ASSERT_TRUE(std::holds_alternative<CompletionCall>(input));
  const auto& completion = std::get<CompletionCall>(input);
  EXPECT_EQ(completion.positional, 1u);
  EXPECT_TRUE(completion.placeholder);
  ASSERT_EQ(completion.arguments.size(), 2u);
  EXPECT_EQ(completion.arguments[0].text, "libc");
  EXPECT_EQ(completion.arguments[1].text, std::nullopt);
  EXPECT_EQ(completion.arguments[1].span, (Span{15, 17}));
}

TEST(ProtocolIn, StreamsAndSignals) {
  EXPECT_EQ(std::get<StreamEnd>(received("81a3456e6400")).id, 0u);
  EXPECT_EQ(std::get<StreamAck>(received("81a341636b00")).id, 0u);
  EXPECT_EQ(std::get<StreamDrop>(received("81a444726f7000")).id, 0u);
  EXPECT_TRUE(std::holds_alternative<Goodbye>(received("a7476f6f64627965")));
  EXPECT_TRUE(std::holds_alternative<Interrupt>(received("81a65369676e616ca9496e74657272757074")));
}

TEST(ProtocolIn, UnknownMessagesAreNoError) {
  EXPECT_TRUE(std::holds_alternative<Unknown>(received("a3616263")));
  EXPECT_TRUE(std::holds_alternative<Unknown>(received("c0")));
  EXPECT_TRUE(std::holds_alternative<Unknown>(received("81a141c0")));
}

TEST(ProtocolOut, MatchesTheExamples) {
  std::string out;
  write_hello(out, "0.115.1");
  EXPECT_EQ(to_hex(out),
            "81a548656c6c6f83a870726f746f636f6ca96e752d706c7567696ea776657273696f6ea7302e3131352e31"
            "a8666561747572657390");
  out.clear();
  write_empty(out, 2);
  EXPECT_EQ(to_hex(out),
            "81ac43616c6c526573706f6e7365920281ac506970656c696e6544617461a5456d707479");
  out.clear();
  write_list_stream(out, 3, 0, {0x23e8a, 0x23e93});
  EXPECT_EQ(to_hex(out),
            "81ac43616c6c526573706f6e7365920381ac506970656c696e654461746181aa4c69737453747265616d83"
            "a2696400a47370616e82a57374617274ce00023e8aa3656e64ce00023e93a86d65746164617461c0");
  out.clear();
  write_gc_disabled(out, true);
  EXPECT_EQ(to_hex(out), "81a64f7074696f6e81aa476344697361626c6564c3");
  out.clear();
  write_item_head(out, 0);
  EXPECT_EQ(to_hex(out), "81a444617461920081a44c697374");
}

TEST(Version, ReadsMajorAndMinor) {
  EXPECT_EQ(parse_version("0.115.1"), (Version{0, 115}));
  EXPECT_EQ(parse_version("0.110.0-nightly.3"), (Version{0, 110}));
  EXPECT_LT(parse_version("0.108.0"), (Version{0, 110}));
  EXPECT_EQ(parse_version("x"), (Version{0, 0}));
}

}  // namespace
}  // namespace plugin
