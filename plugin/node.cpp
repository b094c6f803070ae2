#include "plugin/node.hpp"

namespace plugin {

Node::Node(Span span) : v_(Map{{"start", Node(span.start)}, {"end", Node(span.end)}}) {}

const Node* Node::find(std::string_view key) const {
  if (const Map* map = get_if<Map>())
    for (const auto& [name, node] : *map)
      if (name == key) return &node;
  return nullptr;
}

const Node* Node::find(std::string_view key, std::string_view then) const {
  const Node* node = find(key);
  return node ? node->find(then) : nullptr;
}

const Node* Node::at(size_t index) const {
  const Array* array = get_if<Array>();
  return array && index < array->size() ? &(*array)[index] : nullptr;
}

const Node::Array& Node::items() const {
  static const Array none;
  const Array* array = get_if<Array>();
  return array ? *array : none;
}

int64_t Node::as_int(int64_t otherwise) const {
  const int64_t* number = get_if<int64_t>();
  return number ? *number : otherwise;
}

std::string_view Node::as_text() const {
  if (const std::string* text = get_if<std::string>()) return *text;
  if (const Bytes* bytes = get_if<Bytes>()) return bytes->data;
  return {};
}

bool Node::as_bool(bool otherwise) const {
  const bool* truth = get_if<bool>();
  return truth ? *truth : otherwise;
}

Span Node::as_span() const {
  const Node* start = find("start");
  const Node* end = find("end");
  if (!start || !end || start->as_int() < 0 || end->as_int() < start->as_int()) return {};
  return {static_cast<uint64_t>(start->as_int()), static_cast<uint64_t>(end->as_int())};
}

Node::Tagged Node::tagged() const {
  if (const std::string* name = get_if<std::string>()) return {*name, nullptr};
  const Map* map = get_if<Map>();
  if (map && map->size() == 1) return {map->front().first, &map->front().second};
  return {};
}

Node tag(std::string_view name, Node payload) {
  Node::Map map;
  map.emplace_back(name, std::move(payload));
  return Node(std::move(map));
}

}  // namespace plugin
