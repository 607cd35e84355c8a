// SPDX-License-Identifier: MIT
// What must not grow: memory under bombs and many rows, and the cost of a row among a million.
#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench.d/workshop.hpp"
#include "protocol/limits.hpp"

namespace tether::bench {
namespace {

constexpr std::int64_t k_small_rows = 10'000;
constexpr int k_starts = 50;
constexpr double k_memory_mb_most = 60;
constexpr double k_bomb_mb_most = static_cast<double>(protocol::Limits{}.body_bytes_max) / (1024 * 1024) + 32;

/// Milliseconds and the peak of memory of the three things that are done with many rows.
struct Costs {
  double record_ms = 0;
  double push_ms = 0;
  double pull_ms = 0;
  double client_mb = 0;
  double service_mb = 0;
};

double timed_peak(const Arguments& arguments, const Files& files, double& ms) {
  const auto started = std::chrono::steady_clock::now();
  const double peak = peak_mb(arguments, files);
  ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  return peak;
}

Costs costs(const Workshop& workshop, std::int64_t rows, const std::string& name) {
  Costs costs;
  const Service service = workshop.serve(workshop.new_store(name + "-server"));
  const std::string writer = workshop.new_client(name + "-writer", service.url());
  const std::string reader = workshop.new_client(name + "-reader", service.url());
  const std::string tether = workshop.tether();
  const double record =
      timed_peak({tether, "--db", writer, "-q", "record", "--stdin"}, {.in = workshop.lines(rows)}, costs.record_ms);
  const double push = timed_peak({tether, "--db", writer, "-q", "push"}, {}, costs.push_ms);
  const double pull = timed_peak({tether, "--db", reader, "-q", "pull"}, {}, costs.pull_ms);
  costs.client_mb = std::max({record, push, pull});
  costs.service_mb = service.peak_mb();
  return costs;
}

Costs median_costs(const Workshop& workshop, std::int64_t rows, const std::string& name) {
  std::vector<double> record;
  std::vector<double> push;
  std::vector<double> pull;
  for (int round = 0; round < workshop.rounds; ++round) {
    const Costs one = costs(workshop, rows, name);
    record.push_back(one.record_ms);
    push.push_back(one.push_ms);
    pull.push_back(one.pull_ms);
  }
  return {.record_ms = median(record), .push_ms = median(push), .pull_ms = median(pull)};
}

Figure scale(const Workshop& workshop, const std::string& what, double large_ms, double small_ms) {
  const double large = large_ms * 1000 / static_cast<double>(workshop.large_rows);
  const double small = small_ms * 1000 / static_cast<double>(k_small_rows);
  return ratio_at_most(fmt::format("{}, a row of {} beside {}", what, workshop.large_rows, k_small_rows), "us", large,
                       small, 1.5);
}

/// Sends a body that grows beyond every limit; the service must refuse it and stay small.
Figure bomb(const Workshop& workshop, const std::string& name, const std::string& command) {
  const Service service = workshop.serve(workshop.new_store("bomb-server"));
  const std::string answer = workshop.path("bomb-answer");
  run({"/bin/sh", "-c", fmt::format("{} {}/tether/push || true", command, service.url())}, {.out = answer});
  std::ifstream file(answer);
  const std::string status((std::istreambuf_iterator<char>(file)), {});
  Figure figure = at_most(name + " refused (" + status + ")", "MB", service.peak_mb(), k_bomb_mb_most);
  figure.passed = figure.passed && (status == "413" || status == "400" || status == "415" || status == "000");
  return figure;
}

}  // namespace

std::vector<Figure> measure_bombs(const Workshop& workshop) {
  const std::string curl = "curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' ";
  const std::string packed = workshop.path("bomb.gz");
  run({"/bin/sh", "-c", "head -c 314572800 /dev/zero | tr '\\0' ' ' | gzip -1 >" + packed});
  return {bomb(workshop, "gzip bomb, 300 MB,", curl + "-H 'Content-Encoding: gzip' --data-binary @" + packed),
          bomb(workshop, "chunked bomb, 300 MB,",
               "head -c 314572800 /dev/zero | " + curl + "-X POST -H 'Transfer-Encoding: chunked' -T -")};
}

std::vector<Figure> measure_large(const Workshop& workshop) {
  const Costs small = median_costs(workshop, k_small_rows, "small");
  const Costs large = costs(workshop, workshop.large_rows, "large");
  const std::string full = workshop.path("large-writer.db");
  const std::string empty = workshop.new_client("empty");
  std::vector<double> status;
  std::vector<double> record_full;
  std::vector<double> record_empty;
  for (int start = 0; start < k_starts; ++start) {
    status.push_back(run({workshop.tether(), "--db", full, "status"}));
    record_full.push_back(run({workshop.tether(), "--db", full, "record", "create", "Task", "title=one more"}));
    record_empty.push_back(run({workshop.tether(), "--db", empty, "record", "create", "Task", "title=one more"}));
  }
  const std::string rows = std::to_string(workshop.large_rows);
  return {scale(workshop, "record", large.record_ms, small.record_ms),
          scale(workshop, "push", large.push_ms, small.push_ms),
          scale(workshop, "pull", large.pull_ms, small.pull_ms),
          at_most("memory of tether, " + rows + " rows", "MB", large.client_mb, k_memory_mb_most),
          at_most("memory of tether-service, " + rows + " rows", "MB", large.service_mb, k_memory_mb_most),
          at_most("status beside " + rows + " synced rows", "ms", median(status), 20),
          ratio_at_most("one record beside " + rows + " rows", "ms", median(record_full), median(record_empty), 1.25)};
}

}  // namespace tether::bench
