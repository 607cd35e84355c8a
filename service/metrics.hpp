// SPDX-License-Identifier: MIT
// What the service counted since it started, in Prometheus' text format. Counting is a few atomic additions, without a
// lock; every label has a bounded number of values, whatever clients send. Safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.hpp"

namespace tether::service {

/// Counts of what falls into each bucket, and the sum of all values.
template <std::size_t Buckets>
class Histogram {
 public:
  using Bounds = std::array<double, Buckets>;
  void observe(const Bounds& bounds, double value) {
    std::size_t bucket = 0;
    while (bucket < Buckets && value > bounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_millionths_.fetch_add(static_cast<std::int64_t>(value * 1e6), std::memory_order_relaxed);
  }
  /// The last one is of what is above all bounds.
  std::int64_t count(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  double sum() const { return static_cast<double>(sum_millionths_.load(std::memory_order_relaxed)) / 1e6; }

 private:
  std::array<std::atomic<std::int64_t>, Buckets + 1> counts_{};
  std::atomic<std::int64_t> sum_millionths_{0};
};

/// One more, for as long as it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::int64_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::int64_t>& count_;
};

class Metrics {
 public:
  /// `routes`: the values that the label `route` may have, besides `other`.
  explicit Metrics(std::vector<std::string> routes);

  void count_request(std::string_view route, int status, std::chrono::duration<double> took);
  void count_page(std::int64_t rows);
  /// What became of each mutation of a push. Of the names of models the first 50 that come get a label of their own.
  void count_push(const protocol::PushRequest& request, const protocol::PushReply& reply);

  // What is so at the moment.
  std::atomic<std::int64_t> connections_accepted{0};  // and not closed
  std::atomic<std::int64_t> connections_served{0};    // of these; the others wait for a thread
  std::atomic<std::int64_t> connections_refused{0};   // since the start
  std::atomic<std::int64_t> handshakes_failed{0};     // since the start
  std::atomic<std::int64_t> requests_under_way{0};
  std::atomic<std::int64_t> certificate_expires{0};  // in seconds since 1970; 0: there is none

  /// Connections to the store, of one kind.
  struct Pool {
    std::string_view access;
    std::size_t lent = 0;
    std::size_t free = 0;     // that may be had at once
    std::size_t waiting = 0;  // requests that wait for one
  };
  std::string text(const std::vector<Pool>& pools, std::size_t pushes_waiting) const;

 private:
  enum Outcome { applied, merged, conflict, rejected, outcomes };
  static constexpr std::size_t k_models_max = 50;
  static constexpr std::array<int, 17> k_statuses{200, 400, 401, 403, 404, 405, 408, 413, 414,
                                                  415, 422, 429, 431, 499, 500, 503, 0};
  static constexpr std::array<double, 12> k_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30};
  static constexpr std::array<double, 6> k_rows{0, 1, 10, 100, 1'000, 10'000};

  struct Route {
    std::string name;
    std::array<std::atomic<std::int64_t>, k_statuses.size()> by_status{};
    Histogram<k_seconds.size()> seconds;
  };
  struct Model {
    std::string name;
    std::array<std::atomic<std::int64_t>, outcomes> by_outcome{};
  };

  Model& model(std::string_view name);
  void write_requests(std::string& out) const;
  void write_mutations(std::string& out) const;

  std::vector<Route> routes_;  // the last is `other`
  Histogram<k_rows.size()> page_rows_;
  // Names are added under the lock and never change; who reads them looks no further than models_known_.
  std::mutex models_mutex_;
  std::array<Model, k_models_max + 1> models_;  // the last is `other`
  std::atomic<std::size_t> models_known_{0};
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace tether::service
