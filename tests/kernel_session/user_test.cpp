// What a program's own debug information and marks tell a probe, with values that are known.
#include <sys/sdt.h>
#include <unistd.h>

#include "tests/kernel_session/fixture.hpp"

enum session_color { SESSION_RED, SESSION_GREEN = 5 };

struct session_shape {
  const char* name;
  union {
    long raw;
    int x;
  };
  unsigned low : 3;
  unsigned high : 5;
  const session_shape* next;
};

// Eight arguments: two of them come on the stack.
extern "C" [[gnu::noipa]] int64_t session_typed(int i, const char* text, const session_shape* shape,
                                                session_color color, bool yes, unsigned char byte,
                                                short seventh, const char* eighth);
extern "C" int64_t session_typed(int i, const char* text, const session_shape* shape,
                                 session_color color, bool yes, unsigned char byte, short seventh,
                                 const char* eighth) {
  asm volatile("" : : "r"(text), "r"(shape), "r"(eighth) : "memory");
  return i + static_cast<int>(color) + (yes ? 1 : 0) + byte + seventh;
}

extern "C" [[gnu::noipa]] const char* session_word(int number);
extern "C" const char* session_word(int number) { return number % 2 == 0 ? "even" : "odd"; }

extern "C" [[gnu::noipa]] int session_narrow(int number);
extern "C" int session_narrow(int number) { return -number; }

// Two places of one probe, whose arguments lie in different registers, and a constant.
extern "C" [[gnu::noipa]] void session_marks(int number, const char* text);
extern "C" void session_marks(int number, const char* text) {
  STAP_PROBE3(session, two_places, number, text, 7);
  int64_t local = -int64_t{number};
  asm volatile("" : "+m"(local));
  STAP_PROBE3(session, two_places, local, text, -3);
}

namespace session_test {

using host::Kind;

namespace {

TEST_F(SessionTest, UprobeArgumentsByNameAndType) {
  attach(uprobe("session_typed"),
         "{|ctx| {i: $ctx.args.i, text: $ctx.args.text, shape: $ctx.args.shape.name,"
         " x: $ctx.args.shape.next.x, high: $ctx.args.shape.high, color: $ctx.args.color,"
         " yes: $ctx.args.yes, byte: $ctx.args.byte, seventh: $ctx.args.seventh,"
         " eighth: $ctx.args.eighth} }");
  const session_shape inner = {"inner", {.raw = -9}, 1, 2, nullptr};
  const session_shape outer = {"outer", {.raw = 4}, 7, 21, &inner};
  session_typed(-3, "one", &outer, SESSION_GREEN, true, 200, -7, "eight");
  session_typed(4, "two", &outer, SESSION_RED, false, 1, 8, "acht");
  const std::vector<Value> got = values();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], Value(Record{{"i", Value(int64_t{-3})},
                                 {"text", Value("one")},
                                 {"shape", Value("outer")},
                                 {"x", Value(int64_t{-9})},
                                 {"high", Value(int64_t{21})},
                                 {"color", Value("SESSION_GREEN")},
                                 {"yes", Value(true)},
                                 {"byte", Value(int64_t{200})},
                                 {"seventh", Value(int64_t{-7})},
                                 {"eighth", Value("eight")}}));
  EXPECT_EQ(got[1], Value(Record{{"i", Value(int64_t{4})},
                                 {"text", Value("two")},
                                 {"shape", Value("outer")},
                                 {"x", Value(int64_t{-9})},
                                 {"high", Value(int64_t{21})},
                                 {"color", Value("SESSION_RED")},
                                 {"yes", Value(false)},
                                 {"byte", Value(int64_t{1})},
                                 {"seventh", Value(int64_t{8})},
                                 {"eighth", Value("acht")}}));
}

TEST_F(SessionTest, UprobeKnowsItsTaskBesideItsTypes) {
  attach(uprobe("session_narrow"), "{|ctx| {parent: $ctx.ppid, number: $ctx.args.number} }");
  session_narrow(5);
  EXPECT_EQ(values(), (std::vector<Value>{Value(Record{{"parent", Value(int64_t{getppid()})},
                                                       {"number", Value(int64_t{5})}})}));
}

TEST_F(SessionTest, ResultsHaveTheirTypes) {
  attach(must(session_.resolve(Kind::uretprobe, self_path(), "session_word")),
         "{|ctx| $ctx.retval }");
  attach(must(session_.resolve(Kind::uretprobe, self_path(), "session_narrow")),
         "{|ctx| $ctx.retval }");
  session_word(1);
  session_word(2);
  session_narrow(6);
  EXPECT_EQ(values(), (std::vector<Value>{Value("odd"), Value("even"), Value(int64_t{-6})}));
}

TEST_F(SessionTest, UsdtArgumentsAtEachPlace) {
  host::Request request;
  request.kind = Kind::usdt;
  request.targets = {self_path()};
  request.symbols = {"session:two_places"};
  const host::Resolution found = must(session_.resolve(request));
  ASSERT_EQ(found.targets.size(), 2u);
  std::vector<host::Member> members;
  for (const host::Target& target : found.targets) {
    const auto text = "{|ctx| {n: $ctx.arg0, text: (read-str $ctx.arg1), fixed: $ctx.arg2} }";
    members.push_back({target, std::make_shared<const Program>(compile(target, text))});
  }
  must(session_.attach(std::move(members), {}));
  session_marks(41, "marked");
  const auto row = [](int64_t n, int64_t fixed) {
    return Value(Record{{"n", Value(n)}, {"text", Value("marked")}, {"fixed", Value(fixed)}});
  };
  EXPECT_EQ(values(), (std::vector<Value>{row(41, 7), row(-41, -3)}));
}

}  // namespace

}  // namespace session_test
