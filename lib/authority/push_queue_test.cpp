// SPDX-License-Identifier: MIT
#include "authority/push_queue.hpp"

#include <latch>
#include <list>
#include <map>
#include <thread>

#include "authority/fixture.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

/// A queue whose transactions stand still until they are let go, and pushes from threads of their own.
class Counter {
 public:
  explicit Counter(PushQueue::Bounds bounds)
      : queue([this](const Scope& scope, std::span<Submission* const> together) { apply(scope, together); }, bounds) {}

  /// Client `name` pushes `count` mutations; returns when it waits, or is under way as number `under_way`.
  void push(const std::string& name, int count = 1, const std::string& scope = "school") {
    const std::size_t before = queue.waiting() + begun();
    pushes.emplace_back([this, name, count, scope] {
      protocol::PushRequest request{ClientId{name}, {}, {}, {}};
      for (int i = 0; i < count; ++i) request.mutations.push_back(create(i, "T"));
      std::string answer;
      try {
        Submission submission(request, {});
        queue.push(Scope{scope}, submission);
        answer = submission.reply.epoch;
      } catch (const Error& error) {
        answer = error.what();
      }
      const std::lock_guard lock(mutex);
      answers[name] = answer;
    });
    while (queue.waiting() + begun() == before) std::this_thread::sleep_for(1ms);
  }
  void let_go() { go.count_down(); }
  std::map<std::string, std::string> finish() {
    let_go();
    for (auto& push : pushes) push.join();
    return answers;
  }

  std::function<void(std::span<Submission* const>)> fault = [](auto) {};
  std::list<std::string> transactions;  // the names in each, in the order in which they began

 private:
  std::size_t begun() {
    const std::lock_guard lock(mutex);
    return begun_;
  }
  void apply(const Scope& scope, std::span<Submission* const> together) {
    {
      const std::lock_guard lock(mutex);
      std::string names = scope.value + ":";
      for (const Submission* submission : together) names += " " + submission->request.client_id.value;
      transactions.push_back(names);
      begun_ += together.size();
    }
    go.wait();
    fault(together);
    for (Submission* submission : together) submission->reply.epoch = "for " + submission->request.client_id.value;
  }

  std::mutex mutex;
  std::latch go{1};
  std::size_t begun_ = 0;
  std::vector<std::thread> pushes;
  std::map<std::string, std::string> answers;
  PushQueue queue;
};

using Answers = std::map<std::string, std::string>;
using Names = std::list<std::string>;

TEST_CASE("pushes that come while another is under way are applied together, each answered for itself") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 10s});
  counter.push("ann");
  counter.push("ben");
  counter.push("cleo", 5);
  counter.push("dora");
  CHECK(counter.finish() ==
        Answers{{"ann", "for ann"}, {"ben", "for ben"}, {"cleo", "for cleo"}, {"dora", "for dora"}});
  CHECK(counter.transactions == Names{"school: ann", "school: ben cleo dora"});
}

TEST_CASE("a transaction takes no more mutations than it may, except of one push") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 10s});
  counter.push("ann");
  counter.push("ben", 6);
  counter.push("cleo", 5);
  counter.push("dora", 50);
  counter.push("emil", 4);
  counter.finish();
  CHECK(counter.transactions == Names{"school: ann", "school: ben", "school: cleo", "school: dora", "school: emil"});
}

TEST_CASE("a scope does not wait for another one") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 10s});
  counter.push("ann");
  counter.push("ben", 1, "shop");
  CHECK(counter.transactions == Names{"school: ann", "shop: ben"});
  counter.finish();
}

TEST_CASE("as many transactions of one scope are under way as are allowed") {
  Counter counter({.at_once = 2, .mutations_max = 10, .wait = 10s});
  counter.push("ann");
  counter.push("ben");
  counter.push("cleo");
  counter.push("dora");
  CHECK(counter.transactions == Names{"school: ann", "school: ben"});
  counter.finish();
  CHECK(counter.transactions == Names{"school: ann", "school: ben", "school: cleo dora"});
}

TEST_CASE("one that fails does not take the others with it") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 10s});
  counter.fault = [](std::span<Submission* const> together) {
    for (const Submission* submission : together) {
      if (submission->request.client_id.value == "cleo") throw Error(ErrorCode::internal, "cleo's are odd");
    }
  };
  for (const char* name : {"ann", "ben", "cleo", "dora"}) counter.push(name);
  CHECK(counter.finish() ==
        Answers{{"ann", "for ann"}, {"ben", "for ben"}, {"cleo", "cleo's are odd"}, {"dora", "for dora"}});
  CHECK(counter.transactions ==
        Names{"school: ann", "school: ben cleo dora", "school: ben", "school: cleo", "school: dora"});
}

TEST_CASE("a fault of the store is everybody's, and not met once for each") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 10s});
  counter.fault = [](std::span<Submission* const> together) {
    if (together.size() > 1) throw Error(ErrorCode::disk_full, "no room");
  };
  for (const char* name : {"ann", "ben", "cleo"}) counter.push(name);
  CHECK(counter.finish() == Answers{{"ann", "for ann"}, {"ben", "no room"}, {"cleo", "no room"}});
  CHECK(counter.transactions == Names{"school: ann", "school: ben cleo"});
}

TEST_CASE("a push whose turn does not come in time says so, and those behind it go on") {
  Counter counter({.at_once = 1, .mutations_max = 10, .wait = 50ms});
  counter.push("ann");
  counter.push("ben");
  std::this_thread::sleep_for(200ms);
  counter.push("cleo");
  CHECK(counter.finish() ==
        Answers{{"ann", "for ann"}, {"ben", "the store is busy with other requests"}, {"cleo", "for cleo"}});
  CHECK(counter.transactions == Names{"school: ann", "school: cleo"});
}

}  // namespace
}  // namespace tether::authority
