// Which of the probes that are gone are still known.
#include "host/closed_probes.hpp"

#include <gtest/gtest.h>

namespace host {
namespace {

ClosedProbes::Closed numbered(ProbeId id) {
  ClosedProbes::Closed closed;
  closed.info.id = id;
  return closed;
}

TEST(ClosedProbes, KeepsTheLatestToGo) {
  ClosedProbes closed;
  constexpr ProbeId oldest = 2;
  constexpr ProbeId last = oldest + ClosedProbes::kept - 1;
  for (ProbeId id = oldest; id <= last; ++id) closed.add(id, numbered(id));
  EXPECT_NE(closed.find(oldest), nullptr);

  // The first probe of all goes last: it is the newest of those gone, whatever its id.
  closed.add(1, numbered(1));
  ASSERT_NE(closed.find(1), nullptr);
  EXPECT_EQ(closed.find(1)->info.id, 1u);
  EXPECT_EQ(closed.find(oldest), nullptr);
  EXPECT_NE(closed.find(oldest + 1), nullptr);
  EXPECT_NE(closed.find(last), nullptr);
  EXPECT_EQ(closed.find(last + 1), nullptr);
}

}  // namespace
}  // namespace host
