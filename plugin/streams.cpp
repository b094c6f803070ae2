#include "plugin/streams.hpp"

#include <algorithm>
#include <utility>

#include "bytecode/show.hpp"
#include "plugin/codec.hpp"

namespace plugin {

namespace {

bool by_sequence(const RowPtr& a, const RowPtr& b) { return a->sequence < b->sequence; }

void keep_notice(std::deque<RowPtr>& queue, RowPtr notice) {
  queue.push_back(std::move(notice));
  if (queue.size() > notice_limit) queue.pop_front();
}

// Moves what `wanted` says from one queue to another, in order.
template <typename Wanted>
void move_rows(std::deque<RowPtr>& from, std::deque<RowPtr>& to, Wanted wanted) {
  std::deque<RowPtr> others;
  for (RowPtr& row : from) {
    std::deque<RowPtr>& side = wanted(*row) ? to : others;
    side.push_back(std::move(row));
  }
  from = std::move(others);
}

}  // namespace

Subscription::Subscription(Broadcast& broadcast, Options options)
    : broadcast_(&broadcast), options_(std::move(options)) {
  broadcast_->open(*this);
}

Subscription::~Subscription() { close(); }

bool Subscription::covers(host::ProbeId probe) const {
  return options_.probes.empty() || options_.probes.contains(probe);
}

RowPtr Subscription::take() {
  const bool notice_first =
      queue_.rows.empty() ||
      (!notices_.empty() && by_sequence(notices_.front(), queue_.rows.front()));
  std::deque<RowPtr>& from = notice_first ? notices_ : queue_.rows;
  RowPtr row = std::move(from.front());
  from.pop_front();
  in_flight_.push_back(row);
  return row;
}

void Subscription::acknowledge() {
  if (in_flight_.empty()) return;
  const RowPtr row = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (!row->notice && !row->delivered) {
    row->delivered = true;
    ++broadcast_->totals_[row->probe->id].delivered;
  }
}

void Subscription::close() {
  if (!broadcast_) return;
  broadcast_->close(*this);
  broadcast_ = nullptr;
}

void Broadcast::open(Subscription& subscription) {
  subscriptions_.push_back(&subscription);
  move_rows(backlog_.rows, subscription.queue_.rows,
            [&](const StreamRow& row) { return subscription.covers(row.probe->id); });
  std::erase_if(backlog_.dropped, [&](auto& entry) {
    if (!subscription.covers(entry.first)) return false;
    subscription.queue_.dropped.insert(entry);
    return true;
  });
  if (subscription.wants_notices())
    move_rows(last_notices_, subscription.notices_, [&](const StreamRow& notice) {
      return notice.probe && subscription.covers(notice.probe->id);
    });
}

void Broadcast::close(Subscription& subscription) {
  std::erase(subscriptions_, &subscription);
  RowQueue& queue = subscription.queue_;
  std::deque<RowPtr> rows = std::move(subscription.in_flight_);
  std::move(queue.rows.begin(), queue.rows.end(), std::back_inserter(rows));
  subscription.in_flight_.clear();
  queue.rows.clear();
  subscription.notices_.clear();
  for (RowPtr& row : rows) {
    // A row that another subscription also has is that one's to deliver or to give back.
    if (row.use_count() > 1) continue;
    if (row->notice || row->delivered) continue;
    if (subscription.options_.own)
      let_go(std::move(row));
    else
      backlog_.rows.push_back(std::move(row));
  }
  std::sort(backlog_.rows.begin(), backlog_.rows.end(), by_sequence);
  while (backlog_.rows.size() > queue_limit) drop_oldest(backlog_);
  // What the last reader was not told any more the next one is.
  if (subscriptions_.empty() && !subscription.options_.own)
    for (const auto& [probe, dropped] : queue.dropped) {
      RowQueue::Dropped& kept = backlog_.dropped[probe];
      kept.probe = dropped.probe;
      kept.count += dropped.count;
    }
}

void Broadcast::let_go(RowPtr row) {
  if (row.use_count() == 1 && !row->notice && !row->delivered) ++totals_[row->probe->id].lost;
}

void Broadcast::enqueue(RowQueue& queue, RowPtr row) {
  queue.rows.push_back(std::move(row));
  if (queue.rows.size() > queue_limit) drop_oldest(queue);
}

void Broadcast::drop_oldest(RowQueue& queue) {
  RowPtr oldest = std::move(queue.rows.front());
  queue.rows.pop_front();
  RowQueue::Dropped& dropped = queue.dropped[oldest->probe->id];
  dropped.probe = oldest->probe;
  ++dropped.count;
  let_go(std::move(oldest));
}

void Broadcast::tell_dropped(const bytecode::Value& time) {
  for (Subscription* subscription : subscriptions_) {
    if (!subscription->wants_notices()) continue;
    for (const auto& [id, dropped] : std::exchange(subscription->queue_.dropped, {})) {
      StreamRow notice;
      notice.notice = "lost";
      notice.probe = dropped.probe;
      notice.notice_name = dropped.probe->name;
      notice.row.time = time;
      notice.row.value = static_cast<int64_t>(dropped.count);
      notice.sequence = next_sequence_++;
      keep_notice(subscription->notices_, std::make_shared<StreamRow>(std::move(notice)));
    }
  }
}

void Broadcast::publish(std::shared_ptr<const ProbeLabel> probe, host::Row row) {
  ++totals_[probe->id].published;
  const RowPtr shared = std::make_shared<StreamRow>();
  shared->probe = std::move(probe);
  shared->row = std::move(row);
  shared->sequence = next_sequence_++;
  bool wanted = false;
  for (Subscription* subscription : subscriptions_) {
    if (subscription->finished() || !subscription->covers(shared->probe->id)) continue;
    enqueue(subscription->queue_, shared);
    wanted = true;
  }
  if (!wanted) enqueue(backlog_, shared);
}

void Broadcast::notify(const StreamRow& notice, const std::set<host::ProbeId>& about, bool last) {
  const RowPtr shared = std::make_shared<StreamRow>(notice);
  shared->sequence = next_sequence_++;
  bool wanted = false;
  for (Subscription* subscription : subscriptions_) {
    const bool covered = subscription->probes().empty() ||
                         std::any_of(about.begin(), about.end(), [&](host::ProbeId probe) {
                           return subscription->covers(probe);
                         });
    if (!covered || subscription->finished()) continue;
    // A probe's own stream says its losses in another way.
    wanted = true;
    if (subscription->wants_notices()) keep_notice(subscription->notices_, shared);
  }
  if (last && !wanted) keep_notice(last_notices_, shared);
}

void Broadcast::forget(const std::set<host::ProbeId>& probes) {
  const auto theirs = [&](const RowPtr& row) {
    return row->probe && probes.contains(row->probe->id);
  };
  for (const RowPtr& row : backlog_.rows)
    if (theirs(row)) ++totals_[row->probe->id].lost;
  std::erase_if(backlog_.rows, theirs);
  std::erase_if(backlog_.dropped, [&](const auto& entry) { return probes.contains(entry.first); });
  std::erase_if(last_notices_, theirs);
}

Broadcast::Totals Broadcast::totals(host::ProbeId probe) const {
  const auto found = totals_.find(probe);
  return found == totals_.end() ? Totals{} : found->second;
}

bool Broadcast::has_backlog(const std::set<host::ProbeId>& probes) const {
  const auto wanted = [&](const RowPtr& row) {
    return probes.empty() || (row->probe && probes.contains(row->probe->id));
  };
  return std::any_of(backlog_.rows.begin(), backlog_.rows.end(), wanted) ||
         std::any_of(last_notices_.begin(), last_notices_.end(), wanted);
}

void write_envelope(Writer& writer, const StreamRow& row, std::string_view encoded_span) {
  using bytecode::Value;
  writer.map(1);
  writer.text("Record");
  writer.map(2);
  writer.text("val");
  writer.map(11);
  const auto column = [&](std::string_view name, const Value& value) {
    writer.text(name);
    writer.value(value, encoded_span);
  };
  const bool hit = row.notice == nullptr;
  const Value none;
  const auto number = [](uint32_t n) { return Value(static_cast<int64_t>(n)); };
  column("time", row.row.time);
  column("probe", row.probe ? number(row.probe->id) : none);
  const bool says_target = !row.row.target.empty();
  column("target", says_target ? Value(row.row.target)
                   : row.probe ? Value(row.probe->target)
                               : none);
  column("name", hit ? Value(row.probe->name) : Value(row.notice_name));
  column("type",
         hit ? Value(std::string(bytecode::row_type_name(row.row.type))) : Value(row.notice));
  column("event_type", row.row.event_type ? Value(*row.row.event_type) : none);
  column("pid", hit ? number(row.row.pid) : none);
  column("tid", hit ? number(row.row.tid) : none);
  column("comm", hit ? Value(row.row.comm) : none);
  column("cpu", hit ? number(row.row.cpu) : none);
  column("value", row.row.value);
  writer.text("span");
  writer.raw(encoded_span);
}

}  // namespace plugin
