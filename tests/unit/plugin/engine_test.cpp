// The engine against the other end of a pipe that plays Nushell.
#include "plugin/engine.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace plugin {
namespace {

// Gives the numbers from 0 up, as many as it is told.
class Numbers : public ItemSource {
 public:
  bool ready() const override { return next_ < available; }
  void write_next(Writer& writer) override { writer.value(bytecode::Value(next_++), span_); }
  bool finished() const override { return done; }
  void acknowledged() override { ++taken; }
  void closed() override { ++closes; }

  int64_t available = 0;
  bool done = false;
  int64_t taken = 0;
  int closes = 0;

 private:
  int64_t next_ = 0;
  std::string span_ = encode_span({1, 2});
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    nushell_ = pair[0];
    Handlers handlers;
    handlers.run = [this](std::shared_ptr<Call> call) { return run(std::move(call)); };
    handlers.signatures = [] { return Node(Node::Array{}); };
    handlers.complete = [](std::shared_ptr<Call>, CompletionCall) -> Task<Node> {
      co_return Node();
    };
    handlers.settled = [] {};
    engine_ = std::make_unique<Engine>(io_, pair[1], dup(pair[1]), std::move(handlers));
    engine_->start();
    settle();
    char mark[8];
    EXPECT_EQ(read(nushell_, mark, sizeof mark), 8);
    EXPECT_EQ(std::string_view(mark, 8), encoding_mark);
    send(tag("Hello", map("version", "0.115.1")));
    EXPECT_EQ(receive().tagged().name, "Hello");
  }
  ~EngineTest() override { close(nushell_); }

  static Node map(const char* key, Node value) {
    Node::Map result;
    result.emplace_back(key, std::move(value));
    return Node(std::move(result));
  }
  static Node tag(const char* name, Node payload) { return map(name, std::move(payload)); }
  static Node pair(Node a, Node b) {
    Node::Array array;
    array.push_back(std::move(a));
    array.push_back(std::move(b));
    return Node(std::move(array));
  }

  static Node run_message(uint64_t id, const char* name, Node input = "Empty") {
    Node::Map call;
    call.emplace_back("head", Span{10, 12});
    call.emplace_back("positional", Node::Array{});
    call.emplace_back("named", Node::Array{});
    Node::Map body;
    body.emplace_back("name", name);
    body.emplace_back("call", std::move(call));
    body.emplace_back("input", std::move(input));
    return tag("Call", pair(id, tag("Run", std::move(body))));
  }

  // Lets the engine do all it can do now.
  void settle() {
    io_.restart();
    while (io_.poll() > 0) {
    }
  }

