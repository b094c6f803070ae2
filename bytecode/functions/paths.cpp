// File names as text: nothing looks at the file system. A path is read as Rust's Path reads it:
// separators in a row are one, and a dot as a name is none unless the path begins with it.
#include <optional>
#include <string_view>
#include <vector>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

struct Component {
  std::string_view name;
  size_t end;  // where it ends in the path
};

struct Path {
  std::string_view text;
  bool absolute = false;
  std::vector<Component> components;  // without the root

  explicit Path(std::string_view path) : text(path), absolute(path.starts_with('/')) {
    for (size_t at = 0; at < path.size();) {
      const size_t end = std::min(path.find('/', at), path.size());
      const std::string_view name = path.substr(at, end - at);
      if (!name.empty() && (name != "." || at == 0)) components.push_back({name, end});
      at = end + 1;
    }
  }

  std::string_view file_name() const {
    if (components.empty()) return {};
    const std::string_view last = components.back().name;
    return last == ".." || last == "." ? std::string_view() : last;
  }

  // Everything but the last `levels` components; the root at least.
  std::string_view parent(size_t levels) const {
    if (levels == 0) return text;
    if (levels >= components.size()) return absolute ? "/" : "";
    return text.substr(0, components[components.size() - levels - 1].end);
  }
};

void push(std::string& path, std::string_view part) {
  if (part.starts_with('/')) {
    path = part;
    return;
  }
  if (!path.empty() && path.back() != '/') path += '/';
  path += part;
}

struct FileName {
  std::string_view stem, extension;
};

// With a known extension, the name is cut before that and no other.
FileName split_name(std::string_view name, const std::string* extension) {
  if (extension) {
    if (!extension->empty() && name.size() > extension->size() && name.ends_with(*extension) &&
        name[name.size() - extension->size() - 1] == '.') {
      return {name.substr(0, name.size() - extension->size() - 1), *extension};
    }
    return {name, {}};
  }
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {name, {}};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// The opposite of `path parse`.
Answer join_record(const Record& record) {
  std::string path, name, extension;
  for (const auto& [column, value] : record) {
    const std::string* part = value.get_if<std::string>();
    if (!part) return std::nullopt;
    if (column == "parent") {
      path = *part;
    } else if (column == "stem") {
      name = *part;
    } else if (column == "extension") {
      extension = *part;
    } else {
      return std::nullopt;
    }
  }
  if (!extension.empty()) name += "." + extension;
  if (!name.empty()) push(path, name);
  return Value(std::move(path));
}

}  // namespace

Answer path_basename(Args args) {
  if (is_given(args, 1) && !text(args, 1)) return std::nullopt;
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    const Path path(string);
    if (!is_given(args, 1)) return Value(std::string(path.file_name()));
    std::string renamed(path.file_name().empty() ? path.text : path.parent(1));
    push(renamed, *text(args, 1));
    return Value(std::move(renamed));
  });
}

Answer path_dirname(Args args) {
  const int64_t levels = integer(args, 2).value_or(1);
  if ((is_given(args, 1) && !text(args, 1)) || levels < 0) return std::nullopt;
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    const Path path(string);
    const auto count = static_cast<size_t>(levels);
    if (!is_given(args, 1)) return Value(std::string(path.parent(count)));
    std::string moved = *text(args, 1);
    const size_t all = path.components.size();
    for (size_t i = all - std::min(count, all); i < all; ++i) {
      push(moved, path.components[i].name);
    }
    return Value(std::move(moved));
  });
}

Answer path_join(Args args) {
  if (!is_given(args, 0)) return Value();
  if (const Record* record = argument(args, 0).get_if<Record>()) return join_record(*record);
  std::string path;
  if (const List* parts = argument(args, 0).get_if<List>()) {
    for (const Value& part : *parts) {
      if (!part.get_if<std::string>()) return std::nullopt;
      push(path, *part.get_if<std::string>());
    }
  } else if (text(args, 0)) {
    path = *text(args, 0);
  } else {
    return std::nullopt;
  }
  for (size_t i = 1; i < args.size(); ++i) {
    if (!is_given(args, i)) continue;
    if (!text(args, i)) return std::nullopt;
    push(path, *text(args, i));
  }
  return Value(std::move(path));
}

Answer path_parse(Args args) {
  if (is_given(args, 1) && !text(args, 1)) return std::nullopt;
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    const Path path(string);
    const FileName name = split_name(path.file_name(), text(args, 1));
    const bool has_parent = !path.components.empty();
    return Value(Record{{"parent", std::string(has_parent ? path.parent(1) : "")},
                        {"stem", std::string(name.stem)},
                        {"extension", std::string(name.extension)}});
  });
}

Answer path_split(Args args) {
  return each_text(argument(args, 0), [](const std::string& string) -> Answer {
    const Path path(string);
    List parts;
    if (path.absolute) parts.emplace_back("/");
    for (const Component& component : path.components) {
      parts.emplace_back(std::string(component.name));
    }
    return Value(std::move(parts));
  });
}

}  // namespace bytecode::functions
