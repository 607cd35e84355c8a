// SPDX-License-Identifier: MIT
#include "service/metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>

namespace tether::service {

namespace {

constexpr std::string_view k_other = "other";
constexpr int k_client_left = 499;  // as nginx calls it: the client left before an answer
constexpr std::string_view k_outcome_names[] = {"applied", "merged", "conflict", "rejected"};

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help, double value) {
  head(out, name, type, help);
  out += fmt::format("{} {}\n", name, value);
}

/// The lines of one histogram; `labels` as in `route="/tether/push"`, or empty.
template <std::size_t Buckets>
void write_histogram(std::string& out, std::string_view name, std::string_view labels,
                     const std::array<double, Buckets>& bounds, const Histogram<Buckets>& histogram) {
  const std::string before = labels.empty() ? "" : std::string(labels) + ",";
  const std::string around = labels.empty() ? "" : "{" + std::string(labels) + "}";
  std::int64_t count = 0;
  for (std::size_t i = 0; i < Buckets; ++i) {
    count += histogram.count(i);
    out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before, bounds[i], count);
  }
  count += histogram.count(Buckets);
  out += fmt::format("{0}_bucket{{{1}le=\"+Inf\"}} {3}\n{0}_sum{2} {4}\n{0}_count{2} {3}\n", name, before, around,
                     count, histogram.sum());
}

double resident_bytes() {
  std::int64_t total_pages = 0;
  std::int64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return static_cast<double>(resident_pages * ::sysconf(_SC_PAGESIZE));
}

}  // namespace

Metrics::Metrics(std::vector<std::string> routes) : routes_(routes.size() + 1) {
  for (std::size_t i = 0; i < routes.size(); ++i) routes_[i].name = std::move(routes[i]);
  routes_.back().name = k_other;
  models_.back().name = k_other;
}

void Metrics::count_request(std::string_view route, int status, std::chrono::duration<double> took) {
  if (status == 0) status = k_client_left;
  const auto known = std::ranges::find(routes_, route, &Route::name);
  Route& counted = known == routes_.end() ? routes_.back() : *known;
  const auto place = std::ranges::find(k_statuses, status);
  const auto last = std::ranges::prev(k_statuses.end());
  counted.by_status[static_cast<std::size_t>(std::min(place, last) - k_statuses.begin())].fetch_add(1);
  counted.seconds.observe(k_seconds, took.count());
}

void Metrics::count_page(std::int64_t rows) {
  page_rows_.observe(k_rows, static_cast<double>(rows));
}

Metrics::Model& Metrics::model(std::string_view name) {
  const auto find = [&](std::size_t known) {
    return std::find_if(models_.begin(), models_.begin() + static_cast<std::ptrdiff_t>(known),
                        [&](const Model& model) { return model.name == name; });
  };
  std::size_t known = models_known_.load(std::memory_order_acquire);
  auto found = find(known);
  if (found != models_.begin() + static_cast<std::ptrdiff_t>(known)) return *found;
  const std::lock_guard lock(models_mutex_);
  known = models_known_.load();
  found = find(known);
  if (found != models_.begin() + static_cast<std::ptrdiff_t>(known)) return *found;
  if (known == k_models_max) return models_.back();
  models_[known].name = name;
  models_known_.store(known + 1, std::memory_order_release);
  return models_[known];
}

void Metrics::count_push(const protocol::PushRequest& request, const protocol::PushReply& reply) {
  std::unordered_map<std::string_view, Outcome> unusual;  // all others were applied as they are
  for (const auto& id : reply.merged) unusual.emplace(id.value, merged);
  for (const auto& refused : reply.rejected) unusual.emplace(refused.mutation_id.value, rejected);
  for (const auto& lost : reply.conflicts) unusual.emplace(lost.mutation_id.value, conflict);
  // What is malformed has no model that could be counted on.
  models_.back().by_outcome[rejected].fetch_add(std::ssize(request.malformed), std::memory_order_relaxed);
  std::string_view name;
  Model* counted = nullptr;  // of the mutation before: most batches are of one model
  for (const auto& mutation : request.mutations) {
    if (counted == nullptr || mutation.model.value != name) counted = &model(name = mutation.model.value);
    const auto found = unusual.empty() ? unusual.end() : unusual.find(mutation.mutation_id.value);
    counted->by_outcome[found == unusual.end() ? applied : found->second].fetch_add(1, std::memory_order_relaxed);
  }
}

