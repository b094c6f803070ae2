// The messages between Nushell and this process: what comes in as structs, what goes out as bytes.
// No input or output happens here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "plugin/error.hpp"
#include "plugin/node.hpp"
#include "plugin/version.hpp"

namespace plugin {

using CallId = uint64_t;
using StreamId = uint64_t;

// How many list items Nushell may be sent before it acknowledges one. Nothing enforces it there:
// without a window a fast probe would fill Nushell's memory.
inline constexpr size_t stream_window = 100;

// What the plugin writes before it reads anything; Nushell waits for it.
inline constexpr std::string_view encoding_mark = "\x07msgpack";

// Where pipeline data comes from: nothing, one value, or a stream that follows in messages.
struct PipelineHeader {
  enum class Kind : uint8_t { empty, value, list_stream, byte_stream };
  Kind kind = Kind::empty;
  Node value;           // value
  StreamId stream = 0;  // the streams
  Span span;
};

struct Hello {
  std::string version;
};
struct MetadataCall {
  CallId id;
};
struct SignatureCall {
  CallId id;
};
struct RunCall {
  CallId id = 0;
  std::string name;
  Span head;
  std::vector<Node> positional;  // values in Nushell's shape
  struct Flag {
    std::string name;  // always the long one
    Span span;
    Node value;  // nil for a switch
  };
  std::vector<Flag> named;
  PipelineHeader input;
};
struct CompletionCall {
  CallId id = 0;
  std::string name;  // of the command
  std::optional<uint64_t> positional;
  std::string flag;
  // The positional arguments so far, the one that is being typed among them.
  struct Argument {
    Span span;
    std::optional<std::string> text;  // of a plain word; others are read at their span
  };
  std::vector<Argument> arguments;
  bool placeholder = false;  // the typed word ends in a letter that the user has not typed
};
// A call of a kind this plugin has no use for.
struct OtherCall {
  CallId id;
  std::string kind;
};
struct EngineResponse {
  uint64_t id;
  Node response;
};
struct Interrupt {};
struct Reset {};
struct Goodbye {};
struct StreamData {
  StreamId id;
  Node item;   // a value of a list stream; the Bytes of a byte stream
  Node error;  // in place of bytes, what ended them: the command that gave them has failed
};
struct StreamEnd {
  StreamId id;
};
struct StreamAck {
  StreamId id;
};
struct StreamDrop {
  StreamId id;
};
struct Unknown {};

using Input = std::variant<Unknown, Hello, MetadataCall, SignatureCall, RunCall, CompletionCall,
                           OtherCall, EngineResponse, Interrupt, Reset, Goodbye, StreamData,
                           StreamEnd, StreamAck, StreamDrop>;

Input parse_input(const Node& message);
PipelineHeader parse_header(const Node& header);

// Outgoing messages. Each appends to `out`, so that many go out in one write.
void write_hello(std::string& out, std::string_view version);
void write_response(std::string& out, CallId id, Node response);
void write_error(std::string& out, CallId id, const LabeledError& error);
void write_empty(std::string& out, CallId id);
void write_value(std::string& out, CallId id, Node value);
void write_list_stream(std::string& out, CallId id, StreamId stream, Span span);
// The head of an item of a list stream; the value's bytes follow.
void write_item_head(std::string& out, StreamId stream);
void write_end(std::string& out, StreamId stream);
void write_ack(std::string& out, StreamId stream);
void write_drop(std::string& out, StreamId stream);
void write_engine_call(std::string& out, CallId context, uint64_t id, Node call);
void write_gc_disabled(std::string& out, bool disabled);

}  // namespace plugin
