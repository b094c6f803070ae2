#include "plugin/codec.hpp"

#include <algorithm>
#include <msgpack.hpp>
#include <type_traits>

namespace plugin {

namespace {

// What msgpack::packer writes into.
struct Sink {
  std::string& out;
  void write(const char* data, size_t size) { out.append(data, size); }
};

msgpack::packer<Sink> packer(Sink& sink) { return msgpack::packer<Sink>(sink); }

Node to_node(const msgpack::object& object) {
  using msgpack::type::object_type;
  switch (object.type) {
    case object_type::NIL:
    case object_type::EXT:
      return {};
    case object_type::BOOLEAN:
      return Node(object.via.boolean);
    case object_type::POSITIVE_INTEGER:
      return Node(object.via.u64);
    case object_type::NEGATIVE_INTEGER:
      return Node(object.via.i64);
    case object_type::FLOAT32:
    case object_type::FLOAT64:
      return Node(object.via.f64);
    case object_type::STR:
      return Node(std::string(object.via.str.ptr, object.via.str.size));
    case object_type::BIN:
      return Node(Node::Bytes{std::string(object.via.bin.ptr, object.via.bin.size)});
    case object_type::ARRAY: {
      Node::Array array;
      array.reserve(object.via.array.size);
      for (uint32_t i = 0; i < object.via.array.size; ++i)
        array.push_back(to_node(object.via.array.ptr[i]));
      return Node(std::move(array));
    }
    case object_type::MAP: {
      Node::Map map;
      map.reserve(object.via.map.size);
      for (uint32_t i = 0; i < object.via.map.size; ++i) {
        const msgpack::object_kv& entry = object.via.map.ptr[i];
        if (entry.key.type != object_type::STR) continue;
        map.emplace_back(std::string(entry.key.via.str.ptr, entry.key.via.str.size),
                         to_node(entry.val));
      }
      return Node(std::move(map));
    }
  }
  return {};
}

// Nushell writes bytes as an array of ints, and takes either form.
std::string bytes_of(const Node& node) {
  if (node.get_if<Node::Array>()) {
    std::string bytes;
    for (const Node& byte : node.items()) bytes.push_back(static_cast<char>(byte.as_int()));
    return bytes;
  }
  return std::string(node.as_text());
}

// The text of newer versions, or {"IntRange": {"start", "step", "end": {"Included": 5}}}.
std::optional<bytecode::Range> range_of(const Node& val) {
  if (val.get_if<std::string>()) return parse_range(val.as_text());
  const Node* body = val.find("IntRange");
  const Node* end = body ? body->find("end") : nullptr;
  const Node* step = body ? body->find("step") : nullptr;
  if (!end || !step || step->as_int() == 0) return std::nullopt;
  bytecode::Range range;
  if (const Node* start = body->find("start")) range.start = start->as_int();
  range.step = step->as_int();
  const auto [bound, number] = end->tagged();
  if (number) range.end = number->as_int();
  range.inclusive = bound != "Excluded";
  return range;
}

}  // namespace

struct Decoder::Impl {
  msgpack::unpacker unpacker;
};

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;

char* Decoder::room(size_t size) {
  impl_->unpacker.reserve_buffer(size);
  return impl_->unpacker.buffer();
}

void Decoder::filled(size_t size) { impl_->unpacker.buffer_consumed(size); }

std::optional<Node> Decoder::next() {
  msgpack::object_handle handle;
  if (!impl_->unpacker.next(handle)) return std::nullopt;
  return to_node(handle.get());
}

void encode(std::string& out, const Node& node) {
  Writer writer(out);
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          writer.nil();
        } else if constexpr (std::is_same_v<T, bool>) {
          writer.boolean(v);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          writer.integer(v);
        } else if constexpr (std::is_same_v<T, double>) {
          writer.real(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          writer.text(v);
        } else if constexpr (std::is_same_v<T, Node::Bytes>) {
          writer.bytes(v.data);
        } else if constexpr (std::is_same_v<T, Node::Raw>) {
          writer.raw(v.data);
        } else if constexpr (std::is_same_v<T, Node::Array>) {
          writer.array(static_cast<uint32_t>(v.size()));
          for (const Node& item : v) encode(out, item);
        } else {
          writer.map(static_cast<uint32_t>(v.size()));
          for (const auto& [key, item] : v) {
            writer.text(key);
            encode(out, item);
          }
        }
      },
      node.variant());
}

void Writer::nil() {
  Sink sink{out_};
  packer(sink).pack_nil();
}

void Writer::map(uint32_t size) {
  Sink sink{out_};
  packer(sink).pack_map(size);
}

void Writer::array(uint32_t size) {
  Sink sink{out_};
  packer(sink).pack_array(size);
}

void Writer::integer(int64_t number) {
  Sink sink{out_};
  packer(sink).pack_int64(number);
}

void Writer::boolean(bool truth) {
  Sink sink{out_};
  if (truth)
    packer(sink).pack_true();
  else
    packer(sink).pack_false();
}

void Writer::real(double number) {
  Sink sink{out_};
  packer(sink).pack_double(number);
}

void Writer::text(std::string_view text) {
  Sink sink{out_};
  packer(sink).pack_str(static_cast<uint32_t>(text.size()));
  out_.append(text);
}

void Writer::bytes(std::string_view bytes) {
  Sink sink{out_};
  packer(sink).pack_bin(static_cast<uint32_t>(bytes.size()));
  out_.append(bytes);
}

