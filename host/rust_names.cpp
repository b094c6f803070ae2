#include "host/rust_names.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace host {

namespace {

constexpr int depth_max = 100;
// References to earlier parts may double a name again and again.
constexpr size_t text_max = 4096;

// Reads a name from the left and writes it as it goes. After a mistake it reads nothing more.
class RustReader {
 public:
  explicit RustReader(std::string_view symbol) : in_(symbol) {}

  std::optional<std::string> read() {
    path(true);
    if (is_wrong_ || text_.empty()) return std::nullopt;
    return std::move(text_);
  }

 private:
  // One level of nesting, of which there may not be too many.
  struct Level {
    explicit Level(RustReader& reader) : reader_(reader) {
      if (++reader_.depth_ > depth_max) reader_.is_wrong_ = true;
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --reader_.depth_; }
    RustReader& reader_;
  };
  struct Identifier {
    std::string_view text;
    bool is_punycode = false;
    uint64_t number = 0;
  };

  char peek() const { return is_wrong_ || at_ >= in_.size() ? '\0' : in_[at_]; }
  char next() {
    const char c = peek();
    if (c == '\0')
      is_wrong_ = true;
    else
      ++at_;
    return c;
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void write(std::string_view text) {
    if (is_silent_ || is_wrong_) return;
    text_ += text;
    if (text_.size() > text_max) is_wrong_ = true;
  }

  // "_" is 0, "0_" is 1, "Z_" is 62.
  uint64_t base62() {
    uint64_t value = 0;
    if (take('_')) return 0;
    while (!is_wrong_ && !take('_')) {
      const char c = next();
      value *= 62;
      if (c >= '0' && c <= '9')
        value += static_cast<uint64_t>(c - '0');
      else if (c >= 'a' && c <= 'z')
        value += static_cast<uint64_t>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'Z')
        value += static_cast<uint64_t>(c - 'A') + 36;
      else
        is_wrong_ = true;
    }
    return value + 1;
  }
  uint64_t optional62(char mark) { return take(mark) ? base62() + 1 : 0; }

  // Goes on at an earlier place, for as long as `read` takes.
  template <typename Read>
  void at_reference(const Read& read) {
    const size_t start = at_ - 1;
    const uint64_t place = base62();
    // Backwards only, so that it comes to an end.
    if (place >= start) is_wrong_ = true;
    if (is_wrong_ || is_silent_) return;
    const size_t back = std::exchange(at_, place);
    read();
    at_ = back;
  }

  Identifier identifier(bool has_number) {
    Identifier found;
    if (has_number) found.number = optional62('s');
    found.is_punycode = take('u');
    size_t length = 0;
    if (peek() < '0' || peek() > '9') is_wrong_ = true;
    if (!take('0'))
      while (peek() >= '0' && peek() <= '9' && length < in_.size())
        length = length * 10 + static_cast<size_t>(next() - '0');
    take('_');
    if (is_wrong_ || length > in_.size() - at_) {
      is_wrong_ = true;
      return {};
    }
    found.text = in_.substr(at_, length);
    at_ += length;
    return found;
  }
  void write(const Identifier& one) {
    if (one.is_punycode) write("punycode{");
    write(one.text);
    if (one.is_punycode) write("}");
  }

  // `is_value`: generic arguments need "::" before them there.
  void path(bool is_value) {
    const Level level(*this);
    switch (next()) {
      case 'C':
        write(identifier(true));
        break;
      case 'N':
        inner_path(is_value);
        break;
      case 'M':
        impl_path();
        write("<");
        type();
        write(">");
        break;
      case 'X':
        impl_path();
        [[fallthrough]];
      case 'Y':
        write("<");
        type();
        write(" as ");
        path(false);
        write(">");
        break;
      case 'I':
        path(is_value);
        if (is_value) write("::");
        write("<");
        list('E', [this] { generic_argument(); });
        write(">");
        break;
      case 'B':
        at_reference([&] { path(is_value); });
        break;
      default:
        is_wrong_ = true;
    }
  }

