// SPDX-License-Identifier: MIT
// A service on Postgres, beside libpq on the same tables.
#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

#include "bench.d/load.hpp"
#include "bench.d/page_reader.hpp"
#include "bench.d/workshop.hpp"

namespace tether::bench {
namespace {

constexpr int k_page = 1'000;

double ms_of(const auto& body) {
  const auto started = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

/// A client's file with `rows` pending mutations.
std::string pending(const Workshop& workshop, std::int64_t rows) {
  const std::string file = workshop.new_client(fmt::format("pending-{}", rows));
  run({workshop.tether(), "--db", file, "-q", "record", "--stdin"}, {.in = workshop.lines(rows)});
  return file;
}

Figure push_beside_bare(const Workshop& workshop, const std::string& original, int batch, double least) {
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < workshop.rounds; ++round) {
    const std::string client = workshop.copy_client(original, "push");
    {
      const Service service = workshop.serve(workshop.new_postgres("push"));
      ours.push_back(run({workshop.tether(), "--db", client, "-q", "push", "--batch", std::to_string(batch), "--server",
                          service.url()}));
    }
    bare.push_back(
        workshop.bare_ms({"bare-postgres-push", original, workshop.new_postgres("push_bare"), std::to_string(batch)}));
  }
  return ratio_at_least(fmt::format("push, batches of {}", batch), "rows/s", per_second(workshop.rows, median(ours)),
                        per_second(workshop.rows, median(bare)), least);
}

double fetch_all_pages_ms(int port, std::int64_t rows) {
  PageReader reader(port);
  return ms_of([&] {
    std::string cursor = "null";
    for (std::int64_t fetched = 0; fetched < rows; fetched += k_page) cursor = reader.read(cursor, k_page);
  });
}

/// Fills the scope `default` with `rows` records, a microsecond apart, from 1 on.
void fill(const std::string& url, std::int64_t rows) {
  run({"psql", "-q", url, "-c",
       "INSERT INTO tether_scopes(scope, clock_us, epoch) VALUES ('default', " + std::to_string(rows) + ", 'bench')",
       "-c",
       fmt::format(
           "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, "
           "written_by, "
           "written_version, updated_us) SELECT 'default', 'Task', 'T' || n, '{{\"title\":\"Check pump ' || n || "
           "'\",\"note\":\"The gauge was read on the way to the gate, nothing to "
           "report\",\"done\":false,\"place\":\"Hall "
           "7\"}}', 1, 0, 1, 1, 'bench', 1, n FROM generate_series(1, {}) AS n",
           rows),
       "-c", "VACUUM ANALYZE tether_records"});
}

/// A service on a table of many rows, and how long each page took that was fetched from all over it.
class Paged {
 public:
  Paged(const Workshop& workshop, const std::string& name, std::int64_t rows)
      : rows_(rows), service_(workshop.serve(filled(workshop, name, rows))) {}

  void fetch(int page, int of_pages) {
    // Not before: the service closes a connection that idles while another table is filled.
    if (!reader_) reader_.emplace(service_.port());
    const std::string cursor = std::to_string((rows_ - k_page) / of_pages * page);
    times_.push_back(ms_of([&] { reader_->read(cursor, k_page); }));
  }
  double page_ms() const { return median(times_); }

 private:
  static std::string filled(const Workshop& workshop, const std::string& name, std::int64_t rows) {
    const std::string url = workshop.new_postgres(name);
    fill(url, rows);
    return url;
  }