void Writer::span(Span span) {
  map(2);
  text("start");
  integer(static_cast<int64_t>(span.start));
  text("end");
  integer(static_cast<int64_t>(span.end));
}

std::string encode_span(Span span) {
  std::string out;
  Writer(out).span(span);
  return out;
}

void Writer::value(const bytecode::Value& value, std::string_view encoded_span) {
  auto begin = [this](std::string_view kind, std::string_view member) {
    map(1);
    text(kind);
    map(2);
    text(member);
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bytecode::Null>) {
          map(1);
          text("Nothing");
          map(1);
        } else if constexpr (std::is_same_v<T, bool>) {
          begin("Bool", "val");
          boolean(v);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          begin("Int", "val");
          integer(v);
        } else if constexpr (std::is_same_v<T, double>) {
          begin("Float", "val");
          real(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          begin("String", "val");
          text(sanitise(v));
        } else if constexpr (std::is_same_v<T, bytecode::Duration>) {
          begin("Duration", "val");
          integer(v.nanoseconds);
        } else if constexpr (std::is_same_v<T, bytecode::Filesize>) {
          begin("Filesize", "val");
          integer(v.bytes);
        } else if constexpr (std::is_same_v<T, bytecode::Date>) {
          begin("Date", "val");
          text(rfc3339(v.nanoseconds));
        } else if constexpr (std::is_same_v<T, bytecode::Binary>) {
          begin("Binary", "val");
          bytes({reinterpret_cast<const char*>(v.bytes.data()), v.bytes.size()});
        } else if constexpr (std::is_same_v<T, bytecode::Range>) {
          // One bad range would end the plugin.
          if (!range_text(v)) {
            map(1);
            text("Nothing");
            map(1);
            return;
          }
          begin("Range", "val");
          range(v);
        } else if constexpr (std::is_same_v<T, bytecode::List>) {
          begin("List", "vals");
          array(static_cast<uint32_t>(v.size()));
          for (const bytecode::Value& item : v) this->value(item, encoded_span);
        } else {
          begin("Record", "val");
          map(static_cast<uint32_t>(v.size()));
          for (const auto& [key, item] : v) {
            text(sanitise(key));
            this->value(item, encoded_span);
          }
        }
      },
      value.variant());
  text("span");
  raw(encoded_span);
}

void Writer::range(const bytecode::Range& range) {
  if (nushell_ >= ranges_as_text) return text(*range_text(range));
  map(1);
  text("IntRange");
  map(3);
  text("start");
  integer(range.start);
  text("step");
  integer(range.step);
  text("end");
  if (!range.end) return text("Unbounded");
  map(1);
  text(range.inclusive ? "Included" : "Excluded");
  integer(*range.end);
}

Node value_node(const bytecode::Value& value, Span span, Version nushell) {
  Node::Raw raw;
  Writer(raw.data, nushell).value(value, encode_span(span));
  return Node(std::move(raw));
}

std::optional<bytecode::Value> to_value(const Node& node) {
  const auto [kind, body] = node.tagged();
  if (!body) return std::nullopt;
  if (kind == "Nothing") return bytecode::Value();
  if (kind == "List") {
    bytecode::List list;
    if (const Node* vals = body->find("vals"))
      for (const Node& item : vals->items()) {
        auto value = to_value(item);
        if (!value) return std::nullopt;
        list.push_back(std::move(*value));
      }
    return bytecode::Value(std::move(list));
  }
  const Node* val = body->find("val");
  if (!val) return std::nullopt;
  if (kind == "Bool") return bytecode::Value(val->as_bool());
  if (kind == "Int") return bytecode::Value(val->as_int());
  if (kind == "Float") {
    const double* number = val->get_if<double>();
    return bytecode::Value(number ? *number : static_cast<double>(val->as_int()));
  }
  if (kind == "String" || kind == "Glob") return bytecode::Value(std::string(val->as_text()));
  if (kind == "Duration") return bytecode::Value(bytecode::Duration{val->as_int()});
  if (kind == "Filesize") return bytecode::Value(bytecode::Filesize{val->as_int()});
  if (kind == "Date") {
    const auto time = parse_rfc3339(val->as_text());
    return time ? std::optional(bytecode::Value(bytecode::Date{*time})) : std::nullopt;
  }
  if (kind == "Binary") {
    const std::string bytes = bytes_of(*val);
    return bytecode::Value(bytecode::Binary{{bytes.begin(), bytes.end()}});
  }
  if (kind == "Range") {
    const auto range = range_of(*val);
    return range ? std::optional(bytecode::Value(*range)) : std::nullopt;
  }
  if (kind == "Record") {
    bytecode::Record record;
    if (const Node::Map* members = val->get_if<Node::Map>())
      for (const auto& [key, item] : *members) {
        auto value = to_value(item);
        if (!value) return std::nullopt;
        record.emplace_back(key, std::move(*value));
      }
    return bytecode::Value(std::move(record));
  }
  return std::nullopt;
}

Span span_of(const Node& value) {
  const auto [kind, body] = value.tagged();
  const Node* span = body ? body->find("span") : nullptr;
  return span ? span->as_span() : Span{};
}

const Node::Array* list_items(const Node& value) {
  const auto [kind, body] = value.tagged();
  if (kind != "List" || !body) return nullptr;
  static const Node::Array none;
  const Node* items = body->find("vals");
  return items ? &items->items() : &none;
}

std::string_view kind_of(const Node& value) { return value.tagged().name; }

}  // namespace plugin
