// SPDX-License-Identifier: MIT
#include "replica/exchange.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/error.hpp"
#include "testing/fake_wire.hpp"

namespace tether::replica {
namespace {

using namespace std::chrono_literals;

Unreachable unreachable(std::string reason, std::optional<std::chrono::milliseconds> retry_after = {}) {
  return {.reason = std::move(reason), .retry_after = retry_after};
}

class Script final : public Transport {
 public:
  explicit Script(std::deque<Answer> answers) : answers_(std::move(answers)) {}
  Answer push(std::string_view) override { return next(); }
  Answer pull(std::string_view) override { return next(); }
  Answer info() override { return next(); }
  void cancel() override {}
  int calls = 0;

 private:
  Answer next() {
    ++calls;
    if (answers_.size() == 1) return answers_.front();  // the last one for ever
    Answer answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  std::deque<Answer> answers_;
};

struct Caller {
  SteppingClock clock{from_ms(1'763'757'000'000), 0us};
  SeededRandom random{7};

  Exchange exchange(Transport& transport, std::chrono::milliseconds deadline, std::function<bool()> interrupted = {}) {
    return {
        testing::every_way_is(transport), clock, random, {.deadline = deadline, .backoff = {}}, std::move(interrupted)};
  }
  Answer ask(Transport& transport, std::chrono::milliseconds deadline, std::function<bool()> interrupted = {}) {
    return exchange(transport, deadline, std::move(interrupted)).ask(Call::push, "{}");
  }
};

TEST_CASE("a reply is handed back at once") {
  Caller caller;
  Script script({Reply{"yes"}});
  CHECK(std::get<Reply>(caller.ask(script, 10s)).body == "yes");
  CHECK(script.calls == 1);
}

TEST_CASE("no answer is asked for again until there is one") {
  Caller caller;
  Script script({unreachable("down"), unreachable("down"), Reply{"yes"}});
  CHECK(std::holds_alternative<Reply>(caller.ask(script, 60s)));
  CHECK(script.calls == 3);
}

TEST_CASE("the deadline ends it, and the last reason is told") {
  Caller caller;
  Script script({unreachable("down")});
  const Instant before = caller.clock.now();
  CHECK(std::get<Unreachable>(caller.ask(script, 10s)).reason == "down");
  CHECK(script.calls > 2);
  CHECK(caller.clock.now() - before < 10s);
}

TEST_CASE("without a deadline there is a single attempt") {
  Caller caller;
  Script script({unreachable("down")});
  caller.ask(script, 0s);
  CHECK(script.calls == 1);
}

TEST_CASE("what will not heal in seconds is not asked for again") {
  Caller caller;
  Script script({Unreachable{.reason = "no such host", .retry_after = {}, .worth_retrying = false}});
  caller.ask(script, 60s);
  CHECK(script.calls == 1);
}

TEST_CASE("forbidden is not asked for again") {
  Caller caller;
  Script script({Forbidden{"wrong token"}});
  CHECK(std::get<Forbidden>(caller.ask(script, 60s)).reason == "wrong token");
  CHECK(script.calls == 1);
}

TEST_CASE("the server's time to come back is kept") {
  Caller caller;
  Script script({unreachable("busy", 7s), Reply{"yes"}});
  const Instant before = caller.clock.now();
  CHECK(std::holds_alternative<Reply>(caller.ask(script, 60s)));
  CHECK(caller.clock.now() - before >= 7s);
}

TEST_CASE("a time to come back beyond the deadline ends it at once and says so") {
  Caller caller;
  Script script({unreachable("busy", 120s)});
  const Instant before = caller.clock.now();
  CHECK(std::get<Unreachable>(caller.ask(script, 60s)).reason == "busy; the server asks to come back in 2m");
  CHECK(script.calls == 1);
  CHECK(caller.clock.now() == before);
}

TEST_CASE("a fault of the transport is thrown in the caller's thread") {
  class Broken final : public Transport {
   public:
    Answer push(std::string_view) override { throw Error(ErrorCode::unexpected_reply, "a page of HTML"); }
    Answer pull(std::string_view) override { return Reply{}; }
    Answer info() override { return Reply{}; }
    void cancel() override {}
  } broken;
  Caller caller;
  CHECK_THROWS_WITH_AS(caller.ask(broken, 1s), "a page of HTML", Error);
  CHECK_THROWS_WITH_AS(caller.ask(broken, 1s, [] { return false; }), "a page of HTML", Error);
}

/// Answers only when it is cancelled.
class Hanging final : public Transport {
 public:
  Answer push(std::string_view) override {
    std::unique_lock lock(mutex_);
    cancelled_.wait(lock, [&] { return is_cancelled; });
    return unreachable("cancelled");
  }
  Answer pull(std::string_view) override { return Reply{}; }
  Answer info() override { return Reply{}; }
  void cancel() override {
    const std::lock_guard lock(mutex_);
    is_cancelled = true;
    cancelled_.notify_all();
  }
  bool is_cancelled = false;