  std::int64_t rows_;
  Service service_;
  std::optional<PageReader> reader_;
  std::vector<double> times_;
};

}  // namespace

std::vector<Figure> measure_postgres_push(const Workshop& workshop) {
  const std::string original = pending(workshop, workshop.rows);
  return {push_beside_bare(workshop, original, 1'000, 0.6), push_beside_bare(workshop, original, 100, 0.45)};
}

std::vector<Figure> measure_postgres_small(const Workshop& workshop) {
  constexpr int k_clients = 64;
  constexpr int k_pushes = 50;
  const auto rate = [&](const Arguments& options) {
    const Service service = workshop.serve(workshop.new_postgres("small"), options);
    const Loaded loaded =
        push_together({.port = service.port(), .clients = k_clients, .mutations = 5, .pushes = k_pushes});
    if (loaded.failed > 0) throw std::runtime_error("pushes failed");
    return per_second(k_clients * k_pushes, loaded.ms);
  };
  std::vector<double> together;
  std::vector<double> alone;
  for (int round = 0; round < workshop.rounds; ++round) {
    together.push_back(rate({}));
    alone.push_back(rate({"--group-mutations", "1"}));
  }
  return {ratio_at_least("64 clients pushing 5 each, one scope; beside a transaction per push", "pushes/s",
                         median(together), median(alone), 3)};
}

std::vector<Figure> measure_postgres_scopes(const Workshop& workshop) {
  constexpr int k_clients = 4;
  constexpr int k_batch = 1'000;
  const auto pushes = static_cast<int>(std::max<std::int64_t>(k_clients, workshop.rows / k_batch));
  const auto rate = [&](int clients) {
    const std::string url = workshop.new_postgres("scopes");
    Load load{.clients = clients, .mutations = k_batch, .pushes = pushes / clients};
    for (int client = 0; client < clients; ++client) load.tokens.push_back(workshop.new_token(url, client));
    const Service service = workshop.serve(url, {"--auth", "token"});
    load.port = service.port();
    const Loaded loaded = push_together(load);
    if (loaded.failed > 0) throw std::runtime_error("pushes failed");
    return per_second(std::int64_t{clients} * load.pushes * k_batch, loaded.ms);
  };
  std::vector<double> four;
  std::vector<double> one;
  for (int round = 0; round < workshop.rounds; ++round) {
    four.push_back(rate(k_clients));
    one.push_back(rate(1));
  }
  return {
      ratio_at_least("4 clients pushing into 4 scopes, beside one client", "rows/s", median(four), median(one), 1.4)};
}

std::vector<Figure> measure_postgres_pull(const Workshop& workshop) {
  const std::string url = workshop.new_postgres("pull");
  const Service service = workshop.serve(url);
  run({workshop.tether(), "--db", pending(workshop, workshop.rows), "-q", "push", "--server", service.url()});
  run({"psql", "-q", url, "-c", "VACUUM ANALYZE"});
  std::vector<double> ours;
  std::vector<double> copy;
  std::vector<double> served;
  std::vector<double> pages;
  for (int round = 0; round < workshop.rounds; ++round) {
    const std::string client = workshop.new_client("pull");
    ours.push_back(run({workshop.tether(), "--db", client, "-q", "pull", "--page", std::to_string(k_page), "--server",
                        service.url()}));
    copy.push_back(workshop.bare_ms({"bare-postgres-copy", url}));
    served.push_back(fetch_all_pages_ms(service.port(), workshop.rows));
    pages.push_back(workshop.bare_ms({"bare-postgres-pages", url, std::to_string(k_page)}));
  }
  const auto rate = [&](const std::vector<double>& times) { return per_second(workshop.rows, median(times)); };
  return {ratio_at_least("pull by an empty client, beside COPY", "rows/s", rate(ours), rate(copy), 0.25),
          ratio_at_least("pages of the service alone, beside libpq", "rows/s", rate(served), rate(pages), 0.7)};
}

std::vector<Figure> measure_postgres_active(const Workshop& workshop) {
  const std::string url = workshop.new_postgres("active");
  double start_ms = 0;
  const auto started = std::chrono::steady_clock::now();
  const Service service = workshop.serve(url);
  httplib::Client probe("127.0.0.1", service.port());
  while (true) {
    const auto ready = probe.Get("/readyz");
    if (ready && ready->status == 200) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  start_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  const Loaded loaded = push_together({.port = service.port(), .clients = 200, .mutations = 100, .pushes = 20});
  return {at_most("start to ready", "ms", start_ms, 1'000),
          at_most("200 clients pushing 100 each: failed", "pushes", loaded.failed, 0),
          ratio_at_most("200 clients pushing 100 each: p99 beside p50", "ms", loaded.percentile(99),
                        loaded.percentile(50), 10),
          at_most("memory of the replica then", "MB", service.peak_mb(), 60)};
}

std::vector<Figure> measure_postgres_large(const Workshop& workshop) {
  constexpr int k_pages = 200;
  const std::int64_t rows = workshop.large_rows * 10;
  Paged few(workshop, "large_few", 100'000);
  Paged many(workshop, "large_many", rows);
  for (int page = 0; page < k_pages; ++page) {
    few.fetch(page, k_pages);
    many.fetch(page, k_pages);
  }
  return {ratio_at_most(fmt::format("page of 1,000 from {} rows, beside 100000", rows), "ms", many.page_ms(),
                        few.page_ms(), 1.5)};
}

}  // namespace tether::bench
