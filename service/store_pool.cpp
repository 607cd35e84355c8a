// SPDX-License-Identifier: MIT
#include "service/store_pool.hpp"

#include <algorithm>
#include <exception>
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
  Loan(StorePool& pool, Shelf& shelf, Attempt attempt, Deadline deadline)
      : pool_(pool), shelf_(shelf), attempt_(attempt), database_(pool.borrow(shelf, attempt, deadline)) {}
  ~Loan() { pool_.give_back(shelf_, attempt_, std::move(database_)); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  void run(const Work& work) {
    auto database = std::exchange(database_, nullptr);
    if (!database) database = pool_.open_(shelf_.access);
    work(*database, attempt_);
    database_ = std::move(database);
  }

 private:
  StorePool& pool_;
  Shelf& shelf_;
  const Attempt attempt_;
  std::unique_ptr<sql::Database> database_;
};

bool StorePool::Shelf::may_lend(Attempt attempt) const {
  if (lent() == max) return false;
  if (attempt == of_held_up && lent_for[of_held_up] > 0) return false;
  return attempt == first || lent_for[patient] + lent_for[of_held_up] < patient_max;
}

StorePool::StorePool(Open open, const Bounds& bounds, Clock& clock)
    : open_(std::move(open)),
      bounds_(bounds),
      clock_(clock),
      writers_(sql::Access::write, bounds.writers, std::max<std::size_t>(bounds.writers / 2, 1)),
      readers_(sql::Access::read, bounds.readers, bounds.readers) {}  // they wait for no locks

void StorePool::write(const Body& body, const std::string& part) {
  const bool was_held_up = is_held_up(part);
  bool was_tried = false;
  try {
    run(writers_, was_held_up ? of_held_up : patient, [&](sql::Database& database, Attempt attempt) {
      was_tried = true;
      database.wait_for_locks(lock_time(attempt, was_held_up));
      body(database);
    });
  } catch (const Error& error) {
    if (was_tried && error.code() == ErrorCode::busy) note(part, true);
    throw;
  }
  if (was_held_up) note(part, false);
}

void StorePool::read(const Body& body) {
  run(readers_, patient, [&](sql::Database& database, Attempt) { body(database); });
}

void StorePool::run(Shelf& shelf, Attempt further, const Work& work) {
  Attempt attempt = first;
  std::optional<Loan> loan(std::in_place, *this, shelf, attempt, std::chrono::steady_clock::now() + bounds_.wait);
  bool reconnected = false;
  const Deadline last_start = std::chrono::steady_clock::now() + bounds_.wait;
  auto pause = k_first_pause;
  for (int attempts_left = bounds_.attempts - 1;;) {
    std::exception_ptr fault;
    try {
      return loan->run(work);
    } catch (const Error& error) {
      loan.reset();  // others go first: what they write may not be what this one waits for
      if (std::chrono::steady_clock::now() > last_start) throw;
      if (error.code() == ErrorCode::unreachable && !std::exchange(reconnected, true)) {
        close_idle();  // lost at the same moment, most likely
      } else {
        if (error.code() != ErrorCode::busy || attempts_left-- == 0) throw;
        clock_.sleep_for(pause);
        pause *= k_longer;
        attempt = further;
      }
      fault = std::current_exception();
    }
    try {
      loan.emplace(*this, shelf, attempt, last_start);
    } catch (const Error&) {
      std::rethrow_exception(fault);  // what kept it from being done the first time says more
    }
  }
}

std::chrono::milliseconds StorePool::lock_time(Attempt attempt, bool is_held_up) const {
  if (attempt != first) return bounds_.lock_times.patient;
  return is_held_up ? bounds_.lock_times.held_up : bounds_.lock_times.first;
}

bool StorePool::is_held_up(const std::string& part) {
  const std::lock_guard lock(mutex_);
  return held_up_.contains(part);
}

void StorePool::note(const std::string& part, bool is_held_up) {
  const std::lock_guard lock(mutex_);
  if (is_held_up) {
    held_up_.insert(part);
  } else {
    held_up_.erase(part);
  }
}

/// Null when one may be opened.
std::unique_ptr<sql::Database> StorePool::borrow(Shelf& shelf, Attempt attempt, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++shelf.tickets;
  shelf.waiting.push_back({ticket, attempt});
  const auto is_my_turn = [&] {
    const auto next =
        std::ranges::find_if(shelf.waiting, [&](const Waiting& one) { return shelf.may_lend(one.attempt); });
    return next != shelf.waiting.end() && next->ticket == ticket;
  };
  const bool is_free = returned_.wait_until(lock, deadline, is_my_turn);
  std::erase_if(shelf.waiting, [&](const Waiting& one) { return one.ticket == ticket; });
  if (is_free) ++shelf.lent_for[attempt];
  if (shelf.lent() < shelf.max) returned_.notify_all();  // it is the next one's turn
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
  return {.lent = shelf.lent(), .free = shelf.max - shelf.lent(), .waiting = shelf.waiting.size()};
}

void StorePool::give_back(Shelf& shelf, Attempt attempt, std::unique_ptr<sql::Database> database) {
  {
    const std::lock_guard lock(mutex_);
    --shelf.lent_for[attempt];
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
