// SPDX-License-Identifier: MIT
// Small exchanges on a warm connection, and a new client beside many idle ones.
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "bench.d/workshop.hpp"
#include "net/http_transport.hpp"
#include "replica/exchange.hpp"
#include "replica/file.hpp"
#include "replica/pull.hpp"
#include "replica/push.hpp"
#include "replica/recorder.hpp"

namespace tether::bench {
namespace {

constexpr int k_exchanges = 300;
constexpr int k_idle_clients = 100;
constexpr int k_new_clients = 20;

template <typename Body>
double timed(Body&& body) {
  const auto started = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

void must_be_done(replica::End end, const std::string& reason) {
  if (end != replica::End::done) throw std::runtime_error("the exchange ended early: " + reason);
}

/// A client in this process, as `tether` is one.
class Client {
 public:
  Client(const std::string& path, const std::string& server)
      : file_(replica::File::open(path, clock_, random_)),
        transport_(net::http_transport({.server = server, .token = {}, .ca_file = {}})),
        exchange_([this]() -> replica::Transport& { return *transport_; }, clock_, random_, {}, [] { return false; }) {}

  void record() {
    sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      replica::Recorder(file_, transaction).create({"Task"}, {}, R"({"title":"Check pump 7"})");
    });
  }
  void push() {
    const auto report = replica::push(file_, exchange_, {});
    must_be_done(report.end, report.reason);
    if (report.pushed != 1) throw std::runtime_error("one mutation was to be pushed");
  }
  void pull() {
    const auto report = replica::pull(file_, exchange_, {});
    must_be_done(report.end, report.reason);
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  replica::File file_;
  std::unique_ptr<replica::Transport> transport_;
  replica::Exchange exchange_;
};

void ask(httplib::Client& client, const std::string& what) {
  const auto reply = client.Post("/tether/pull", what, "application/json");
  if (!reply || reply->status != 200) throw std::runtime_error("a client got no answer");
}

}  // namespace

std::vector<Figure> measure_latency(const Workshop& workshop) {
  const Service service = workshop.serve(workshop.new_store("latency-server"));
  Client client(workshop.new_client("latency"), service.url());
  client.pull();
  std::vector<double> syncs;
  std::vector<double> pulls;
  for (int exchange = 0; exchange < k_exchanges; ++exchange) {
    client.record();
    syncs.push_back(timed([&] {
      client.push();
      client.pull();
    }));
    pulls.push_back(timed([&] { client.pull(); }));
  }
  return {at_most("sync of one mutation, warm connection", "ms", median(syncs), 2),
          at_most("pull with nothing new, warm", "ms", median(pulls), 1)};
}

std::vector<Figure> measure_idle(const Workshop& workshop) {
  const Service service = workshop.serve(workshop.new_store("idle-server"));
  const std::string body = R"({"client_id":"bench","last_sync_cursor":null,"limit":10})";
  std::vector<std::unique_ptr<httplib::Client>> idle;
  for (int client = 0; client < k_idle_clients; ++client) {
    idle.push_back(std::make_unique<httplib::Client>("127.0.0.1", service.port()));
    idle.back()->set_keep_alive(true);
    idle.back()->set_tcp_nodelay(true);
    ask(*idle.back(), body);
  }
  std::vector<double> answers;
  for (int client = 0; client < k_new_clients; ++client) {
    answers.push_back(timed([&] {
      httplib::Client fresh("127.0.0.1", service.port());
      fresh.set_tcp_nodelay(true);
      ask(fresh, body);
    }));
  }
  return {at_most("new client beside 100 idle, slowest of 20", "ms", *std::max_element(answers.begin(), answers.end()),
                  20)};
}

}  // namespace tether::bench
