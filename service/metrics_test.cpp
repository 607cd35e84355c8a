// SPDX-License-Identifier: MIT
#include "service/metrics.hpp"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "service/fixture.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

namespace {

/// The samples of a text that follows the rules of Prometheus' format 0.0.4, by name with labels. Every rule that is
/// broken is a failure: a metric has one HELP, then one TYPE, then all its samples; names and labels are well formed;
/// no sample comes twice; the buckets of a histogram rise, end in +Inf, and agree with its count.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    CHECK(text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      line.starts_with("# ") ? read_comment(line) : read_sample(line);
    }
    for (const std::string& name : with_help_) CHECK(types_.contains(name));
    for (const auto& [name, type] : types_) {
      if (type == "histogram") check_histogram(name);
    }
  }

  double at(const std::string& sample) const {
    CAPTURE(sample);
    const auto found = samples_.find(sample);
    CHECK(found != samples_.end());
    return found == samples_.end() ? -1 : found->second;
  }
  bool has(const std::string& sample) const { return samples_.contains(sample); }
  std::size_t count_of(const std::string& prefix) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(samples_, [&](const auto& sample) { return sample.first.starts_with(prefix); }));
  }

 private:
  void read_comment(const std::string& line) {
    static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) [^\\]+)");
    static const std::regex type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      CHECK(with_help_.insert(match[1]).second);
      current_ = match[1];
      return;
    }
    REQUIRE(std::regex_match(line, match, type));
    CHECK(match[1] == current_);
    CHECK(types_.emplace(match[1], match[2]).second);
    if (match[2] == "counter") CHECK(current_.ends_with("_total"));
  }

  void read_sample(const std::string& line) {
    static const std::regex sample(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? (-?[0-9.]+(e[+-]?[0-9]+)?))re");
    std::smatch match;
    REQUIRE(std::regex_match(line, match, sample));
    const std::string name = match[1];
    REQUIRE(types_.contains(current_));
    const bool of_histogram =
        types_[current_] == "histogram" &&
        (name == current_ + "_bucket" || name == current_ + "_sum" || name == current_ + "_count");
    CHECK((name == current_ || of_histogram));
    CHECK(samples_.emplace(name + match[2].str(), std::stod(match[4])).second);
    order_.push_back(name + match[2].str());
  }

  void check_histogram(const std::string& name) {
    double before = 0;
    for (const std::string& sample : order_) {
      if (!sample.starts_with(name + "_bucket{")) continue;
      const double value = samples_[sample];
      CHECK(value >= before);
      const std::size_t bound = sample.find("le=\"");
      const bool last = sample.substr(bound) == "le=\"+Inf\"}";
      before = last ? 0 : value;
      if (!last) continue;
      std::string labels = sample.substr(name.size() + 7, bound - name.size() - 7);
      if (labels.ends_with(',')) labels.pop_back();
      labels = labels == "{" ? "" : labels + "}";
      CHECK(at(name + "_count" + labels) == value);
      CHECK(has(name + "_sum" + labels));
    }
  }

  std::set<std::string> with_help_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::vector<std::string> order_;
  std::string current_;
};

Exposition scraped(TestService& service) {
  const Answer answer = Client(service.port()).get("/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.has("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  return Exposition(answer.body);
}

/// A request is counted once its reply has left, which its client may be the first to know.
Exposition scraped_once(TestService& service, const std::string& sample, double value) {
  for (int polls = 0;; ++polls) {
    Exposition seen = scraped(service);
    if (polls == 500 || (seen.has(sample) && seen.at(sample) == value)) return seen;
    std::this_thread::sleep_for(5ms);
  }
}

protocol::PushRequest push_of_models(const std::vector<std::string>& models) {
  protocol::PushRequest request;
  for (const std::string& model : models) {
    protocol::Mutation mutation;
    mutation.mutation_id = MutationId{"M" + std::to_string(request.mutations.size())};
    mutation.model = ModelName{model};
    request.mutations.push_back(mutation);
  }
  return request;
}

}  // namespace

TEST_CASE("what was served is counted, in a text that follows every rule of the format") {
  TestService service;
  Client client(service.port());
  CHECK(client.post("/tether/push", push_of(3)).status == 200);
  CHECK(client.post("/tether/push", "nonsense").status == 400);
  CHECK(client.post("/tether/pull", k_first_pull).status == 200);
  CHECK(client.get("/nowhere\"\\x").status == 404);
  CHECK(Client(service.port()).ask("nonsense\r\n\r\n").status == 400);
  scraped_once(service, R"(tether_requests_total{route="other",code="404"})", 1);
  const Exposition metrics = scraped_once(service, "tether_connections", 2);  // this client, and the one that asks
  CHECK(metrics.at(R"(tether_requests_total{route="/tether/push",code="200"})") == 1);
  CHECK(metrics.at(R"(tether_requests_total{route="/tether/push",code="400"})") == 1);
  CHECK(metrics.at(R"(tether_requests_total{route="/tether/pull",code="200"})") == 1);
  CHECK(metrics.at(R"(tether_requests_total{route="other",code="404"})") == 1);
  CHECK(metrics.at(R"(tether_requests_total{route="other",code="400"})") == 1);
  CHECK(metrics.at(R"(tether_request_duration_seconds_count{route="/tether/push"})") == 2);
  CHECK(metrics.at(R"(tether_mutations_total{model="Task",outcome="applied"})") == 3);
  CHECK(metrics.at(R"(tether_page_rows_bucket{le="1"})") == 0);
  CHECK(metrics.at(R"(tether_page_rows_bucket{le="10"})") == 1);
  CHECK(metrics.at("tether_page_rows_sum") == 3);
  CHECK(metrics.at(R"(tether_store_connections{access="read",state="free"})") == 4);
  CHECK(metrics.at(R"(tether_store_connections{access="write",state="lent"})") == 0);
  CHECK(metrics.at("tether_connections") == 2);
  CHECK(metrics.at("tether_connections_queued") == 0);
  CHECK(metrics.at("tether_requests_under_way") == 1);
  CHECK(metrics.at("tether_build_info{version=\"" TETHER_VERSION "\"}") == 1);
  CHECK(metrics.at("process_resident_memory_bytes") > 1'000'000);
}

