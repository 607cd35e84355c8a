// SPDX-License-Identifier: MIT
// The service's connections to its store: some that write (one, for a file: writers queue here instead of polling for
// SQLite's lock) and some that read. Who waits first is served first, and none waits longer than it is told to. A
// connection that a fault went through is not used again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "sql/database.hpp"

namespace tether::service {

class StorePool {
 public:
  using Open = std::function<std::unique_ptr<sql::Database>(sql::Access)>;
  using Body = std::function<void(sql::Database&)>;

  struct Bounds {
    std::size_t writers = 1;
    std::size_t readers = 1;
    std::chrono::milliseconds wait{5'000};  // for a connection
    int attempts = 1;                       // of a body that the store broke off as busy
  };
  /// `clock` outlives the pool; it is what a pause between two attempts goes by.
  StorePool(Open open, const Bounds& bounds, Clock& clock);

  /// Calls `body` with a connection. Throws Error(busy) when none becomes free in time. `body` is called once more on a
  /// new connection when it fails with unreachable, as all that were idle while the store restarted do, and up to
  /// `attempts` times in all when it fails with busy: so whatever it does is safe to repeat, also after a commit whose
  /// answer never came. Between two attempts the connection is somebody else's. It is not called again once it took as
  /// long as a connection is waited for: a store that answers that slowly is told of, as somebody waits.
  void write(const Body& body) { run(writers_, body); }
  void read(const Body& body) { run(readers_, body); }

  struct Usage {
    std::size_t lent = 0;
    std::size_t free = 0;     // open, or to be opened
    std::size_t waiting = 0;  // who waits for one
  };
  Usage usage(sql::Access access);

 private:
  struct Shelf {
    Shelf(sql::Access purpose, std::size_t connections_max) : access(purpose), max(connections_max) {}
    sql::Access access;
    std::size_t max;
    std::size_t lent = 0;
    std::uint64_t tickets = 0;          // given out so far
    std::deque<std::uint64_t> waiting;  // in the order in which they came
    std::vector<std::unique_ptr<sql::Database>> free;
  };
  class Loan;
  using Deadline = std::chrono::steady_clock::time_point;
  void run(Shelf& shelf, const Body& body);
  std::unique_ptr<sql::Database> borrow(Shelf& shelf, Deadline deadline);
  void give_back(Shelf& shelf, std::unique_ptr<sql::Database> database);
  void close_idle();

  Open open_;
  Bounds bounds_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable returned_;
  Shelf writers_;
  Shelf readers_;
};

}  // namespace tether::service
