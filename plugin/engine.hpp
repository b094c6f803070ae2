// The connection to Nushell: one thread, one io_context, one coroutine a call.
//
// Reading never waits for a handler: a closure that Nushell evaluates for one call may itself call
// this plugin, and answers to a handler's own questions come through the same pipe.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugin/call.hpp"
#include "plugin/codec.hpp"
#include "plugin/protocol.hpp"

namespace plugin {

// What the engine needs from the rest of the plugin.
struct Handlers {
  std::function<Task<Answer>(std::shared_ptr<Call>)> run;
  std::function<Node()> signatures;
  // The payload of CompletionItems: a list of items, or nil for Nushell's own completion. The call
  // serves for questions only.
  std::function<Task<Node>(std::shared_ptr<Call>, CompletionCall)> complete;
  // After each answer: the time to see whether anything still has to be kept alive.
  std::function<void()> settled;
};

class Engine {
 public:
  // Takes over both descriptors.
  Engine(asio::io_context& io, int input, int output, Handlers handlers);

  // Greets Nushell and serves it; io.run() returns once Nushell is gone.
  void start();

  asio::io_context& io() { return io_; }
  Version nushell() const { return nushell_; }

  // Sends what each open stream has ready and its window allows.
  void pump();
  // The same, soon: for whoever may itself be called while streams are looked at.
  void schedule_pump();
  void set_gc_disabled(bool disabled);

  // For Call: a question in the context of a call, and its answer's value; nothing on any failure.
  Task<std::optional<Node>> ask(CallId context, Node question);
  Task<std::optional<uint64_t>> ask_identifier(CallId context, Node question);
  // A question whose answer may be a stream, which is read to its end; bytes are handed on as they
  // come.
  Task<Evaluation> evaluate(CallId context, Node question, BytesSink bytes);
  // The items of an incoming stream, at most so many.
  Task<std::vector<Node>> collect(StreamId stream, size_t most);
  // The next item of an incoming stream; nothing at its end, and then `error` may say how it ended.
  Task<std::optional<Node>> next(StreamId stream, std::optional<Node>& error);

 private:
  struct Outgoing {
    std::shared_ptr<ItemSource> source;
    size_t in_flight = 0;  // written and not acknowledged
    bool ended = false;
  };
  struct Incoming {
    std::deque<Node> items;
    std::optional<Node> error;  // of a stream of bytes: how it ended
    bool ended = false;
    bool unwanted = false;
    std::shared_ptr<asio::steady_timer> wake;
  };
  struct Question {
    std::optional<Node> response;
    asio::steady_timer answered;
    explicit Question(asio::io_context& io) : answered(io) {}
  };

  void read();
  void flush();
  void stop();

  void take(const Node& message);
  void handle(Unknown) {}
  void handle(const Hello& hello);
  void handle(const MetadataCall& call);
  void handle(const SignatureCall& call);
  void handle(RunCall& call);
  void handle(const CompletionCall& call);
  void handle(const OtherCall& call);
  void handle(EngineResponse& response);
  void handle(Interrupt);
  void handle(Reset) {}
  void handle(Goodbye);
  void handle(StreamData& data);
  void handle(const StreamEnd& end);
  void handle(const StreamAck& ack);
  void handle(const StreamDrop& drop);

  void expect(const PipelineHeader& header);
  void discard(StreamId stream);
  void end(StreamId id, Outgoing& stream);
  void pump(StreamId id, Outgoing& stream);
  Task<void> serve(std::shared_ptr<Call> call);
  Task<void> serve_completion(CompletionCall call);
  void answer(const Call& call, Answer answer);
  Task<std::optional<Node>> ask_raw(CallId context, Node question);

  asio::io_context& io_;
  asio::posix::stream_descriptor input_;
  asio::posix::stream_descriptor output_;
  asio::signal_set signals_;
  Handlers handlers_;
  Decoder decoder_;
  std::string out_;      // waits for the write under way
  std::string writing_;  // being written
  bool write_pending_ = false;
  bool stopping_ = false;
  Version nushell_;
  bool gc_disabled_ = false;
  bool pump_scheduled_ = false;

  std::map<CallId, std::shared_ptr<Call>> calls_;
  std::map<StreamId, Outgoing> outgoing_;
  std::map<StreamId, Incoming> incoming_;
  std::map<uint64_t, std::shared_ptr<Question>> questions_;
  uint64_t next_question_ = 0;
  StreamId next_stream_ = 0;
};

}  // namespace plugin
