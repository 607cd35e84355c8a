// SPDX-License-Identifier: MIT
#include "replica/exchange.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/error.hpp"

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

  Answer ask(Transport& transport, std::chrono::milliseconds deadline, std::function<bool()> interrupted = {}) {
    Exchange exchange(transport, clock, random, {.deadline = deadline, .backoff = {}}, std::move(interrupted));
    return exchange.ask(Call::push, "{}");
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
  Exchange exchange(script, caller.clock, caller.random, {.deadline = 10s, .backoff = {}}, {});
  int made = 0;
  exchange.ask(
      Call::push, [&] { return ++made, text(); }, [] {});
  CHECK(made == 3);
}

TEST_CASE("the caller's own work is done exactly once, whatever becomes of the call") {
  Caller caller;
  int done = 0;
  const auto ask = [&](Transport& transport, std::function<bool()> interrupted) {
    Exchange exchange(transport, caller.clock, caller.random, {.deadline = 10s, .backoff = {}}, std::move(interrupted));
    exchange.ask(Call::push, text, [&] { ++done; });
  };
  Script failing({unreachable("down"), unreachable("down"), Reply{"yes"}});
  ask(failing, {});
  CHECK(done == 1);
  Script fine({Reply{"yes"}});
  ask(fine, [] { return false; });
  CHECK(done == 2);
  CHECK(code_of([&] { ask(fine, [] { return true; }); }) == ErrorCode::interrupted);
  CHECK(done == 3);
  CHECK(fine.calls == 1);
}

TEST_CASE("a fault in the caller's own work is thrown once the call is over") {
  Caller caller;
  Hanging hanging;
  Exchange exchange(hanging, caller.clock, caller.random, {}, [] { return false; });
  const auto full = [] { throw Error(ErrorCode::disk_full, "no room"); };
  CHECK(code_of([&] { exchange.ask(Call::push, text, full); }) == ErrorCode::disk_full);
  CHECK(hanging.is_cancelled);
}

}  // namespace
}  // namespace tether::replica
