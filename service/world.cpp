// SPDX-License-Identifier: MIT
#include "service/world.hpp"

#include <charconv>

#include "base/error.hpp"

namespace tether::service {

namespace {

Instant start_of_clock(const std::string& text) {
  try {
    return parse_rfc3339(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::usage, "$TETHER_NOW: " + std::string(error.what()), error.hint());
  }
}

std::uint64_t seed_from(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::usage, "$TETHER_SEED: '" + text + "' is no whole number");
  }
  return seed;
}

}  // namespace

World make_world(const Environment& environment) {
  World world;
  if (const auto now = environment("TETHER_NOW")) {
    world.clock = std::make_unique<SharedClock>(std::make_unique<SteppingClock>(start_of_clock(*now)));
    world.warnings.push_back("the clock starts at " + *now + " ($TETHER_NOW is set)");
  } else {
    world.clock = std::make_unique<SystemClock>();
  }
  if (const auto seed = environment("TETHER_SEED")) {
    world.random = std::make_unique<SharedRandom>(std::make_unique<SeededRandom>(seed_from(*seed)));
    world.warnings.push_back("ids and tokens are not random ($TETHER_SEED is set)");
  } else {
    world.random = std::make_unique<SharedRandom>(std::make_unique<SystemRandom>());
  }
  return world;
}

}  // namespace tether::service
