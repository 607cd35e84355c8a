// SPDX-License-Identifier: MIT
// Where the bench works: the programs, a scratch folder, how many rows and rounds; and the few things that every group
// of figures does with them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench.d/figure.hpp"
#include "bench.d/process.hpp"

namespace tether::bench {

struct Workshop {
  std::string bin;  // the folder of tether and tether-service
  std::string scratch;
  std::int64_t rows = 100'000;
  std::int64_t large_rows = 1'000'000;
  int rounds = 5;
  std::string postgres;  // the URL of a database that may make others

  std::string tether() const { return bin + "/tether"; }
  std::string service() const { return bin + "/tether-service"; }
  std::string self() const { return "/proc/self/exe"; }
  std::string path(std::string_view name) const { return scratch + "/" + std::string(name); }

  /// A new client's file NAME.db, any earlier one removed; its path.
  std::string new_client(std::string_view name, std::string_view server = {}) const;
  /// A new, migrated server's file, any earlier one removed; its path.
  std::string new_store(std::string_view name) const;
  /// A new, migrated database of Postgres, any earlier one removed; its URL.
  std::string new_postgres(std::string_view name) const;
  /// A token of a migrated store for a scope of its own.
  std::string new_token(const std::string& store, int scope) const;
  /// A service on a file or a URL.
  Service serve(const std::string& store, const Arguments& more = {}) const;
  /// A copy of a client's file that has taken its new home; its path.
  std::string copy_client(const std::string& from, std::string_view name) const;
  /// A file of `rows` lines for `tether record --stdin`, each about 250 bytes; its path. Made once.
  std::string lines(std::int64_t rows) const;
  /// The milliseconds that a bare program reports.
  double bare_ms(Arguments arguments) const;
  void remove(const std::string& database) const;
};

inline double per_second(std::int64_t rows, double ms) {
  return static_cast<double>(rows) * 1000 / ms;
}

/// A group of figures, measured together.
struct Group {
  std::string_view name;
  std::vector<Figure> (*measure)(const Workshop& workshop);
};

std::vector<Figure> measure_record(const Workshop& workshop);
std::vector<Figure> measure_one_record(const Workshop& workshop);
std::vector<Figure> measure_push(const Workshop& workshop);
std::vector<Figure> measure_pull(const Workshop& workshop);
std::vector<Figure> measure_models(const Workshop& workshop);
std::vector<Figure> measure_latency(const Workshop& workshop);
std::vector<Figure> measure_idle(const Workshop& workshop);
std::vector<Figure> measure_bombs(const Workshop& workshop);
std::vector<Figure> measure_large(const Workshop& workshop);

std::vector<Figure> measure_postgres_push(const Workshop& workshop);
std::vector<Figure> measure_postgres_small(const Workshop& workshop);
std::vector<Figure> measure_postgres_scopes(const Workshop& workshop);
std::vector<Figure> measure_postgres_pull(const Workshop& workshop);
std::vector<Figure> measure_postgres_active(const Workshop& workshop);
std::vector<Figure> measure_postgres_idle(const Workshop& workshop);
std::vector<Figure> measure_postgres_large(const Workshop& workshop);

}  // namespace tether::bench