TEST_CASE("who waits for the store shows") {
  TestService service([](Options& options) { options.store_connections = options.readers + 1; });  // one that writes
  std::thread writer;
  std::thread next;
  service.pool->write([&](sql::Database&) {
    writer = std::thread([&] { CHECK(Client(service.port()).post("/tether/push", push_of(1)).status == 200); });
    const auto waiting = [&] { return scraped(service).at(R"(tether_store_waiting{access="write"})"); };
    int polls = 0;
    while (waiting() < 1 && ++polls < 500) std::this_thread::sleep_for(5ms);
    CHECK(waiting() == 1);
    CHECK(scraped(service).at(R"(tether_store_connections{access="write",state="lent"})") == 1);
    next = std::thread([&] { CHECK(Client(service.port()).post("/tether/push", push_of(1, 2)).status == 200); });
    CHECK(scraped_once(service, "tether_pushes_waiting", 1).at("tether_pushes_waiting") == 1);
  });
  writer.join();
  next.join();
}

TEST_CASE("each mutation is counted by what became of it") {
  Metrics metrics({});
  auto request = push_of_models({"Task", "Task", "Note", "Task", "Note"});
  protocol::PushReply reply;
  reply.applied = {MutationId{"M0"}, MutationId{"M1"}};
  reply.merged = {MutationId{"M1"}};
  reply.rejected = {{.mutation_id = MutationId{"M2"}, .reason = "not_found", .data = "{}"},
                    {.mutation_id = MutationId{"M4"}, .reason = "expired", .data = "{}"}};
  reply.conflicts.emplace_back();
  reply.conflicts.back().mutation_id = MutationId{"M3"};
  request.malformed = {{.mutation_id = MutationId{"none"}, .reason = "validation_failed", .data = "{}"}};
  reply.rejected.push_back(request.malformed[0]);
  metrics.count_push(request, reply);
  const Exposition text(metrics.text({}, 0));
  CHECK(text.at(R"(tether_mutations_total{model="other",outcome="rejected"})") == 1);
  CHECK(text.at(R"(tether_mutations_total{model="Task",outcome="applied"})") == 1);
  CHECK(text.at(R"(tether_mutations_total{model="Task",outcome="merged"})") == 1);
  CHECK(text.at(R"(tether_mutations_total{model="Task",outcome="conflict"})") == 1);
  CHECK(text.at(R"(tether_mutations_total{model="Note",outcome="rejected"})") == 2);
}

TEST_CASE("names that clients make up do not make the text grow") {
  Metrics metrics({"/tether/push"});
  for (int i = 0; i < 1'000; ++i) {
    metrics.count_push(push_of_models({"Made" + std::to_string(i)}), {});
    metrics.count_request("/made/" + std::to_string(i), 404, 1ms);
    metrics.count_request("/tether/push", 1'000 + i, 1ms);
  }
  const Exposition text(metrics.text({}, 0));
  CHECK(text.count_of("tether_mutations_total") == 51);
  CHECK(text.at(R"(tether_mutations_total{model="other",outcome="applied"})") == 950);
  CHECK(text.at(R"(tether_requests_total{route="other",code="404"})") == 1'000);
  CHECK(text.at(R"(tether_requests_total{route="/tether/push",code="other"})") == 1'000);
}

TEST_CASE("many threads count at once and nothing is lost") {
  Metrics metrics({"/tether/push"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 1'000; ++n) {
        metrics.count_push(push_of_models({"Model" + std::to_string((n + i) % 60)}), {});
        metrics.count_request("/tether/push", 200, 2ms);
        if (n % 100 == 0) metrics.text({}, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Exposition text(metrics.text({}, 0));
  CHECK(text.at(R"(tether_requests_total{route="/tether/push",code="200"})") == 4'000);
  CHECK(text.at(R"(tether_request_duration_seconds_bucket{route="/tether/push",le="0.0025"})") == 4'000);
  CHECK(text.at(R"(tether_request_duration_seconds_sum{route="/tether/push"})") == doctest::Approx(8));
  CHECK(text.count_of("tether_mutations_total") == 51);
}

TEST_CASE("where tokens are asked for, metrics take one with the right") {
  TestService service([](Options& options) { options.auth = Auth::token; });
  CHECK(Client(service.port()).get("/metrics").status == 401);
}
