// SPDX-License-Identifier: MIT
#include "bench.d/load.hpp"

#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/ulid.hpp"

namespace tether::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr int k_patience_s = 60;

double ms_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

/// One client, which makes its requests before the clock starts.
class Client {
 public:
  Client(const Load& load, int number) : connection_("127.0.0.1", load.port) {
    connection_.set_keep_alive(true);
    connection_.set_tcp_nodelay(true);
    connection_.set_read_timeout(k_patience_s);
    if (!load.tokens.empty()) connection_.set_bearer_token_auth(load.tokens.at(static_cast<std::size_t>(number)));
    SystemClock clock;
    SystemRandom random;
    UlidSource ulids(clock, random);
    for (int push = 0; push < load.pushes; ++push)
      requests_.push_back(request(ulids, to_ms(clock.now()), load, number));
  }

  /// The connection is there before it counts.
  void connect() { connection_.Get("/healthz"); }

  void push(std::vector<double>& times, int& failed) {
    for (const std::string& body : requests_) {
      const auto started = Steady::now();
      const auto reply = connection_.Post("/tether/push", body, "application/json");
      times.push_back(ms_since(started));
      if (!reply || reply->status != 200 || reply->body.find("\"rejected\":[]") == std::string::npos) ++failed;
    }
  }

 private:
  static std::string request(UlidSource& ulids, std::int64_t now_ms, const Load& load, int number) {
    std::string body = fmt::format(R"({{"client_id":"bench-{}","mutations":[)", number);
    for (int i = 0; i < load.mutations; ++i) {
      body += fmt::format(
          R"({}{{"mutation_id":"{}","entity_id":"{}","model":"Task","operation":"create","version":1,"timestamp":{},"base_rev":0,)"
          R"("payload":{{"title":"Check pump {}","note":"The gauge of the pump was read on the way to the gate, nothing to )"
          R"(report","done":false,"priority":3,"place":"Hall 7","tags":"pump,gauge"}}}})",
          i == 0 ? "" : ",", ulids.next().text(), ulids.next().text(), now_ms, i);
    }
    return body + "]}";
  }

  httplib::Client connection_;
  std::vector<std::string> requests_;
};

}  // namespace

double Loaded::percentile(double percent) const {
  const auto last = static_cast<double>(pushes_ms.size() - 1);
  return pushes_ms.at(static_cast<std::size_t>(last * percent / 100));
}

Loaded push_together(const Load& load) {
  Loaded loaded;
  std::mutex mutex;
  std::latch ready(load.clients);
  std::latch go(1);
  std::vector<std::thread> clients;
  for (int number = 0; number < load.clients; ++number) {
    clients.emplace_back([&, number] {
      Client client(load, number);
      client.connect();
      ready.count_down();
      go.wait();
      std::vector<double> times;
      int failed = 0;
      client.push(times, failed);
      const std::lock_guard lock(mutex);
      loaded.pushes_ms.insert(loaded.pushes_ms.end(), times.begin(), times.end());
      loaded.failed += failed;
    });
  }
  ready.wait();
  const auto started = Steady::now();
  go.count_down();
  for (std::thread& client : clients) client.join();
  loaded.ms = ms_since(started);
  std::sort(loaded.pushes_ms.begin(), loaded.pushes_ms.end());
  return loaded;
}

}  // namespace tether::bench
