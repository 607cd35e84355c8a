// SPDX-License-Identifier: MIT
#include "service/store_pool.hpp"

namespace tether::service {

StorePool::StorePool(Open open, std::size_t readers_max, std::chrono::milliseconds wait)
    : open_(std::move(open)), wait_(wait), readers_(sql::Access::read, readers_max) {}

void StorePool::run(Shelf& shelf, const std::function<void(sql::Database&)>& body) {
  struct Loan {
    StorePool& pool;
    Shelf& shelf;
    std::unique_ptr<sql::Database> database;
    bool sound = false;
    ~Loan() { pool.give_back(shelf, sound ? std::move(database) : nullptr); }
  };
  Loan loan{*this, shelf, borrow(shelf)};
  if (!loan.database) loan.database = open_(shelf.access);
  body(*loan.database);
  loan.sound = true;
}

/// Null when one may be opened.
std::unique_ptr<sql::Database> StorePool::borrow(Shelf& shelf) {
  std::unique_lock lock(mutex_);
  ++shelf.waiting;
  const bool is_free = returned_.wait_for(lock, wait_, [&] { return shelf.lent < shelf.max; });
  --shelf.waiting;
  if (!is_free) {
    throw Error(ErrorCode::busy, "the store is busy with other requests", "Send it again in a moment.");
  }
  ++shelf.lent;
  if (shelf.free.empty()) return nullptr;
  auto database = std::move(shelf.free.back());
  shelf.free.pop_back();
  return database;
}

StorePool::Usage StorePool::usage(sql::Access access) {
  const std::lock_guard lock(mutex_);
  const Shelf& shelf = access == sql::Access::write ? writers_ : readers_;
  return {.lent = shelf.lent, .free = shelf.max - shelf.lent, .waiting = shelf.waiting};
}

void StorePool::give_back(Shelf& shelf, std::unique_ptr<sql::Database> database) {
  {
    const std::lock_guard lock(mutex_);
    --shelf.lent;
    if (database) shelf.free.push_back(std::move(database));
  }
  returned_.notify_all();
}

}  // namespace tether::service
