// SPDX-License-Identifier: MIT
// How the server ends: what is under way, who comes late, and what takes too long.
#include "service/fixture.hpp"
#include "service/server.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST_CASE("stopping finishes what is under way and does not wait for the idle") {
  TestService service;
  Client idle(service.port());
  CHECK(idle.get("/healthz").status == 200);
  Client busy(service.port());
  const std::string body = push_of(1);
  busy.send("POST /tether/push HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  const auto started = steady_clock::now();
  service.server->stop();
  CHECK(idle.closed());
  const Answer answer = busy.ask(body);
  CHECK(answer.status == 200);
  CHECK(busy.closed());
  service.stop();
  CHECK(steady_clock::now() - started < 1s);
}

TEST_CASE("who connected before the end is served, and then sent away") {
  TestService service;
  Client late(service.port());
  service.server->stop();
  CHECK(late.post("/tether/push", push_of(1)).status == 200);
  CHECK(late.closed());
}

TEST_CASE("while it drains, a service says that it is not ready, and serves who comes all the same") {
  TestService service([](Options& options) { options.drain_time = 600ms; });
  Client watching(service.port());
  CHECK(watching.get("/readyz").status == 200);
  service.server->stop();
  CHECK(watching.closed());
  const Answer ready = Client(service.port()).get("/readyz");
  CHECK(ready.status == 503);
  CHECK(ready.body.find(R"("code":"not_ready")") != std::string::npos);
  const Answer alive = Client(service.port()).get("/healthz");
  CHECK(alive.status == 200);
  CHECK(alive.has("Connection: close\r\n"));
  CHECK(Client(service.port()).post("/tether/push", push_of(1)).status == 200);
  const auto started = steady_clock::now();
  service.stop();
  CHECK(steady_clock::now() - started < 2s);
}

TEST_CASE("stopping cuts off what takes longer than it may") {
  TestService service([](Options& options) { options.stop_time = 100ms; });
  Client slow(service.port());
  slow.send("POST /tether/push HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");
  std::this_thread::sleep_for(50ms);
  const auto started = steady_clock::now();
  service.stop();
  CHECK(steady_clock::now() - started < 1s);
}
