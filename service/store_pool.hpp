// SPDX-License-Identifier: MIT
// The service's connections to its store: one that writes and a few that read. Writers queue here instead of polling
// for SQLite's lock: in no order, but none waits longer than it is told to. A connection that a fault went through is
// not used again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "sql/database.hpp"

namespace tether::service {

class StorePool {
 public:
  using Open = std::function<std::unique_ptr<sql::Database>(sql::Access)>;
  StorePool(Open open, std::size_t readers_max, std::chrono::milliseconds wait);

  /// Calls `body` with a connection. Throws Error(busy) when none becomes free in time.
  void write(const std::function<void(sql::Database&)>& body) { run(writers_, body); }
  void read(const std::function<void(sql::Database&)>& body) { run(readers_, body); }

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
    std::size_t waiting = 0;
    std::vector<std::unique_ptr<sql::Database>> free;
  };
  void run(Shelf& shelf, const std::function<void(sql::Database&)>& body);
  std::unique_ptr<sql::Database> borrow(Shelf& shelf);
  void give_back(Shelf& shelf, std::unique_ptr<sql::Database> database);

  Open open_;
  std::chrono::milliseconds wait_;
  std::mutex mutex_;
  std::condition_variable returned_;
  Shelf writers_{sql::Access::write, 1};
  Shelf readers_;
};

}  // namespace tether::service
