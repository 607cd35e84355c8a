// SPDX-License-Identifier: MIT
// Whether what a models file says of one model goes together. Private to the reader (models.hpp).
#pragma once

#include <map>
#include <string_view>

#include "rules/model_node.hpp"

namespace tether::rules {

/// The keys that were said of a model, and where.
using ModelParts = std::map<std::string, Node, std::less<>>;

/// Adds a fault for each contradiction between keys.
void check_model(const Node& node, const Model& model, const ModelParts& parts, Faults& faults);

}  // namespace tether::rules
