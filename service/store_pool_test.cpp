// SPDX-License-Identifier: MIT
#include "service/store_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sql/sqlite.hpp"

using namespace tether;
using namespace tether::service;

namespace {

struct Pool {
  SteppingClock clock{from_ms(0)};
  StorePool pool{[this](sql::Access) {
                   ++opened;
                   return sql::open_sqlite({":memory:", sql::Open::create, sql::Durability::normal, 20});
                 },
                 {.writers = 3, .readers = 1, .wait = std::chrono::milliseconds(20), .attempts = 3},
                 clock};
  int opened = 0;
  int calls = 0;

  /// Fails `failures` times with `code`, then goes well.
  void write(ErrorCode code, int failures) {
    calls = 0;
    pool.write([&](sql::Database&) {
      if (++calls <= failures) throw Error(code, "broken off");
    });
  }
};

TEST_CASE("what the store broke off as busy is tried again, a bounded number of times") {
  Pool pool;
  pool.write(ErrorCode::busy, 2);
  CHECK(pool.calls == 3);
  CHECK_THROWS_WITH_AS(pool.write(ErrorCode::busy, 3), "broken off", Error);
  CHECK(pool.calls == 3);
}

TEST_CASE("what lost its connection is tried once more, on a new one, and idle connections are not trusted") {
  Pool pool;
  pool.pool.write([&](sql::Database&) { pool.pool.write([](sql::Database&) {}); });
  REQUIRE(pool.opened == 2);
  pool.write(ErrorCode::unreachable, 1);
  CHECK(pool.calls == 2);
  CHECK(pool.opened == 3);
  pool.pool.write([&](sql::Database&) { pool.pool.write([](sql::Database&) {}); });
  CHECK(pool.opened == 4);
  CHECK_THROWS_WITH_AS(pool.write(ErrorCode::unreachable, 2), "broken off", Error);
  CHECK(pool.calls == 2);
}

TEST_CASE("what else goes wrong is not tried again") {
  Pool pool;
  for (const auto code : {ErrorCode::disk_full, ErrorCode::forbidden, ErrorCode::internal, ErrorCode::invalid_input}) {
    CHECK_THROWS_WITH_AS(pool.write(code, 1), "broken off", Error);
    CHECK(pool.calls == 1);
  }
}

TEST_CASE("what took long is not tried again") {
  for (const auto code : {ErrorCode::busy, ErrorCode::unreachable}) {
    Pool pool;
    CHECK_THROWS_WITH_AS(pool.pool.write([&](sql::Database&) {
      ++pool.calls;
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
      throw Error(code, "broken off");
    }),
                         "broken off", Error);
    CHECK(pool.calls == 1);
  }
}

TEST_CASE("who waits first is served first, before whoever comes back at once") {
  SteppingClock clock{from_ms(0)};
  const auto open = [](sql::Access) {
    return sql::open_sqlite({":memory:", sql::Open::create, sql::Durability::normal, 20});
  };
  StorePool pool(open, {.writers = 1, .readers = 1, .wait = std::chrono::minutes(1)}, clock);
  std::string order;  // written to by whoever has the one connection
  std::vector<std::thread> others;
  const auto wait_in_line = [&](char name) {
    const std::size_t before = others.size();
    others.emplace_back([&pool, &order, name] { pool.read([&](sql::Database&) { order += name; }); });
    while (pool.usage(sql::Access::read).waiting == before) std::this_thread::yield();
  };
  pool.read([&](sql::Database&) {
    for (const char name : {'a', 'b', 'c'}) wait_in_line(name);
  });
  pool.read([&](sql::Database&) { order += '!'; });
  for (std::thread& other : others) other.join();
  CHECK(order == "abc!");
}

/// A connection that notes how long it was told to wait for locks.
class Noting final : public sql::Database {
 public:
  explicit Noting(std::vector<std::int64_t>& told) : told_(told) {}
  std::unique_ptr<sql::Transaction> begin(sql::Access) override { return nullptr; }
  std::int64_t execute(std::string_view, std::span<const sql::Value>, const sql::RowSink&) override { return 0; }
  void execute_script(std::string_view) override {}
  std::vector<std::string> tables() override { return {}; }
  void wait_for_locks(std::chrono::milliseconds longest) override { told_.push_back(longest.count()); }

