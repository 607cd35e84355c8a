// SPDX-License-Identifier: MIT
// What a models file costs while nothing conflicts: the same push into a service that validates every payload and is
// ready to merge, and into one that knows of no models.
#include <fstream>

#include "bench.d/workshop.hpp"

namespace tether::bench {
namespace {

/// For the rows of Workshop::lines: each field has its type, two of them bounds.
constexpr std::string_view k_models = R"({"models": {"Task": {
  "validate": {
    "required": ["title", "done"],
    "properties": {
      "title": {"type": "string", "minLength": 1, "maxLength": 200},
      "note": {"type": ["string", "null"]},
      "done": {"type": "boolean"},
      "priority": {"type": "integer", "minimum": 0, "maximum": 9},
      "amount": {"type": "number"},
      "place": {"type": "string", "maxLength": 100},
      "tags": {"type": "string"}
    }
  },
  "conflict": "merge",
  "merge": {"amount": "counter", "note": "text", "*": "lww"}
}}})";

}  // namespace

std::vector<Figure> measure_models(const Workshop& workshop) {
  const std::string models = workshop.path("models.json");
  std::ofstream(models) << k_models;
  const std::string pending = workshop.new_client("models-pending");
  run({workshop.tether(), "--db", pending, "-q", "record", "--stdin"}, {.in = workshop.lines(workshop.rows)});
  const auto push_ms = [&](const Arguments& more) {
    const std::string client = workshop.copy_client(pending, "models-push");
    const Service service = workshop.serve(workshop.new_store("models-server"), more);
    return run({workshop.tether(), "--db", client, "-q", "push", "--server", service.url()});
  };
  std::vector<double> with;
  std::vector<double> without;
  for (int round = 0; round < workshop.rounds; ++round) {
    with.push_back(push_ms({"--models", models}));
    without.push_back(push_ms({}));
  }
  return {ratio_at_least("push with models, validation and merge", "rows/s", per_second(workshop.rows, median(with)),
                         per_second(workshop.rows, median(without)), 0.7)};
}

}  // namespace tether::bench
