// SPDX-License-Identifier: MIT
// One measured figure, what it is held to, and how a report shows it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tether::bench {

struct Figure {
  std::string name;
  std::string unit;
  double measured = 0;
  std::optional<double> yardstick;  // the same, done by the bare program
  std::optional<double> ratio;      // measured / yardstick
  std::string must;                 // what it is held to, for people
  bool passed = false;
};

Figure ratio_at_least(std::string name, std::string unit, double measured, double yardstick, double least);
Figure ratio_at_most(std::string name, std::string unit, double measured, double yardstick, double most);
Figure at_least(std::string name, std::string unit, double measured, double least);
Figure at_most(std::string name, std::string unit, double measured, double most);

double median(std::vector<double> values);

/// The aligned table.
std::string table(const std::vector<Figure>& figures);
/// One JSON object: {"figures": […], "passed": N, "failed": N}.
std::string json(const std::vector<Figure>& figures);

}  // namespace tether::bench
