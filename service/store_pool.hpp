// SPDX-License-Identifier: MIT
// The service's connections to its store: some that write (one, for a file: writers queue here instead of polling for
// SQLite's lock) and some that read. Who waits first is served first, and none waits longer than it is told to. A
// connection that a fault went through is not used again.
//
// One part of the store, as a scope is one, may be locked for long by a replica that hangs or by an operator, and
// whoever wants to write to it must not take all connections along. So a first attempt waits for locks only briefly,
// which is enough for what others write in turn. Further ones are patient, and have a connection for as long: only half
// of them are given out for that. And a part that was given up is held up until something is written to it: its first
// attempts hardly wait at all, so that they cost the others next to nothing and yet find out at once that it is free,
// and the patient ones of all such parts have one connection together, which leaves the rest to parts that are merely
// busy.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "sql/database.hpp"

namespace tether::service {

class StorePool {
 public:
  using Open = std::function<std::unique_ptr<sql::Database>(sql::Access)>;
  using Body = std::function<void(sql::Database&)>;

  /// How long a transaction waits for each lock.
  struct LockTimes {
    std::chrono::milliseconds first{20'000};
    std::chrono::milliseconds held_up{20'000};
    std::chrono::milliseconds patient{20'000};
  };
  struct Bounds {
    std::size_t writers = 1;
    std::size_t readers = 1;
    std::chrono::milliseconds wait{5'000};  // for a connection
    int attempts = 1;                       // of a body that the store broke off as busy
    LockTimes lock_times = {};              // of what writes
  };
  /// `clock` outlives the pool; it is what a pause between two attempts goes by.
  StorePool(Open open, const Bounds& bounds, Clock& clock);

  /// Calls `body` with a connection. Throws Error(busy) when none becomes free in time. `body` is called once more on a
  /// new connection when it fails with unreachable, as all that were idle while the store restarted do, and up to
  /// `attempts` times in all when it fails with busy: so whatever it does is safe to repeat, also after a commit whose
  /// answer never came. Between two attempts the connection is somebody else's. It is not called again once it took as
  /// long as a connection is waited for: a store that answers that slowly is told of, as somebody waits. `part` names
  /// what a body that writes locks, if it is but a part of the store.
  void write(const Body& body, const std::string& part = {});
  void read(const Body& body);

  struct Usage {
    std::size_t lent = 0;
    std::size_t free = 0;     // open, or to be opened
    std::size_t waiting = 0;  // who waits for one
  };
  Usage usage(sql::Access access);

 private:
  enum Attempt { first, patient, of_held_up, attempts };  // the third is patient, too
  struct Waiting {
    std::uint64_t ticket;
    Attempt attempt;
  };
  struct Shelf {
    Shelf(sql::Access purpose, std::size_t connections_max, std::size_t for_patient_ones)
        : access(purpose), max(connections_max), patient_max(for_patient_ones) {}
    std::size_t lent() const { return lent_for[first] + lent_for[patient] + lent_for[of_held_up]; }
    bool may_lend(Attempt attempt) const;
    sql::Access access;
    std::size_t max;
    std::size_t patient_max;
    std::array<std::size_t, attempts> lent_for{};
    std::uint64_t tickets = 0;    // given out so far
    std::deque<Waiting> waiting;  // in the order in which they came
    std::vector<std::unique_ptr<sql::Database>> free;
  };
  class Loan;
  using Deadline = std::chrono::steady_clock::time_point;
  using Work = std::function<void(sql::Database&, Attempt)>;
  void run(Shelf& shelf, Attempt further, const Work& work);
  std::unique_ptr<sql::Database> borrow(Shelf& shelf, Attempt attempt, Deadline deadline);
  void give_back(Shelf& shelf, Attempt attempt, std::unique_ptr<sql::Database> database);
  void close_idle();
  std::chrono::milliseconds lock_time(Attempt attempt, bool is_held_up) const;
  bool is_held_up(const std::string& part);
  void note(const std::string& part, bool is_held_up);

  Open open_;
  Bounds bounds_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable returned_;
  Shelf writers_;
  Shelf readers_;
  std::unordered_set<std::string> held_up_;  // parts
};

}  // namespace tether::service
