// SPDX-License-Identifier: MIT
// scripts/bench: every figure that Tether is held to, measured beside its yardstick in the same run.
#include <fmt/core.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>

#include "bench.d/bare.hpp"
#include "bench.d/bare_postgres.hpp"
#include "bench.d/workshop.hpp"

namespace tether::bench {
namespace {

constexpr Group k_groups[] = {
    {"record", measure_record}, {"one", measure_one_record}, {"push", measure_push},
    {"models", measure_models}, {"pull", measure_pull},      {"latency", measure_latency},
    {"idle", measure_idle},     {"bombs", measure_bombs},    {"large", measure_large},
};

// With --postgres.
constexpr Group k_postgres_groups[] = {
    {"push", measure_postgres_push},   {"small", measure_postgres_small},   {"scopes", measure_postgres_scopes},
    {"pull", measure_postgres_pull},   {"active", measure_postgres_active}, {"idle", measure_postgres_idle},
    {"large", measure_postgres_large},
};

constexpr int k_missed = 3;  // a figure was missed

struct Options {
  Workshop workshop;
  std::string only;
  bool json = false;
};

/// One of the programs that the bench starts itself as; nullopt for the bench.
std::optional<int> part(const Arguments& arguments) {
  if (arguments.empty()) return std::nullopt;
  if (arguments[0] == "report-peak") return report_peak({arguments.begin() + 1, arguments.end()});
  if (arguments[0] == "bare-record") return bare_record(arguments.at(1), arguments.at(2));
  if (arguments[0] == "bare-push") return bare_push(arguments.at(1), arguments.at(2));
  if (arguments[0] == "bare-pull") return bare_pull(std::stoi(arguments.at(1)), arguments.at(2));
  if (arguments[0] == "bare-postgres-push") {
    return bare_postgres_push(arguments.at(1), arguments.at(2), std::stoll(arguments.at(3)));
  }
  if (arguments[0] == "bare-postgres-copy") return bare_postgres_copy(arguments.at(1));
  if (arguments[0] == "bare-postgres-pages") return bare_postgres_pages(arguments.at(1), std::stoll(arguments.at(2)));
  return std::nullopt;
}

Options parse(const Arguments& arguments) {
  Options options;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& name = arguments[at];
    if (name == "--json") {
      options.json = true;
      continue;
    }
    const std::string& value = arguments.at(++at);
    if (name == "--bin")
      options.workshop.bin = value;
    else if (name == "--scratch")
      options.workshop.scratch = value;
    else if (name == "--rows")
      options.workshop.rows = std::stoll(value);
    else if (name == "--large-rows")
      options.workshop.large_rows = std::stoll(value);
    else if (name == "--rounds")
      options.workshop.rounds = std::stoi(value);
    else if (name == "--postgres")
      options.workshop.postgres = value;
    else if (name == "--only")
      options.only = value;
    else
      throw std::runtime_error("unknown option " + name);
  }
  return options;
}

int measure_all(const Options& options) {
  std::vector<Figure> figures;
  bool missed = false;
  bool broken = false;  // what the other groups measured is told all the same
  const auto groups =
      options.workshop.postgres.empty() ? std::span<const Group>(k_groups) : std::span<const Group>(k_postgres_groups);
  for (const Group& group : groups) {
    if (!options.only.empty() && options.only != group.name) continue;
    fmt::print(stderr, "measuring {}\n", group.name);
    try {
      for (Figure& figure : group.measure(options.workshop)) {
        missed = missed || !figure.passed;
        figures.push_back(std::move(figure));
      }
    } catch (const std::exception& e) {
      fmt::print(stderr, "bench: group {}: {}\n", group.name, e.what());
      broken = true;
    }
  }
  if (figures.empty() && !broken) throw std::runtime_error("there is no group of figures called " + options.only);
  fmt::print("{}", options.json ? json(figures) : table(figures));
  if (broken) return EXIT_FAILURE;
  return missed ? k_missed : EXIT_SUCCESS;
}

}  // namespace
}  // namespace tether::bench

int main(int count, char** words) try {
  const tether::bench::Arguments arguments(words + 1, words + count);
  if (const auto status = tether::bench::part(arguments)) return *status;
  return tether::bench::measure_all(tether::bench::parse(arguments));
} catch (const std::exception& e) {
  fmt::print(stderr, "bench: {}\n", e.what());
  return EXIT_FAILURE;
}
