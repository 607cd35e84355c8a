// SPDX-License-Identifier: MIT
#include "service/gzip.hpp"

#include <zlib.h>

#include "base/error.hpp"

namespace tether::service {

std::string gzipped(std::string_view text) {
  constexpr int k_gzip_window = 15 + 16;  // the largest window, in gzip's own wrapping
  constexpr int k_usual_memory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, k_gzip_window, k_usual_memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorCode::internal, "no memory to compress a reply");
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int end = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  TETHER_ASSERT(end == Z_STREAM_END);
  return packed;
}

}  // namespace tether::service
