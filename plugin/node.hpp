// One message of Nushell's plugin protocol as a tree, whatever it holds. Reading goes by name and
// forgives: unknown keys are skipped, missing ones read as null, so that one plugin serves every
// Nushell version.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace plugin {

// Byte offsets into Nushell's source buffer, end exclusive. Spans are never made up, only passed
// on: Nushell dies on one that runs backwards. {0, 0} is "no place".
struct Span {
  uint64_t start = 0;
  uint64_t end = 0;

  bool is_place() const { return start < end; }
  friend bool operator==(const Span&, const Span&) = default;
};

class Node {
 public:
  struct Bytes {
    std::string data;
    friend bool operator==(const Bytes&, const Bytes&) = default;
  };
  // Already encoded; only ever written.
  struct Raw {
    std::string data;
    friend bool operator==(const Raw&, const Raw&) = default;
  };
  using Array = std::vector<Node>;
  using Map = std::vector<std::pair<std::string, Node>>;
  using Variant =
      std::variant<std::monostate, bool, int64_t, double, std::string, Bytes, Raw, Array, Map>;

  Node() = default;
  Node(bool v) : v_(v) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Node(T v) : v_(static_cast<int64_t>(v)) {}
  Node(double v) : v_(v) {}
  Node(const char* v) : v_(std::string(v)) {}
  Node(std::string v) : v_(std::move(v)) {}
  Node(std::string_view v) : v_(std::string(v)) {}
  Node(Bytes v) : v_(std::move(v)) {}
  Node(Raw v) : v_(std::move(v)) {}
  Node(Array v) : v_(std::move(v)) {}
  Node(Map v) : v_(std::move(v)) {}
  Node(Span span);

  bool is_nil() const { return v_.index() == 0; }
  const Variant& variant() const { return v_; }
  template <typename T>
  const T* get_if() const {
    return std::get_if<T>(&v_);
  }

  // The member `key` of a map; null where there is none or this is no map.
  const Node* find(std::string_view key) const;
  // A path of members.
  const Node* find(std::string_view key, std::string_view then) const;
  const Node* at(size_t index) const;
  const Array& items() const;  // empty unless an array

  int64_t as_int(int64_t otherwise = 0) const;
  std::string_view as_text() const;  // of a string or of bytes
  bool as_bool(bool otherwise = false) const;
  Span as_span() const;

  // An enum of Nushell's: a bare string is a variant without payload, a map of one its name and
  // payload.
  struct Tagged {
    std::string_view name;
    const Node* payload = nullptr;
  };
  Tagged tagged() const;

  friend bool operator==(const Node&, const Node&) = default;

 private:
  Variant v_;
};

// A variant with a payload, as Node::tagged reads it.
Node tag(std::string_view name, Node payload);

}  // namespace plugin
