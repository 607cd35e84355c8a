// SPDX-License-Identifier: MIT
#include "service/device_book.hpp"

#include "service/fixture.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

namespace {

std::vector<authority::Device> devices_in(TestService& service) {
  std::vector<authority::Device> found;
  service.pool->read([&](sql::Database& store) { found = authority::devices(store); });
  return found;
}

}  // namespace

TEST_CASE("who pushed and pulled is noted, with the cursor that was given") {
  TestService service;
  Client client(service.port());
  CHECK(client.post("/tether/push", push_of(3)).status == 200);
  CHECK(client.post("/tether/pull", k_first_pull).status == 200);
  CHECK(devices_in(service).empty());
  service.devices->write();
  const auto found = devices_in(service);
  REQUIRE(found.size() == 1);
  CHECK(found[0].client == ClientId{"ann"});
  CHECK(found[0].scope == Scope{"default"});
  CHECK(found[0].last_push_ms.has_value());
  CHECK(found[0].last_pull_ms >= found[0].last_push_ms);
  CHECK(found[0].lag_us == 0);
  CHECK(client.post("/tether/push", push_of(1, 7)).status == 200);
  CHECK(devices_in(service).at(0).lag_us > 0);
}

TEST_CASE("a request that is refused is nobody's visit") {
  TestService service;
  service.pool->write(
      [](sql::Database& store) { authority::revoke_device(store, Scope{"default"}, ClientId{"ann"}, 5); });
  CHECK(Client(service.port()).post("/tether/push", push_of(1)).status == 403);
  CHECK(Client(service.port()).post("/tether/push", R"({"client_id":"ben","mutations":7})").status == 400);
  service.devices->write();
  const auto found = devices_in(service);
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].last_push_ms);
}

TEST_CASE("it is written by itself after a while, and at the end") {
  TestService service;
  Log log(service.clock, LogFormat::json, [](std::string_view) {});
  {
    DeviceBook book(*service.pool, log, 20ms);
    book.saw_push(Scope{"school"}, ClientId{"ann"}, 5);
    for (int i = 0; i < 500 && devices_in(service).empty(); ++i) std::this_thread::sleep_for(10ms);
    CHECK(devices_in(service).size() == 1);
  }
  {
    DeviceBook book(*service.pool, log, 1h);
    book.saw_pull(Scope{"clinic"}, ClientId{"ann"}, 6, Cursor{7});
  }
  const auto found = devices_in(service);
  REQUIRE(found.size() == 2);
  CHECK(found[0].scope == Scope{"clinic"});
  CHECK(found[0].cursor_us == 7);
}

TEST_CASE("names that are made up fill neither memory nor store without end") {
  TestService service;
  Log log(service.clock, LogFormat::json, [](std::string_view) {});
  DeviceBook book(*service.pool, log, 1h);
  for (int i = 0; i < 10'000; ++i) book.saw_push(Scope{"school"}, ClientId{"made-up-" + std::to_string(i)}, 5);
  book.write();
  CHECK(devices_in(service).size() == DeviceBook::k_clients_max);
  book.saw_push(Scope{"school"}, ClientId{"late"}, 6);
  book.write();
  CHECK(devices_in(service).size() == DeviceBook::k_clients_max + 1);
}

TEST_CASE("a store that cannot be written to costs a line in the log") {
  TestService service;
  std::string lines;
  Log log(service.clock, LogFormat::json, [&](std::string_view line) { lines += line; });
  DeviceBook book(*service.pool, log, 1h);
  service.pool->write([](sql::Database& store) { store.execute_script("DROP TABLE tether_devices"); });
  book.saw_push(Scope{"school"}, ClientId{"ann"}, 5);
  book.write();
  CHECK(lines.find("could not be noted") != std::string::npos);
}
