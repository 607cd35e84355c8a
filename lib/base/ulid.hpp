// SPDX-License-Identifier: MIT
// ULIDs: 48 bits of milliseconds, 80 bits of chance, 26 characters of Crockford's base 32, sortable as text.
// Source: the ULID specification, https://github.com/ulid/spec.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace tether {

struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  /// Canonical text, upper case.
  std::string text() const;
  /// Milliseconds since 1970 from the first 48 bits.
  std::int64_t time_ms() const;
  /// Reads 26 characters of either case, without I, L, O, U; nothing above 7ZZZ…; nullopt for anything else.
  static std::optional<Ulid> parse(std::string_view text);

  auto operator<=>(const Ulid&) const = default;
};

/// Makes ULIDs that strictly increase, whatever the clock does: within one millisecond, and while the clock is behind
/// the last one made, the last is incremented. When the 80 bits run over, the time part moves on by one (the
/// specification lets generation fail there; a write must not). One thread.
class UlidSource {
 public:
  UlidSource(Clock& clock, Random& random) : clock_(clock), random_(random) {}
  Ulid next();
  /// What is made from now on is above `last`, which another source made: in a later millisecond, with chance of its
  /// own, so that two sources that start after the same one do not make the same.
  void start_after(const Ulid& last);

 private:
  Clock& clock_;
  Random& random_;
  std::optional<Ulid> last_;
  std::int64_t earliest_ms_ = 0;
};

}  // namespace tether
