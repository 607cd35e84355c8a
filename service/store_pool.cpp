// SPDX-License-Identifier: MIT
#include "service/store_pool.hpp"

#include <iterator>
#include <optional>
#include <utility>

namespace tether::service {

namespace {

constexpr std::chrono::milliseconds k_first_pause{10};
constexpr int k_longer = 4;  // each pause than the one before

}  // namespace

/// The right to one connection of a shelf, and the connection, as long as it works.
class StorePool::Loan {
 public:
  Loan(StorePool& pool, Shelf& shelf, Deadline deadline)
      : pool_(pool), shelf_(shelf), database_(pool.borrow(shelf, deadline)) {}
  ~Loan() { pool_.give_back(shelf_, std::move(database_)); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  void run(const Body& body) {
    auto database = std::exchange(database_, nullptr);
    if (!database) database = pool_.open_(shelf_.access);
    body(*database);
    database_ = std::move(database);
  }

 private:
  StorePool& pool_;
  Shelf& shelf_;
  std::unique_ptr<sql::Database> database_;
};

StorePool::StorePool(Open open, const Bounds& bounds, Clock& clock)
    : open_(std::move(open)),
      bounds_(bounds),
      clock_(clock),
      writers_(sql::Access::write, bounds.writers),
      readers_(sql::Access::read, bounds.readers) {}

void StorePool::run(Shelf& shelf, const Body& body) {
  std::optional<Loan> loan(std::in_place, *this, shelf, std::chrono::steady_clock::now() + bounds_.wait);
  bool reconnected = false;
  const Deadline last_start = std::chrono::steady_clock::now() + bounds_.wait;
  auto pause = k_first_pause;
  for (int attempts_left = bounds_.attempts - 1;;) {
    try {
      return loan->run(body);
    } catch (const Error& error) {
      loan.reset();  // others go first: what they write may not be what this one waits for
      if (std::chrono::steady_clock::now() > last_start) throw;
      if (error.code() == ErrorCode::unreachable && !std::exchange(reconnected, true)) {
        close_idle();  // lost at the same moment, most likely
      } else {
        if (error.code() != ErrorCode::busy || attempts_left-- == 0) throw;
        clock_.sleep_for(pause);
        pause *= k_longer;
      }
    }
    loan.emplace(*this, shelf, last_start);
  }
}

/// Null when one may be opened.
std::unique_ptr<sql::Database> StorePool::borrow(Shelf& shelf, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++shelf.tickets;
  shelf.waiting.push_back(ticket);
  const auto is_my_turn = [&] { return shelf.lent < shelf.max && shelf.waiting.front() == ticket; };
  const bool is_free = returned_.wait_until(lock, deadline, is_my_turn);
  std::erase(shelf.waiting, ticket);
  if (is_free) ++shelf.lent;
  if (shelf.lent < shelf.max) returned_.notify_all();  // it is the next one's turn
  if (!is_free) {
    throw Error(ErrorCode::busy, "the store is busy with other requests", "Send it again in a moment.");
  }
  if (shelf.free.empty()) return nullptr;
  auto database = std::move(shelf.free.back());
  shelf.free.pop_back();
  return database;
}

StorePool::Usage StorePool::usage(sql::Access access) {
  const std::lock_guard lock(mutex_);
  const Shelf& shelf = access == sql::Access::write ? writers_ : readers_;
  return {.lent = shelf.lent, .free = shelf.max - shelf.lent, .waiting = shelf.waiting.size()};
}

void StorePool::give_back(Shelf& shelf, std::unique_ptr<sql::Database> database) {
  {
    const std::lock_guard lock(mutex_);
    --shelf.lent;
    if (database) shelf.free.push_back(std::move(database));
  }
  returned_.notify_all();
}

void StorePool::close_idle() {
  std::vector<std::unique_ptr<sql::Database>> idle;  // closed without the lock
  const std::lock_guard lock(mutex_);
  idle = std::move(writers_.free);
  std::move(readers_.free.begin(), readers_.free.end(), std::back_inserter(idle));
  writers_.free.clear();
  readers_.free.clear();
}

}  // namespace tether::service
