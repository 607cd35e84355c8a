// SPDX-License-Identifier: MIT
// Group commit. Pushes of one scope that come while others of it are being applied are then applied together, in one
// transaction: its locks and its wait for the disk cost the same however many it serves. Each is answered for itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "authority/authority.hpp"
#include "base/strong.hpp"

namespace tether::authority {

class PushQueue {
 public:
  /// Applies all of them, or throws: whoever sends the same again is then answered rightly. Authority::push with a
  /// connection.
  using Apply = std::function<void(const Scope& scope, std::span<Submission* const> together)>;

  struct Bounds {
    std::size_t at_once = 1;            // transactions of one scope under way at the same time
    std::size_t mutations_max = 1'000;  // of a transaction for several pushes; a larger push has one for itself
    std::chrono::milliseconds wait{5'000};
  };
  PushQueue(Apply apply, Bounds bounds);

  /// Returns when the batch is decided and durable, and its reply filled. Throws Error(busy) when its turn does not
  /// come in time, and what `apply` throws for it. Safe from any thread; the transaction runs on the thread of one of
  /// those who wait for it.
  void push(const Scope& scope, Submission& submission);

  /// Pushes that wait for their turn, in all scopes.
  std::size_t waiting();

 private:
  struct Waiting {
    explicit Waiting(Submission& mine) : submission(mine) {}
    Submission& submission;
    bool taken = false;  // into a transaction that is under way
    bool done = false;
    std::exception_ptr fault;
    std::condition_variable woken;
  };
  /// The pushes of one scope: there is one only while some are under way.
  struct Line {
    std::vector<Waiting*> waiting;
    std::size_t under_way = 0;
  };
  bool is_next(const Line& line, const Waiting& one) const;
  void wait_for_turn(std::unique_lock<std::mutex>& lock, Line& line, Waiting& mine);
  void lead(std::unique_lock<std::mutex>& lock, Line& line, const Scope& scope);
  std::vector<Waiting*> take_group(Line& line);
  void wake_next(Line& line);
  void apply(const Scope& scope, const std::vector<Waiting*>& group);
  void apply_alone(const Scope& scope, Waiting& one);

  Apply apply_;
  Bounds bounds_;
  std::mutex mutex_;
  std::unordered_map<std::string, Line> lines_;  // by scope
};

}  // namespace tether::authority