 private:
  std::mutex mutex_;
  std::condition_variable cancelled_;
};

ErrorCode code_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode::internal;
}

TEST_CASE("Ctrl-C ends a call that hangs") {
  Caller caller;
  Hanging hanging;
  std::atomic<int> polls = 0;
  CHECK(code_of([&] { caller.ask(hanging, 60s, [&] { return ++polls > 2; }); }) == ErrorCode::interrupted);
  CHECK(hanging.is_cancelled);
}

TEST_CASE("Ctrl-C ends the wait between two attempts") {
  Caller caller;
  Script script({unreachable("busy", 50s)});
  const Instant before = caller.clock.now();
  const auto interrupted = [&] { return caller.clock.now() - before > 1s; };
  CHECK(code_of([&] { caller.ask(script, 60s, interrupted); }) == ErrorCode::interrupted);
  CHECK(caller.clock.now() - before < 2s);
}

std::string text() {
  return "{}";
}

TEST_CASE("every attempt makes its text anew, since that tells when it is sent") {
  Caller caller;
  Script script({unreachable("down"), unreachable("down"), Reply{"yes"}});
  Exchange exchange = caller.exchange(script, 10s);
  int made = 0;
  const auto request = exchange.begin(Call::push, [&] { return ++made, text(); });
  CHECK(made == 1);
  exchange.finish(*request);
  CHECK(made == 3);
  CHECK(request->was_repeated());
}

TEST_CASE("interrupted before it begins, a request goes nowhere, and waiting for it tells") {
  Caller caller;
  Script script({Reply{"yes"}});
  Exchange exchange = caller.exchange(script, 10s, [] { return true; });
  const auto request = exchange.begin(Call::push, text);
  CHECK(code_of([&] { exchange.finish(*request); }) == ErrorCode::interrupted);
  CHECK(script.calls == 0);
}

TEST_CASE("a request that is given up is cancelled, and its transport is not used again") {
  Caller caller;
  Hanging hanging;
  Script fine({Reply{"yes"}});
  std::vector<Transport*> opened{&hanging, &fine};
  std::size_t next = 0;
  Exchange exchange([&]() -> Transport& { return *opened.at(next++); }, caller.clock, caller.random, {},
                    [] { return false; });
  exchange.begin(Call::push, text).reset();
  CHECK(hanging.is_cancelled);
  CHECK(std::get<Reply>(exchange.ask(Call::push, "{}")).body == "yes");
}

TEST_CASE("Ctrl-C ends all requests that are under way") {
  Caller caller;
  Hanging first;
  Hanging second;
  std::vector<Transport*> opened{&first, &second};
  std::size_t next = 0;
  std::atomic<int> polls = 0;
  Exchange exchange([&]() -> Transport& { return *opened.at(next++); }, caller.clock, caller.random, {},
                    [&] { return ++polls > 3; });
  const auto both = [&] {
    const auto one = exchange.begin(Call::push, text);
    const auto other = exchange.begin(Call::push, text);
    exchange.finish(*one);
  };
  CHECK(code_of(both) == ErrorCode::interrupted);
  CHECK(first.is_cancelled);
  CHECK(second.is_cancelled);
}

TEST_CASE("work goes on beside the caller, and its fault is thrown where it is waited for") {
  Caller caller;
  Script script({});
  const std::thread::id here = std::this_thread::get_id();
  const auto elsewhere = [&] { return std::this_thread::get_id() != here; };
  CHECK(caller.exchange(script, 10s, [] { return false; }).beside(elsewhere).get());
  CHECK_FALSE(caller.exchange(script, 10s, {}).beside(elsewhere).get());
  const auto nonsense = [] { throw Error(ErrorCode::unexpected_reply, "a page of HTML"); };
  auto broken = caller.exchange(script, 10s, [] { return false; }).beside(nonsense);
  CHECK(code_of([&] { broken.get(); }) == ErrorCode::unexpected_reply);
}

TEST_CASE("requests one after the other share a transport, and those under way together have one each") {
  Caller caller;
  Script first({Reply{"first"}});
  Script second({Reply{"second"}});
  std::vector<Transport*> opened{&first, &second};
  std::size_t next = 0;
  Exchange exchange([&]() -> Transport& { return *opened.at(next++); }, caller.clock, caller.random, {},
                    [] { return false; });
  exchange.ask(Call::push, "{}");
  exchange.ask(Call::push, "{}");
  CHECK(first.calls == 2);
  const auto one = exchange.begin(Call::push, text);
  const auto other = exchange.begin(Call::push, text);
  CHECK(std::get<Reply>(exchange.finish(*one)).body == "first");
  CHECK(std::get<Reply>(exchange.finish(*other)).body == "second");
}

TEST_CASE("a request that waited behind another has all its patience left") {
  Caller caller;
  Script first({unreachable("down", 8s), Reply{"first"}});
  Script second({unreachable("down"), unreachable("down", 8s), Reply{"second"}});
  std::vector<Transport*> opened{&first, &second};
  std::size_t next = 0;
  Exchange exchange([&]() -> Transport& { return *opened.at(next++); }, caller.clock, caller.random, {}, {});
  const auto one = exchange.begin(Call::push, text);
  const auto other = exchange.begin(Call::push, text);
  CHECK(std::get<Reply>(exchange.finish(*one)).body == "first");
  CHECK(std::get<Reply>(exchange.finish(*other)).body == "second");
}

TEST_CASE("of several requests under way in one thread, chance lets some overtake") {
  int overtaken = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Caller caller;
    caller.random = SeededRandom(seed);
    Script script({Reply{"1"}, Reply{"2"}});
    Exchange exchange = caller.exchange(script, 10s);
    const auto one = exchange.begin(Call::push, text);
    const auto other = exchange.begin(Call::push, text);
    overtaken += std::get<Reply>(exchange.finish(*one)).body == "2" ? 1 : 0;
    exchange.finish(*other);
  }
  CHECK(overtaken > 0);
  CHECK(overtaken < 40);
}

}  // namespace
}  // namespace tether::replica