 private:
  std::vector<std::int64_t>& told_;
};

constexpr StorePool::LockTimes k_lock_times{.first = std::chrono::milliseconds(150),
                                            .held_up = std::chrono::milliseconds(10),
                                            .patient = std::chrono::milliseconds(1'500)};

TEST_CASE("locks are waited for briefly at first, and hardly at all where they were not got the last time") {
  SteppingClock clock{from_ms(0)};
  std::vector<std::int64_t> told;
  StorePool pool([&](sql::Access) { return std::make_unique<Noting>(told); },
                 {.attempts = 3, .lock_times = k_lock_times}, clock);
  const auto write = [&](const std::string& part, int failures) {
    told.clear();
    const auto body = [&](sql::Database&) {
      if (failures-- > 0) throw Error(ErrorCode::busy, "locked");
    };
    try {
      pool.write(body, part);
    } catch (const Error&) {
      told.push_back(-1);
    }
    return told;
  };
  using Told = std::vector<std::int64_t>;
  CHECK(write("school", 0) == Told{150});
  CHECK(write("school", 1) == Told{150, 1'500});
  CHECK(write("school", 3) == Told{150, 1'500, 1'500, -1});
  CHECK(write("shop", 0) == Told{150});
  CHECK(write("school", 3) == Told{10, 1'500, 1'500, -1});
  CHECK(write("school", 0) == Told{10});
  CHECK(write("school", 0) == Told{150});
}

/// Writers to parts that are locked: first attempts fail, patient ones stand still until they are let go.
class LockedParts {
 public:
  void write(const std::string& part) {
    threads_.emplace_back([this, part] {
      bool is_first = true;
      pool.write(
          [&](sql::Database&) {
            if (std::exchange(is_first, false)) throw Error(ErrorCode::busy, "locked");
            ++patient;
            unlocked_.wait();
          },
          part);
    });
  }
  /// Gives up a write to `part`.
  void give_up(const std::string& part) {
    CHECK_THROWS_AS(pool.write([](sql::Database&) { throw Error(ErrorCode::busy, "locked"); }, part), Error);
  }
  void wait_for(int patient_ones, std::size_t waiting) {
    while (patient < patient_ones || pool.usage(sql::Access::write).waiting < waiting) std::this_thread::yield();
  }
  void unlock() {
    unlocked_.count_down();
    for (std::thread& thread : threads_) thread.join();
  }

  SteppingClock clock{from_ms(0)};
  StorePool pool{[](sql::Access) {
                   return sql::open_sqlite({":memory:", sql::Open::create, sql::Durability::normal, 20});
                 },
                 {.writers = 4, .wait = std::chrono::minutes(1), .attempts = 2, .lock_times = k_lock_times},
                 clock};
  std::atomic<int> patient = 0;

 private:
  std::latch unlocked_{1};
  std::vector<std::thread> threads_;
};

TEST_CASE("who waits long for locks never takes more than half of the connections") {
  LockedParts locked;
  for (const char* part : {"a", "b", "c", "d", "e"}) locked.write(part);
  locked.wait_for(2, 3);
  CHECK(locked.pool.usage(sql::Access::write).lent == 2);
  int served = 0;
  for (int i = 0; i < 10; ++i) locked.pool.write([&](sql::Database&) { ++served; }, "free");
  CHECK(served == 10);
  CHECK(locked.patient == 2);
  locked.unlock();
  CHECK(locked.patient == 5);
}

TEST_CASE(
    "parts that are held up have one connection together to wait long with, and leave one to a part that is busy") {
  LockedParts locked;
  for (const char* part : {"a", "b", "c"}) locked.give_up(part);
  for (const char* part : {"a", "b", "c"}) locked.write(part);
  locked.wait_for(1, 2);
  CHECK(locked.pool.usage(sql::Access::write).lent == 1);
  locked.write("busy");
  locked.wait_for(2, 2);
  CHECK(locked.pool.usage(sql::Access::write).lent == 2);
  locked.unlock();
  CHECK(locked.patient == 4);
}

TEST_CASE("who gets no second connection is told what kept it from being done with the first") {
  SteppingClock clock{from_ms(0)};
  StorePool pool(
      [](sql::Access) {
        return sql::open_sqlite({":memory:", sql::Open::create, sql::Durability::normal, 20});
      },
      {.writers = 2, .wait = std::chrono::milliseconds(100), .attempts = 2, .lock_times = k_lock_times}, clock);
  std::latch unlocked(1);
  std::atomic<int> attempts = 0;
  std::thread other([&] {
    pool.write(
        [&](sql::Database&) {
          if (++attempts == 1) throw Error(ErrorCode::busy, "locked");
          unlocked.wait();
        },
        "a");
  });
  while (attempts < 2) std::this_thread::yield();
  CHECK_THROWS_WITH_AS(pool.write([](sql::Database&) { throw Error(ErrorCode::busy, "b is locked"); }, "b"),
                       "b is locked", Error);
  unlocked.count_down();
  other.join();
}

TEST_CASE("no connection is waited for without end") {
  Pool pool;
  pool.pool.read([&](sql::Database&) {
    CHECK_THROWS_WITH_AS(pool.pool.read([](sql::Database&) {}), "the store is busy with other requests", Error);
  });
}

}  // namespace