  void inner_path(bool is_value) {
    const char space = next();
    const bool is_special = space >= 'A' && space <= 'Z';
    if (!is_special && (space < 'a' || space > 'z')) is_wrong_ = true;
    path(is_value);
    const Identifier name = identifier(true);
    if (!is_special) {
      // A nameless one, as of what a compiler makes, is not shown.
      if (!name.text.empty()) {
        write("::");
        write(name);
      }
      return;
    }
    write("::{");
    if (space == 'C')
      write("closure");
    else if (space == 'S')
      write("shim");
    else
      write(std::string_view(&space, 1));
    if (!name.text.empty()) {
      write(":");
      write(name);
    }
    write("#" + std::to_string(name.number) + "}");
  }

  // Where an implementation stands; its type says enough.
  void impl_path() {
    optional62('s');
    const bool was_silent = std::exchange(is_silent_, true);
    path(false);
    is_silent_ = was_silent;
  }

  template <typename Read>
  size_t list(char end, const Read& read) {
    size_t count = 0;
    while (!is_wrong_ && !take(end)) {
      if (count++ != 0) write(", ");
      read();
    }
    return count;
  }

  void generic_argument() {
    if (take('L'))
      lifetime(base62());
    else if (take('K'))
      constant();
    else
      type();
  }

  // Counted from the innermost one that is bound; 0 is one that was erased.
  void lifetime(uint64_t index) {
    if (index == 0) return write("'_");
    if (index > bound_) {
      is_wrong_ = true;
      return;
    }
    const uint64_t depth = bound_ - index;
    constexpr uint64_t letters = 26;
    if (depth >= letters) return write("'_" + std::to_string(depth));
    const std::array<char, 2> name = {'\'', static_cast<char>('a' + depth)};
    write(std::string_view(name.data(), name.size()));
  }

  // Runs `read` where the lifetimes of a binder are known.
  template <typename Read>
  void in_binder(const Read& read) {
    const uint64_t count = optional62('G');
    constexpr uint64_t count_max = 64;
    if (count > count_max) is_wrong_ = true;
    if (is_wrong_) return;
    if (count > 0) write("for<");
    for (uint64_t i = 0; i < count; ++i) {
      ++bound_;
      if (i > 0) write(", ");
      lifetime(1);
    }
    if (count > 0) write("> ");
    read();
    bound_ -= count;
  }

  static std::string_view basic_type(char letter) {
    static constexpr std::array<std::string_view, 26> names = {
        "i8",    "bool", "char", "f64", "str",  "f32",  "",    "u8", "isize",
        "usize", "",     "i32",  "u32", "i128", "u128", "_",   "",   "",
        "i16",   "u16",  "()",   "...", "",     "i64",  "u64", "!"};
    return letter >= 'a' && letter <= 'z' ? names[static_cast<size_t>(letter - 'a')]
                                          : std::string_view();
  }

  void type() {
    const Level level(*this);
    const char letter = peek();
    if (const std::string_view name = basic_type(letter); !name.empty()) {
      next();
      return write(name);
    }
    switch (letter) {
      case 'R':
      case 'Q':
        next();
        write("&");
        if (take('L'))
          if (const uint64_t index = base62(); index != 0) {
            lifetime(index);
            write(" ");
          }
        if (letter == 'Q') write("mut ");
        type();
        break;
      case 'P':
      case 'O':
        next();
        write(letter == 'P' ? "*const " : "*mut ");
        type();
        break;
      case 'A':
      case 'S':
        next();
        write("[");
        type();
        if (letter == 'A') {
          write("; ");
          constant();
        }
        write("]");
        break;
      case 'T':
        next();
        write("(");
        if (list('E', [this] { type(); }) == 1) write(",");
        write(")");
        break;
      case 'F':
        next();
        in_binder([this] { function(); });
        break;
      case 'D':
        next();
        write("dyn ");
        in_binder([this] { traits(); });
        if (!take('L')) is_wrong_ = true;
        if (const uint64_t index = base62(); index != 0) {
          write(" + ");
          lifetime(index);
        }
        break;
      case 'B':
        next();
        at_reference([this] { type(); });
        break;
      default:
        path(false);
    }
  }

