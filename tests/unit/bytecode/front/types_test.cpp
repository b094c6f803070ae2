#include "bytecode/lower/types.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "bytecode/compile.hpp"

namespace bytecode {
namespace {

using ast::Op;

constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
constexpr int64_t highest = std::numeric_limits<int64_t>::max();

TEST(Fold, RoundsDown) {
  EXPECT_EQ(fold(Op::floor_divide, -7, 2), -4);
  EXPECT_EQ(fold(Op::floor_divide, 7, -2), -4);
  EXPECT_EQ(fold(Op::floor_divide, -8, 2), -4);
  EXPECT_EQ(fold(Op::modulo, -7, 3), 2);
  EXPECT_EQ(fold(Op::modulo, 7, -3), -2);
  EXPECT_EQ(fold(Op::modulo, lowest, 3), 1);
}

TEST(Fold, LeavesFaultsToTheRun) {
  EXPECT_EQ(fold(Op::add, highest, 1), std::nullopt);
  EXPECT_EQ(fold(Op::subtract, lowest, 1), std::nullopt);
  EXPECT_EQ(fold(Op::multiply, lowest, -1), std::nullopt);
  EXPECT_EQ(fold(Op::floor_divide, 1, 0), std::nullopt);
  EXPECT_EQ(fold(Op::floor_divide, lowest, -1), std::nullopt);
  EXPECT_EQ(fold(Op::modulo, lowest, -1), std::nullopt);
  EXPECT_EQ(fold(Op::power, 2, 63), std::nullopt);
  EXPECT_EQ(fold(Op::power, 2, -1), std::nullopt);
  EXPECT_EQ(fold(Op::shift_left, 1, 64), std::nullopt);
  EXPECT_EQ(fold(Op::shift_right, 1, -1), std::nullopt);
}

TEST(Fold, PowersAndShifts) {
  EXPECT_EQ(fold(Op::power, 0, 0), 1);
  EXPECT_EQ(fold(Op::power, -1, highest), -1);
  EXPECT_EQ(fold(Op::power, 1, highest), 1);
  EXPECT_EQ(fold(Op::power, -2, 63), lowest);
  EXPECT_EQ(fold(Op::shift_left, 3, 63), lowest);
  EXPECT_EQ(fold(Op::shift_right, -7, 1), -4);
}

TEST(Types, UnitsFollowNushell) {
  EXPECT_EQ(arithmetic_type(Op::subtract, Type::date, Type::date), Type::duration);
  EXPECT_EQ(arithmetic_type(Op::add, Type::date, Type::duration), Type::date);
  EXPECT_EQ(arithmetic_type(Op::floor_divide, Type::filesize, Type::filesize), Type::integer);
  EXPECT_EQ(arithmetic_type(Op::multiply, Type::integer, Type::duration), Type::duration);
  EXPECT_EQ(arithmetic_type(Op::add, Type::integer, Type::duration), std::nullopt);
  EXPECT_EQ(arithmetic_type(Op::bit_and, Type::duration, Type::integer), std::nullopt);
  EXPECT_EQ(arithmetic_type(Op::add, Type::boolean, Type::boolean), std::nullopt);
}

TEST(Types, ComparisonsAcrossUnitsAreByNumber) {
  EXPECT_TRUE(comparable(Type::integer, Type::filesize));
  EXPECT_TRUE(comparable(Type::duration, Type::integer));
  EXPECT_FALSE(comparable(Type::duration, Type::filesize));
  EXPECT_FALSE(comparable(Type::integer, Type::string));
  EXPECT_FALSE(comparable(Type::integer, Type::boolean));
}

TEST(Builtins, SentinelsDifferAndKeepTheirType) {
  std::set<std::string> names, values;
  for (const Builtin& row : builtins()) {
    Value value = sentinel(row.name);
    EXPECT_EQ(value.get_if<std::string>() != nullptr, row.type == Type::string) << row.name;
    EXPECT_EQ(value.get_if<int64_t>() != nullptr, row.type != Type::string) << row.name;
    EXPECT_TRUE(names.emplace(row.name).second) << row.name;
    EXPECT_TRUE(values.emplace(row.sentinel).second) << row.name;
    EXPECT_FALSE(row.doc.empty()) << row.name;
  }
  EXPECT_TRUE(sentinel("nothing").is_null());
}

}  // namespace
}  // namespace bytecode
