#include "plugin/streams.hpp"

#include <gtest/gtest.h>

#include "plugin/codec.hpp"

namespace plugin {
namespace {

std::shared_ptr<const ProbeLabel> probe(host::ProbeId id) {
  auto label = std::make_shared<ProbeLabel>();
  label->id = id;
  label->name = "p" + std::to_string(id);
  return label;
}

void publish(Broadcast& rows, host::ProbeId id, int64_t value) {
  host::Row row;
  row.probe = id;
  row.value = value;
  rows.publish(probe(id), std::move(row));
}

int64_t value_of(const RowPtr& row) { return *row->row.value.get_if<int64_t>(); }

std::vector<int64_t> take_all(Subscription& reader) {
  std::vector<int64_t> values;
  while (!reader.empty()) {
    values.push_back(value_of(reader.take()));
    reader.acknowledge();
  }
  return values;
}

void expect_totals(const Broadcast& rows, host::ProbeId id, uint64_t published, uint64_t delivered,
                   uint64_t lost) {
  const Broadcast::Totals totals = rows.totals(id);
  EXPECT_EQ(totals.published, published);
  EXPECT_EQ(totals.delivered, delivered);
  EXPECT_EQ(totals.lost, lost);
}

TEST(Broadcast, UnreadRowsWaitForTheNextReader) {
  Broadcast rows;
  publish(rows, 1, 10);
  publish(rows, 1, 11);
  EXPECT_EQ(rows.totals(1).unread(), 2u);
  Subscription reader(rows, {});
  publish(rows, 1, 12);
  EXPECT_EQ(take_all(reader), (std::vector<int64_t>{10, 11, 12}));
  expect_totals(rows, 1, 3, 3, 0);
}

TEST(Broadcast, EveryReaderGetsEveryRow) {
  Broadcast rows;
  Subscription one(rows, {});
  Subscription two(rows, {});
  publish(rows, 1, 10);
  EXPECT_EQ(take_all(one), (std::vector<int64_t>{10}));
  EXPECT_EQ(take_all(two), (std::vector<int64_t>{10}));
  expect_totals(rows, 1, 1, 1, 0);
}

TEST(Broadcast, AReaderOfOneProbeLeavesTheOthersRows) {
  Broadcast rows;
  publish(rows, 1, 10);
  publish(rows, 2, 20);
  Subscription reader(rows, {.probes = {2}});
  publish(rows, 1, 11);
  EXPECT_EQ(take_all(reader), (std::vector<int64_t>{20}));
  EXPECT_TRUE(rows.has_backlog({1}));
  EXPECT_FALSE(rows.has_backlog({2}));
  Subscription all(rows, {});
  EXPECT_EQ(take_all(all), (std::vector<int64_t>{10, 11}));
}

TEST(Broadcast, WhatWasSentAndNotTakenGoesBack) {
  Broadcast rows;
  for (int64_t i = 0; i < 5; ++i) publish(rows, 1, i);
  {
    Subscription reader(rows, {});
    reader.take();
    reader.take();
    reader.acknowledge();
  }
  expect_totals(rows, 1, 5, 1, 0);
  Subscription reader(rows, {});
  EXPECT_EQ(take_all(reader), (std::vector<int64_t>{1, 2, 3, 4}));
  expect_totals(rows, 1, 5, 5, 0);
}

TEST(Broadcast, RowsGoBackInOrder) {
  Broadcast rows;
  publish(rows, 1, 0);
  auto reader = std::make_unique<Subscription>(rows, Subscription::Options{.probes = {1}});
  publish(rows, 2, 1);
  publish(rows, 1, 2);
  reader.reset();
  Subscription all(rows, {});
  EXPECT_EQ(take_all(all), (std::vector<int64_t>{0, 1, 2}));
}

TEST(Broadcast, TheBacklogAtItsLimitLosesNothing) {
  Broadcast rows;
  for (size_t i = 0; i < queue_limit; ++i) publish(rows, 1, static_cast<int64_t>(i));
  expect_totals(rows, 1, queue_limit, 0, 0);
}

TEST(Broadcast, OnePastTheLimitLosesTheOldest) {
  Broadcast rows;
  for (size_t i = 0; i <= queue_limit; ++i) publish(rows, 1, static_cast<int64_t>(i));
  expect_totals(rows, 1, queue_limit + 1, 0, 1);
  Subscription reader(rows, {});
  EXPECT_EQ(value_of(reader.take()), 1);
}

TEST(Broadcast, ARowThatAnotherReaderHasIsNotLost) {
  Broadcast rows;
  Subscription slow(rows, {});
  Subscription quick(rows, {});
  for (size_t i = 0; i <= queue_limit; ++i) {
    publish(rows, 1, static_cast<int64_t>(i));
    quick.take();
    quick.acknowledge();
  }
  expect_totals(rows, 1, queue_limit + 1, queue_limit + 1, 0);
}

TEST(Broadcast, AProbesOwnStreamKeepsItsRowsToItself) {
  Broadcast rows;
  {
    Subscription own(rows, {.probes = {1}, .own = true});
    publish(rows, 1, 10);
    publish(rows, 1, 11);
    own.take();
    own.acknowledge();
  }
  expect_totals(rows, 1, 2, 1, 1);
  EXPECT_EQ(rows.backlog(), 0u);
}

TEST(Broadcast, WhatIsForgottenWaitsForNobody) {
  Broadcast rows;
  publish(rows, 1, 10);
  publish(rows, 2, 20);
  StreamRow last;
  last.probe = probe(1);
  last.notice = "fault";
  rows.notify(last, {1}, true);
  rows.forget({1});
  EXPECT_FALSE(rows.has_backlog({1}));
  expect_totals(rows, 1, 1, 0, 1);
  Subscription reader(rows, {});
  EXPECT_EQ(take_all(reader), (std::vector<int64_t>{20}));
}

TEST(Broadcast, ClosingOneReaderLeavesTheOtherItsRows) {
  Broadcast rows;
  auto one = std::make_unique<Subscription>(rows, Subscription::Options{});
  Subscription two(rows, {});
  publish(rows, 1, 10);
  one.reset();
  EXPECT_EQ(rows.backlog(), 0u);
  EXPECT_EQ(take_all(two), (std::vector<int64_t>{10}));
}

StreamRow notice_of(host::ProbeId id) {
  StreamRow notice;
  notice.probe = probe(id);
  notice.notice = "lost";
  notice.row.value = 7;
  return notice;
}

TEST(Notices, StandInOrderAndCountForNothing) {
  Broadcast rows;
  Subscription reader(rows, {});
  publish(rows, 1, 10);
  rows.notify(notice_of(1), {1});
  publish(rows, 1, 11);
  EXPECT_EQ(take_all(reader), (std::vector<int64_t>{10, 7, 11}));
  expect_totals(rows, 1, 2, 2, 0);
}

TEST(Notices, NeverPushOutARow) {
  Broadcast rows;
  Subscription reader(rows, {});
  for (size_t i = 0; i < queue_limit; ++i) publish(rows, 1, 0);
  for (size_t i = 0; i < 2 * notice_limit; ++i) rows.notify(notice_of(1), {1});
  expect_totals(rows, 1, queue_limit, 0, 0);
}

TEST(Notices, GoToWhomTheyConcern) {
  Broadcast rows;
  Subscription other(rows, {.probes = {2}});
  rows.notify(notice_of(1), {1});
  EXPECT_TRUE(other.empty());
}

TEST(Notices, OnlyTheLastWordWaitsForAReader) {
  Broadcast rows;
  rows.notify(notice_of(1), {1});
  rows.notify(notice_of(2), {2}, true);
  Subscription reader(rows, {});
  const RowPtr row = reader.take();
  EXPECT_EQ(row->probe->id, 2u);
  EXPECT_TRUE(reader.empty());
}

int64_t told(Subscription& reader, Broadcast& rows) {
  rows.tell_dropped(bytecode::Value());
  int64_t lost = 0;
  while (!reader.empty()) {
    const RowPtr row = reader.take();
    if (row->notice) lost += value_of(row);
    reader.acknowledge();
  }
  return lost;
}

TEST(Notices, ASlowReaderIsToldWhatItMissed) {
  Broadcast rows;
  Subscription slow(rows, {});
  Subscription quick(rows, {});
  for (size_t i = 0; i < queue_limit + 3; ++i) {
    publish(rows, 1, 0);
    quick.take();
    quick.acknowledge();
  }
  EXPECT_EQ(told(slow, rows), 3);
  EXPECT_EQ(told(quick, rows), 0);
  EXPECT_EQ(told(slow, rows), 0);
}

TEST(Notices, ANewReaderIsToldWhatTheBacklogDropped) {
  Broadcast rows;
  for (size_t i = 0; i < queue_limit + 3; ++i) publish(rows, 1, 0);
  Subscription other(rows, {.probes = {2}});
  EXPECT_EQ(told(other, rows), 0);
  Subscription reader(rows, {});
  EXPECT_EQ(told(reader, rows), 3);
}

TEST(Notices, WhatTheLastReaderWasNotToldTheNextIs) {
  Broadcast rows;
  {
    Subscription reader(rows, {});
    for (size_t i = 0; i < queue_limit + 3; ++i) publish(rows, 1, 0);
  }
  Subscription next(rows, {});
  EXPECT_EQ(told(next, rows), 3);
  expect_totals(rows, 1, queue_limit + 3, queue_limit, 3);
}

TEST(Envelope, HasItsColumnsInOrder) {
  StreamRow row;
  row.probe = probe(3);
  row.row.pid = 42;
  row.row.comm = "cat\xff";
  row.row.event_type = "opened";
  row.row.time = bytecode::Date{0};
  row.row.value = "x";
  std::string out;
  Writer writer(out);
  write_envelope(writer, row, encode_span({}));
  Decoder decoder;
  out.copy(decoder.room(out.size()), out.size());
  decoder.filled(out.size());
  const auto value = to_value(*decoder.next());
  ASSERT_TRUE(value);
  const bytecode::Record* record = value->get_if<bytecode::Record>();
  ASSERT_TRUE(record);
  std::string columns;
  for (const auto& [name, member] : *record) columns += name + " ";
  EXPECT_EQ(columns, "time probe target name type event_type pid tid comm cpu value ");
  EXPECT_EQ((*record)[4].second, bytecode::Value("custom"));
  EXPECT_EQ((*record)[8].second, bytecode::Value("cat\xef\xbf\xbd"));
}

}  // namespace
}  // namespace plugin
