// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <functional>
#include <string>
#include <string_view>

namespace tether::service {

/// Replies shorter than this are sent as they are: they fit into one packet anyway.
constexpr std::size_t k_gzip_bytes_min = 1'400;

/// `text` as a gzip stream, at the fastest level: JSON shrinks to a fifth and the sender is not held up.
std::string gzipped(std::string_view text);

/// Unpacks what arrives in pieces.
class Gunzip {
 public:
  using Sink = std::function<bool(const char* data, std::size_t size)>;

  Gunzip();
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// False when that is no gzip, or when `sink` wants no more.
  bool add(const char* packed, std::size_t size, const Sink& sink);
  /// Whether all came, with the checksum at the end.
  bool is_complete() const { return is_complete_; }

 private:
  bool unpack_one(const Sink& sink);

  z_stream stream_{};
  bool is_complete_ = false;
};

}  // namespace tether::service