void Metrics::write_requests(std::string& out) const {
  head(out, "tether_requests_total", "counter", "Requests by route and status; 499: the client left.");
  for (const Route& route : routes_) {
    for (std::size_t i = 0; i < k_statuses.size(); ++i) {
      const std::int64_t count = route.by_status[i].load();
      if (count == 0) continue;
      const std::string code = k_statuses[i] == 0 ? std::string(k_other) : std::to_string(k_statuses[i]);
      out += fmt::format("tether_requests_total{{route=\"{}\",code=\"{}\"}} {}\n", route.name, code, count);
    }
  }
  head(out, "tether_request_duration_seconds", "histogram",
       "From when the head of a request was read until its reply left.");
  for (const Route& route : routes_) {
    write_histogram(out, "tether_request_duration_seconds", "route=\"" + route.name + "\"", k_seconds, route.seconds);
  }
}

void Metrics::write_mutations(std::string& out) const {
  head(out, "tether_mutations_total", "counter",
       "Mutations answered, by outcome and model; repeats are counted again.");
  const std::size_t known = models_known_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (i >= known && i != k_models_max) continue;
    for (std::size_t outcome = 0; outcome < outcomes; ++outcome) {
      const std::int64_t count = models_[i].by_outcome[outcome].load();
      if (count == 0) continue;
      out += fmt::format("tether_mutations_total{{model=\"{}\",outcome=\"{}\"}} {}\n", models_[i].name,
                         k_outcome_names[outcome], count);
    }
  }
  head(out, "tether_page_rows", "histogram", "Rows of the pages that were served.");
  write_histogram(out, "tether_page_rows", "", k_rows, page_rows_);
}

std::string Metrics::text(const std::vector<Pool>& pools, std::size_t pushes_waiting) const {
  std::string out;
  head(out, "tether_build_info", "gauge", "Always 1; the labels tell what runs.");
  out += "tether_build_info{version=\"" TETHER_VERSION "\"} 1\n";
  write_requests(out);
  write_mutations(out);
  head(out, "tether_store_connections", "gauge", "Connections to the store: lent to a request, or free to be.");
  for (const Pool& pool : pools) {
    out += fmt::format("tether_store_connections{{access=\"{0}\",state=\"lent\"}} {1}\n", pool.access, pool.lent);
    out += fmt::format("tether_store_connections{{access=\"{0}\",state=\"free\"}} {1}\n", pool.access, pool.free);
  }
  head(out, "tether_store_waiting", "gauge", "Requests that wait for a connection to the store.");
  for (const Pool& pool : pools) {
    out += fmt::format("tether_store_waiting{{access=\"{}\"}} {}\n", pool.access, pool.waiting);
  }
  single(out, "tether_pushes_waiting", "gauge", "Pushes that wait for others of their scope, to be applied together.",
         static_cast<double>(pushes_waiting));
  const std::int64_t served = connections_served;
  single(out, "tether_connections", "gauge", "Connections that have a thread.", static_cast<double>(served));
  single(out, "tether_connections_queued", "gauge", "Connections that wait for a thread.",
         static_cast<double>(std::max<std::int64_t>(connections_accepted - served, 0)));
  single(out, "tether_connections_refused_total", "counter", "Connections that there was no room for.",
         static_cast<double>(connections_refused));
  single(out, "tether_tls_handshakes_failed_total", "counter", "Connections that no encryption was agreed upon with.",
         static_cast<double>(handshakes_failed));
  if (const std::int64_t expires = certificate_expires; expires != 0) {
    head(out, "tether_certificate_expiry_time_seconds", "gauge", "When the certificate does, in seconds since 1970.");
    out += fmt::format("tether_certificate_expiry_time_seconds {}\n", expires);
  }
  single(out, "tether_requests_under_way", "gauge", "Requests whose reply has not left yet.",
         static_cast<double>(requests_under_way));
  single(out, "process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
  const std::chrono::duration<double> since_1970 = started_.time_since_epoch();
  single(out, "process_start_time_seconds", "gauge", "When the service started, in seconds since 1970.",
         since_1970.count());
  return out;
}

}  // namespace tether::service