  void send(const Node& message) {
    std::string bytes;
    encode(bytes, message);
    EXPECT_EQ(write(nushell_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    settle();
  }

  // The next message the engine has sent; nil if there is none.
  Node receive() {
    for (;;) {
      if (std::optional<Node> message = decoder_.next()) return *message;
      const ssize_t size = recv(nushell_, decoder_.room(65536), 65536, MSG_DONTWAIT);
      if (size <= 0) return {};
      decoder_.filled(static_cast<size_t>(size));
    }
  }

  size_t receive_items() {
    size_t items = 0;
    for (;;) {
      const Node message = receive();
      if (message.is_nil()) return items;
      if (message.tagged().name == "Data") ++items;
      if (message.tagged().name == "End") ++ends_;
    }
  }

  Task<Answer> run(std::shared_ptr<Call> call) {
    if (call->name() == "numbers") co_return StreamAnswer{numbers_};
    if (call->name() == "wait") {
      const auto timer = call->timer(std::chrono::hours(1));
      const bool interrupted = co_await call->pause(timer);
      co_return bytecode::Value(interrupted);
    }
    if (call->name() == "ask") {
      const std::string words = co_await call->span_contents({3, 5});
      co_return bytecode::Value(words);
    }
    if (call->name() == "input") {
      const std::vector<Node> items = co_await call->input();
      co_return bytecode::Value(static_cast<int64_t>(items.size()));
    }
    if (call->name() == "fail") throw std::runtime_error("broken");
    co_return EmptyAnswer{};
  }

  asio::io_context io_;
  int nushell_ = -1;
  std::unique_ptr<Engine> engine_;
  Decoder decoder_;
  std::shared_ptr<Numbers> numbers_ = std::make_shared<Numbers>();
  int ends_ = 0;
};

TEST_F(EngineTest, SendsNoMoreThanTheWindow) {
  numbers_->available = 1000;
  send(run_message(1, "numbers"));
  EXPECT_EQ(receive().tagged().name, "CallResponse");
  EXPECT_EQ(receive_items(), stream_window);
  send(tag("Ack", 0));
  send(tag("Ack", 0));
  EXPECT_EQ(receive_items(), 2u);
  EXPECT_EQ(numbers_->taken, 2);
}

TEST_F(EngineTest, EndsOnceWhenTheSourceIsDone) {
  numbers_->available = 2;
  numbers_->done = true;
  send(run_message(1, "numbers"));
  EXPECT_EQ(receive_items(), 2u);
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(numbers_->closes, 0);
  send(tag("Ack", 0));
  send(tag("Ack", 0));
  EXPECT_EQ(numbers_->closes, 1);
  send(tag("Drop", 0));
  EXPECT_EQ(receive_items(), 0u);
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(numbers_->closes, 1);
}

TEST_F(EngineTest, ADroppedStreamStillEnds) {
  numbers_->available = 1000;
  send(run_message(1, "numbers"));
  EXPECT_EQ(receive_items(), stream_window);
  send(tag("Drop", 0));
  EXPECT_EQ(receive_items(), 0u);
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(numbers_->closes, 1);
}

TEST_F(EngineTest, AnInterruptEndsAnIdleStream) {
  send(run_message(1, "numbers"));
  EXPECT_EQ(receive_items(), 0u);
  send(tag("Signal", "Interrupt"));
  EXPECT_EQ(receive_items(), 0u);
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(numbers_->closes, 1);
  numbers_->available = 5;
  engine_->pump();
  settle();
  EXPECT_EQ(receive_items(), 0u);
}

TEST_F(EngineTest, AnInterruptEndsAWait) {
  send(run_message(1, "wait"));
  EXPECT_TRUE(receive().is_nil());
  send(tag("Signal", "Interrupt"));
  EXPECT_EQ(receive().tagged().name, "CallResponse");
}

TEST_F(EngineTest, QuestionsAndOtherCallsGoSideBySide) {
  send(run_message(7, "ask"));
  const Node question = receive();
  ASSERT_EQ(question.tagged().name, "EngineCall");
  EXPECT_EQ(question.tagged().payload->find("context")->as_int(), 7);
  send(run_message(8, "other"));
  EXPECT_EQ(receive().tagged().payload->at(0)->as_int(), 8);

  std::string text;
  Writer(text).value(bytecode::Binary{{'h', 'i'}}, encode_span({}));
  const Node id = *question.tagged().payload->find("id");
  send(tag("EngineCallResponse",
           pair(id, tag("PipelineData", tag("Value", pair(Node(Node::Raw{text}), Node()))))));
  const Node response = receive();
  EXPECT_EQ(response.tagged().payload->at(0)->as_int(), 7);
  const Node* value = response.tagged().payload->at(1)->find("PipelineData", "Value");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_value(*value->at(0)), bytecode::Value("hi"));
}

TEST_F(EngineTest, ReadsAnIncomingStreamToItsEnd) {
  Node::Map header;
  header.emplace_back("id", 0);
  header.emplace_back("span", Span{1, 2});
  send(run_message(1, "input", tag("ListStream", std::move(header))));
  std::string one;
  Writer(one).value(bytecode::Value(1), encode_span({}));
  for (int i = 0; i < 3; ++i) {
    send(tag("Data", pair(0, tag("List", Node(Node::Raw{one})))));
    EXPECT_EQ(receive().tagged().name, "Ack");
  }
  send(tag("End", 0));
  EXPECT_EQ(receive().tagged().name, "Drop");
  const Node response = receive();
  const Node* value = response.tagged().payload->at(1)->find("PipelineData", "Value");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_value(*value->at(0)), bytecode::Value(3));
}

TEST_F(EngineTest, InputThatNobodyReadsIsDropped) {
  Node::Map header;
  header.emplace_back("id", 0);
  header.emplace_back("span", Span{1, 2});
  send(run_message(1, "other", tag("ListStream", std::move(header))));
  EXPECT_EQ(receive().tagged().name, "Drop");
  EXPECT_EQ(receive().tagged().name, "CallResponse");
}

TEST_F(EngineTest, AHandlersExceptionIsAnError) {
  send(run_message(1, "fail"));
  const Node response = receive();
  EXPECT_EQ(response.tagged().payload->at(1)->tagged().name, "Error");
}

TEST_F(EngineTest, CompletionIsAlwaysAnswered) {
  Node::Map body;
  body.emplace_back("name", "x");
  send(tag("Call", pair(5, tag("GetCompletion", std::move(body)))));
  EXPECT_EQ(receive().tagged().payload->at(1)->tagged().name, "CompletionItems");
}

TEST_F(EngineTest, TheEndOfInputStopsTheLoop) {
  shutdown(nushell_, SHUT_WR);
  settle();
  EXPECT_TRUE(io_.stopped());
}

}  // namespace
}  // namespace plugin
