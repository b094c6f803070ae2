#include "bytecode/cast.hpp"

#include <gtest/gtest.h>

namespace bytecode {
namespace {

std::string read(std::string_view text) {
  const std::optional<Cast> cast = parse_cast(text);
  return cast ? cast->name + "|" + std::to_string(cast->pointers) : "none";
}

TEST(Cast, ReadsNamesAndStars) {
  EXPECT_EQ(read("struct sock *"), "struct sock|1");
  EXPECT_EQ(read("struct sock*"), "struct sock|1");
  EXPECT_EQ(read(" const  struct sock * const *"), "struct sock|2");
  EXPECT_EQ(read("unsigned int"), "unsigned int|0");
  EXPECT_EQ(read("char const*"), "char|1");
  EXPECT_EQ(read("u32"), "u32|0");
}

TEST(Cast, RefusesWhatIsNoSuchType) {
  for (const char* text :
       {"", "*", "const", "char[16]", "int (*)(void)", "struct sock * x", "a,b", "x *********"})
    EXPECT_EQ(read(text), "none") << text;
}

TEST(Cast, KnowsTheIntegersOfItsOwn) {
  const std::optional<CType> u16 = describe_own(own_type("u16"));
  ASSERT_TRUE(u16);
  EXPECT_EQ(u16->size, 2u);
  EXPECT_FALSE(u16->is_signed);
  EXPECT_TRUE(describe_own(own_type("i64"))->is_signed);
  EXPECT_EQ(describe_own(own_type("char"))->kind, CKind::character);
  EXPECT_EQ(own_type("int"), 0u);
  EXPECT_FALSE(describe_own(0));
  EXPECT_FALSE(describe_own(1000));
}

}  // namespace
}  // namespace bytecode
