// SPDX-License-Identifier: MIT
#include "service/store_pool.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
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

TEST_CASE("no connection is waited for without end") {
  Pool pool;
  pool.pool.read([&](sql::Database&) {
    CHECK_THROWS_WITH_AS(pool.pool.read([](sql::Database&) {}), "the store is busy with other requests", Error);
  });
}

}  // namespace
