// The kernel side as the plugin runs it: the session, the pump that always empties its ring
// buffers, and what happens when a probe ends.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/session.hpp"
#include "plugin/error.hpp"
#include "plugin/streams.hpp"

namespace plugin {

class Tracing {
 public:
  struct Hooks {
    std::function<void()> rows_ready;      // streams may have something to send
    std::function<void(bool)> keep_alive;  // whether Nushell must leave this process alone
  };

  Tracing(asio::io_context& io, Hooks hooks);
  ~Tracing();

  // Made by the first command that needs it: Nushell starts plugins just to ask their signatures.
  host::Session& session();
  bool started() const { return session_ != nullptr; }
  Broadcast& rows() { return broadcast_; }
  // Streams that are no probe's have something to send.
  void wake_streams() { hooks_.rows_ready(); }

  // What describes the kernel's types from now on; empty: the kernel itself. An Error once another
  // answer is in use.
  host::Status describe_kernel_by(const std::string& btf_file);

  // How many rows may still come, of one probe or of several together. Then they end.
  struct RowLimit {
    uint64_t left = 0;
    std::vector<host::ProbeId> probes = {};
  };
  struct Attachment {
    std::vector<host::Member> members;
    SourceText source;  // what the programs were compiled from
    host::AttachOptions options;
    std::string note = {};            // said behind the host's own
    std::shared_ptr<RowLimit> limit;  // null: none
  };
  // As Session::attach.
  host::Result<host::ProbeInfo> attach(Attachment attachment);
  host::Status swap(host::ProbeId id,
                    std::vector<std::shared_ptr<const bytecode::Program>> programs,
                    SourceText source);
  // Rows on the way are published before this returns, and streams that have nothing more to wait
  // for are finished.
  host::Status detach(host::ProbeId id);
  // As if these had never been attached: they end, and their rows with them. Of the maps that they
  // wrote, those not in `kept` go.
  void abandon(const std::vector<host::ProbeId>& ids, const std::set<std::string>& kept);
  void detach_after(host::ProbeId id, std::chrono::nanoseconds time);
  // Calls `then` with the probe's last numbers once it has ended.
  void when_gone(host::ProbeId id, std::function<void(const host::ProbeInfo&)> then);

  bool lives(host::ProbeId id) const { return live_.contains(id); }
  std::vector<host::ProbeId> live() const;
  std::shared_ptr<const ProbeLabel> label(host::ProbeId id) const;
  // Names of the maps that a probe writes or wrote; empty for one that never was.
  std::vector<std::string> maps_of(host::ProbeId id) const;
  // Live probes, losses of the plugin's own queues included.
  std::vector<host::ProbeInfo> list();
  std::optional<host::ProbeInfo> info(host::ProbeId id);
  // Where a fault happened: the line and column in the closure's text, or in that of a custom
  // command or another closure that it calls; `in` says which.
  struct FaultPlace {
    LineColumn at;
    std::string in;  // " in `big`", or nothing
  };
  FaultPlace place_of(host::ProbeId id, const host::FaultCount& fault) const;
  // {kind count line column source}.
  bytecode::Record describe(host::ProbeId id, const host::FaultCount& fault, uint64_t count) const;

  // Counters, losses and faults are told about once a second while a stream listens.
  void start_notices();
  // Tells Nushell whether anything here must stay: a probe, or a map with something in it.
  void settle();

 private:
  using Timer = asio::steady_timer;

  // Of every probe there ever was: rows may still come after it has ended.
  struct Known {
    std::shared_ptr<const ProbeLabel> label;
    std::shared_ptr<RowLimit> limit;
    std::string note;
    std::vector<std::string> maps;
    struct Source {
      std::string text;  // as the spans of the program count
      SourceText parts;
    };
    std::vector<Source> sources;  // of each generation
  };
  struct Live {
    std::vector<std::function<void(const host::ProbeInfo&)>> gone;
    std::shared_ptr<Timer> expiry;
    uint64_t lost_told = 0;  // of the kernel's; the queues' own are told to each reader
    std::map<std::pair<std::string, uint32_t>, uint64_t> faults_told;  // by kind and place
  };
  struct Ring {
    asio::posix::stream_descriptor readable;
    bool armed = false;
  };

  void watch_rings();
  void arm_rings();
  void drain_turn();
  size_t drain(size_t max_rows);
  void take(host::Row&& row);
  void end_limited();
  void complete(host::ProbeInfo& info) const;
  void tell_about(const host::ProbeInfo& info, bool last);
  void tell_counters(std::optional<host::ProbeId> ending);
  void notice_tick();
  bool anyone_listens() const;
  void finish_streams();

  asio::io_context& io_;
  Hooks hooks_;
  Broadcast broadcast_;
  std::string btf_file_;
  std::unique_ptr<host::Session> session_;
  std::map<host::ProbeId, Known> known_;
  std::map<host::ProbeId, Live> live_;
  std::map<int, std::shared_ptr<Ring>> rings_;  // by the session's descriptor
  Timer nap_;
  Timer second_;
  bool napping_ = false;
  bool ticking_ = false;
  std::vector<host::ProbeId> limit_reached_;
};

}  // namespace plugin
