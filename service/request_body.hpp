// SPDX-License-Identifier: MIT
// A body while it arrives: counted piece by piece as it comes out of chunks and decompression, so that no kind of body
// can be larger in memory than was agreed, nor all bodies together.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace tether::service {

/// Memory for the bodies of all requests under way: large ones share one part of it, and leave another to small ones,
/// so that a slow upload does not turn everybody else away.
class BodyBudget {
 public:
  BodyBudget(std::size_t large_bytes_max, std::size_t small_bytes_max)
      : left_(static_cast<std::int64_t>(large_bytes_max + small_bytes_max)),
        for_small_(static_cast<std::int64_t>(small_bytes_max)) {}
  bool take(std::size_t bytes, bool for_large);
  void give_back(std::size_t bytes) { left_ += static_cast<std::int64_t>(bytes); }

 private:
  std::atomic<std::int64_t> left_;
  std::int64_t for_small_;
};

class RequestBody {
 public:
  enum class State { sound, too_large, no_room };
  RequestBody(std::size_t bytes_max, BodyBudget& budget) : bytes_max_(bytes_max), budget_(budget) {}
  ~RequestBody() { budget_.give_back(taken_); }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  /// Says how much will come, where that is known, so that memory is moved less often.
  void expect(std::uint64_t bytes);
  /// False once it is over a limit: nothing more is wanted.
  bool add(const char* data, std::size_t size);
  State state() const { return state_; }
  const std::string& text() const { return text_; }
  /// The text, which is gone from here; the room that it was given stays taken.
  std::string take() { return std::move(text_); }

 private:
  std::size_t bytes_max_;
  BodyBudget& budget_;
  std::size_t taken_ = 0;
  State state_ = State::sound;
  std::string text_;
};

}  // namespace tether::service
