#include "plugin/protocol.hpp"

#include <charconv>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

uint64_t id_of(const Node* node) {
  return node ? static_cast<uint64_t>(node->as_int()) : uint64_t{0};
}

std::string text_of(const Node* node) { return node ? std::string(node->as_text()) : ""; }

Span span_at(const Node* node) { return node ? node->as_span() : Span{}; }

RunCall parse_run(CallId id, const Node& run) {
  RunCall call;
  call.id = id;
  call.name = text_of(run.find("name"));
  if (const Node* evaluated = run.find("call")) {
    call.head = span_at(evaluated->find("head"));
    if (const Node* positional = evaluated->find("positional"))
      call.positional = positional->items();
    if (const Node* named = evaluated->find("named"))
      for (const Node& pair : named->items()) {
        const Node* name = pair.at(0);
        const Node* value = pair.at(1);
        if (!name) continue;
        call.named.push_back(
            {text_of(name->find("item")), span_at(name->find("span")), value ? *value : Node()});
      }
  }
  if (const Node* input = run.find("input")) call.input = parse_header(*input);
  return call;
}

CompletionCall parse_completion(CallId id, const Node& body) {
  CompletionCall call;
  call.id = id;
  call.name = text_of(body.find("name"));
  if (const Node* argument = body.find("arg_type")) {
    if (const Node* index = argument->find("Positional"))
      call.positional = static_cast<uint64_t>(index->as_int());
    call.flag = text_of(argument->find("Flag"));
  }
  const Node* inner = body.find("call");
  if (!inner) return call;
  if (const Node* strip = inner->find("strip")) call.placeholder = strip->as_bool();
  if (const Node* arguments = inner->find("call", "arguments"))
    for (const Node& argument : arguments->items()) {
      const auto [kind, expression] = argument.tagged();
      if (kind != "Positional" || !expression) continue;
      const Node* word = expression->find("expr", "String");
      call.arguments.push_back({span_at(expression->find("span")),
                                word ? std::optional(std::string(word->as_text())) : std::nullopt});
    }
  return call;
}

Input parse_call(const Node& payload) {
  const CallId id = id_of(payload.at(0));
  const Node* body = payload.at(1);
  if (!body) return Unknown{};
  const auto [kind, content] = body->tagged();
  if (kind == "Metadata") return MetadataCall{id};
  if (kind == "Signature") return SignatureCall{id};
  if (kind == "Run" && content) return parse_run(id, *content);
  if (kind == "GetCompletion" && content) return parse_completion(id, *content);
  return OtherCall{id, std::string(kind)};
}

// {"List": value}, {"Raw": {"Ok": bytes}} or {"Raw": {"Err": error}}.
StreamData parse_item(StreamId id, const Node& data) {
  if (const Node* value = data.find("List")) return {id, *value, {}};
  if (const Node* error = data.find("Raw", "Err")) return {id, {}, *error};
  if (const Node* bytes = data.find("Raw", "Ok")) {
    Node::Bytes chunk;
    if (bytes->get_if<Node::Array>())
      for (const Node& byte : bytes->items())
        chunk.data.push_back(static_cast<char>(byte.as_int()));
    else
      chunk.data = bytes->as_text();
    return {id, Node(std::move(chunk)), {}};
  }
  return {id, {}, {}};
}

Node pair(Node first, Node second) {
  Node::Array array;
  array.push_back(std::move(first));
  array.push_back(std::move(second));
  return Node(std::move(array));
}

}  // namespace

Input parse_input(const Node& message) {
  const auto [kind, payload] = message.tagged();
  if (kind == "Goodbye") return Goodbye{};
  if (!payload) return Unknown{};
  if (kind == "Ack") return StreamAck{id_of(payload)};
  if (kind == "Call") return parse_call(*payload);
  if (kind == "EngineCallResponse" && payload->at(1))
    return EngineResponse{id_of(payload->at(0)), *payload->at(1)};
  if (kind == "Data" && payload->at(1)) return parse_item(id_of(payload->at(0)), *payload->at(1));
  if (kind == "End") return StreamEnd{id_of(payload)};
  if (kind == "Drop") return StreamDrop{id_of(payload)};
  if (kind == "Signal" && payload->as_text() == "Interrupt") return Interrupt{};
  if (kind == "Signal" && payload->as_text() == "Reset") return Reset{};
  if (kind == "Hello") return Hello{text_of(payload->find("version"))};
  return Unknown{};
}

PipelineHeader parse_header(const Node& header) {
  PipelineHeader result;
  const auto [kind, body] = header.tagged();
  if (!body) return result;
  if (kind == "Value") {
    // [value, metadata]
    if (const Node* value = body->at(0)) {
      result.kind = PipelineHeader::Kind::value;
      result.value = *value;
      result.span = span_of(*value);
    }
  } else if (kind == "ListStream" || kind == "ByteStream") {
    result.kind = kind == "ListStream" ? PipelineHeader::Kind::list_stream
                                       : PipelineHeader::Kind::byte_stream;
    result.stream = id_of(body->find("id"));
    result.span = span_at(body->find("span"));
  }
  return result;
}

Version parse_version(std::string_view text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto [dot, error] = std::from_chars(text.data(), end, version.major);
  if (error == std::errc() && dot != end && *dot == '.')
    std::from_chars(dot + 1, end, version.minor);
  return version;
}

void write_hello(std::string& out, std::string_view version) {
  Node::Map hello;
  hello.emplace_back("protocol", "nu-plugin");
  hello.emplace_back("version", version);
  hello.emplace_back("features", Node::Array{});
  encode(out, tag("Hello", std::move(hello)));
}

void write_response(std::string& out, CallId id, Node response) {
  encode(out, tag("CallResponse", pair(id, std::move(response))));
}

void write_error(std::string& out, CallId id, const LabeledError& error) {
  write_response(out, id, tag("Error", error_node(error)));
}

void write_empty(std::string& out, CallId id) {
  write_response(out, id, tag("PipelineData", "Empty"));
}

void write_value(std::string& out, CallId id, Node value) {
  // The second of the pair is the metadata, which differs between versions but may always be null.
  write_response(out, id, tag("PipelineData", tag("Value", pair(std::move(value), Node()))));
}

void write_list_stream(std::string& out, CallId id, StreamId stream, Span span) {
  Node::Map header;
  header.emplace_back("id", stream);
  header.emplace_back("span", span);
  header.emplace_back("metadata", Node());
  write_response(out, id, tag("PipelineData", tag("ListStream", std::move(header))));
}

void write_item_head(std::string& out, StreamId stream) {
  Writer writer(out);
  writer.map(1);
  writer.text("Data");
  writer.array(2);
  writer.integer(static_cast<int64_t>(stream));
  writer.map(1);
  writer.text("List");
}

void write_end(std::string& out, StreamId stream) { encode(out, tag("End", stream)); }
void write_ack(std::string& out, StreamId stream) { encode(out, tag("Ack", stream)); }
void write_drop(std::string& out, StreamId stream) { encode(out, tag("Drop", stream)); }

void write_engine_call(std::string& out, CallId context, uint64_t id, Node call) {
  Node::Map body;
  body.emplace_back("context", context);
  body.emplace_back("id", id);
  body.emplace_back("call", std::move(call));
  encode(out, tag("EngineCall", std::move(body)));
}

void write_gc_disabled(std::string& out, bool disabled) {
  encode(out, tag("Option", tag("GcDisabled", disabled)));
}

}  // namespace plugin