  void function() {
    if (take('U')) write("unsafe ");
    if (take('K')) {
      write("extern \"");
      if (take('C')) {
        write("C");
      } else {
        std::string name(identifier(false).text);
        for (char& c : name)
          if (c == '_') c = '-';
        write(name);
      }
      write("\" ");
    }
    write("fn(");
    list('E', [this] { type(); });
    write(")");
    if (take('u')) return;  // returns nothing
    write(" -> ");
    type();
  }

  void traits() {
    bool is_first = true;
    while (!is_wrong_ && !take('E')) {
      if (!std::exchange(is_first, false)) write(" + ");
      bool is_open = open_path();
      while (take('p')) {
        write(is_open ? ", " : "<");
        is_open = true;
        write(identifier(false));
        write(" = ");
        type();
      }
      if (is_open) write(">");
    }
  }

  // A path whose list of generic arguments may still go on; whether there is one.
  bool open_path() {
    const Level level(*this);
    bool is_open = false;
    if (take('B')) {
      at_reference([&] { is_open = open_path(); });
    } else if (take('I')) {
      path(false);
      write("<");
      list('E', [this] { generic_argument(); });
      is_open = true;
    } else {
      path(false);
    }
    return is_open;
  }

  void constant() {
    const Level level(*this);
    if (take('B')) return at_reference([this] { constant(); });
    const char kind = next();
    if (kind == 'p') return write("_");
    const bool is_signed =
        kind == 'a' || kind == 's' || kind == 'l' || kind == 'x' || kind == 'n' || kind == 'i';
    const bool is_number = is_signed || kind == 'h' || kind == 't' || kind == 'm' || kind == 'y' ||
                           kind == 'o' || kind == 'j';
    const bool is_negative = is_signed && take('n');
    const size_t start = at_;
    while (!is_wrong_ && peek() != '_') next();
    const std::string_view digits = in_.substr(start, at_ - start);
    next();
    uint64_t value = 0;
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16).ec;
    if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) is_wrong_ = true;
    const bool is_large = error == std::errc::result_out_of_range;
    if (is_negative) write("-");
    if (is_number) {
      write(is_large ? "0x" + std::string(digits) : std::to_string(value));
    } else if (kind == 'b' && value <= 1) {
      write(value == 1 ? "true" : "false");
    } else if (kind == 'c' && value >= ' ' && value <= '~') {
      const std::array<char, 3> letter = {'\'', static_cast<char>(value), '\''};
      write(std::string_view(letter.data(), letter.size()));
    } else if (kind == 'c') {
      write("'\\u{" + std::string(digits) + "}'");
    } else {
      // Newer kinds, of strings and structures.
      is_wrong_ = true;
    }
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string text_;
  int depth_ = 0;
  uint64_t bound_ = 0;  // lifetimes of the binders around
  bool is_silent_ = false, is_wrong_ = false;
};

}  // namespace

std::optional<std::string> rust_name(std::string_view symbol) {
  constexpr std::string_view mark = "_R";
  // No path begins with a small letter or a digit: those are other people's names, or versions.
  if (!symbol.starts_with(mark) || symbol.size() <= mark.size() || symbol[2] < 'A' ||
      symbol[2] > 'Z')
    return std::nullopt;
  symbol.remove_prefix(mark.size());
  // What a compiler's later parts append.
  return RustReader(symbol.substr(0, symbol.find_first_of(".$"))).read();
}

}  // namespace host
