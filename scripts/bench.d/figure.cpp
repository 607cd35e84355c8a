// SPDX-License-Identifier: MIT
#include "bench.d/figure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace tether::bench {
namespace {

std::string number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return value >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string shown(const std::optional<double>& value) {
  return value ? number(*value) : "-";
}

std::string json_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.4f}", *value) : "null";
}

}  // namespace

Figure ratio_at_least(std::string name, std::string unit, double measured, double yardstick, double least) {
  const double ratio = measured / yardstick;
  return {std::move(name), std::move(unit), measured, yardstick, ratio, fmt::format("ratio >= {}", least),
          ratio >= least};
}

Figure ratio_at_most(std::string name, std::string unit, double measured, double yardstick, double most) {
  const double ratio = measured / yardstick;
  return {std::move(name), std::move(unit), measured, yardstick, ratio, fmt::format("ratio <= {}", most),
          ratio <= most};
}

Figure at_least(std::string name, std::string unit, double measured, double least) {
  return {std::move(name), std::move(unit), measured, {}, {}, fmt::format(">= {}", least), measured >= least};
}

Figure at_most(std::string name, std::string unit, double measured, double most) {
  return {std::move(name), std::move(unit), measured, {}, {}, fmt::format("<= {}", most), measured <= most};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values.at(middle) : (values.at(middle - 1) + values.at(middle)) / 2;
}

std::string table(const std::vector<Figure>& figures) {
  constexpr auto k_line = "{:<42} {:>12} {:>12} {:>7}  {:<14} {}\n";
  std::string out = fmt::format(k_line, "figure", "measured", "yardstick", "ratio", "must be", "");
  for (const Figure& figure : figures) {
    out += fmt::format(k_line, figure.name + ", " + figure.unit, number(figure.measured), shown(figure.yardstick),
                       shown(figure.ratio), figure.must, figure.passed ? "pass" : "FAIL");
  }
  return out;
}

std::string json(const std::vector<Figure>& figures) {
  std::string out = "{\"figures\": [";
  long passed = 0;
  for (const Figure& figure : figures) {
    passed += figure.passed ? 1 : 0;
    out += fmt::format(
        "{}\n  {{\"name\": \"{}\", \"unit\": \"{}\", \"measured\": {}, \"yardstick\": {}, \"ratio\": {}, \"must\": "
        "\"{}\", "
        "\"passed\": {}}}",
        &figure == figures.data() ? "" : ",", figure.name, figure.unit, json_number(figure.measured),
        json_number(figure.yardstick), json_number(figure.ratio), figure.must, figure.passed);
  }
  return out +
         fmt::format("],\n \"passed\": {}, \"failed\": {}}}\n", passed, static_cast<long>(figures.size()) - passed);
}

}  // namespace tether::bench
