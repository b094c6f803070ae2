// msgpack, both ways: bytes to Node, Node to bytes, and bytecode::Value to and from the shape
// Nushell gives a value.
//
//   Int 5 at 10..12   {"Int": {"val": 5, "span": {"start": 10, "end": 12}}}
//
// What is written is always what every Nushell accepts: strings are made valid UTF-8 (one bad byte
// from the kernel would end the plugin and all probes), dates have an offset, keys of a record are
// unique.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/value.hpp"
#include "plugin/node.hpp"
#include "plugin/version.hpp"

namespace plugin {

// Splits a byte stream into messages. The protocol has no framing: a read may end inside a message
// or hold several.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Room for `size` more bytes, to be filled and then announced with `filled`.
  char* room(size_t size);
  void filled(size_t size);
  // The next whole message. Throws std::exception on bytes that are no msgpack.
  std::optional<Node> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Appends the msgpack of a tree.
void encode(std::string& out, const Node& node);

// Writes msgpack straight into a string; for rows, where a tree a row would cost too much.
class Writer {
 public:
  // `nushell` will read it: it decides the shape of a range.
  explicit Writer(std::string& out, Version nushell = ranges_as_text)
      : out_(out), nushell_(nushell) {}

  void nil();
  void map(uint32_t size);
  void array(uint32_t size);
  void integer(int64_t number);
  void boolean(bool truth);
  void real(double number);
  void text(std::string_view text);  // as it is: must be UTF-8
  void bytes(std::string_view bytes);
  void raw(std::string_view encoded) { out_.append(encoded); }
  void span(Span span);
  // A value of Nushell's, its strings sanitised.
  void value(const bytecode::Value& value, std::string_view encoded_span);

 private:
  void range(const bytecode::Range& range);

  std::string& out_;
  Version nushell_;
};

std::string encode_span(Span span);
// A value as part of a message tree.
Node value_node(const bytecode::Value& value, Span span, Version nushell);

// The value in Nushell's shape; nothing for kinds this project has no use for (closures, ranges of
// floats, cell paths, errors, custom values).
std::optional<bytecode::Value> to_value(const Node& node);
// The span of a value in Nushell's shape.
Span span_of(const Node& value);
// The items of a list in Nushell's shape; null where the value is none.
const Node::Array* list_items(const Node& value);
// The kind's name as the wire says it: "Int", "Closure".
std::string_view kind_of(const Node& value);

// Valid UTF-8: each byte that is none becomes U+FFFD.
std::string sanitise(std::string_view bytes);
// Nanoseconds since the epoch as RFC 3339 in UTC, and back.
std::string rfc3339(int64_t nanoseconds);
std::optional<int64_t> parse_rfc3339(std::string_view text);
// "1..5", "1..3..9", "1..<5", "1..", as Nushell's wire has it, and back. Nothing for a range that
// Nushell cannot make (one that steps away from its end), and for one of floats.
std::optional<std::string> range_text(const bytecode::Range& range);
std::optional<bytecode::Range> parse_range(std::string_view text);

}  // namespace plugin
