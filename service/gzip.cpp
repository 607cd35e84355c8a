// SPDX-License-Identifier: MIT
#include "service/gzip.hpp"

#include <array>

#include "base/error.hpp"

namespace tether::service {

namespace {
constexpr int k_gzip_window = 15 + 16;  // the largest window, in gzip's own wrapping
}

std::string gzipped(std::string_view text) {
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

Gunzip::Gunzip() {
  if (inflateInit2(&stream_, k_gzip_window) != Z_OK) {
    throw Error(ErrorCode::internal, "no memory to unpack a request");
  }
}

Gunzip::~Gunzip() {
  inflateEnd(&stream_);
}

bool Gunzip::add(const char* packed, std::size_t size, const Sink& sink) {
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed));
  stream_.avail_in = static_cast<uInt>(size);
  while (stream_.avail_in > 0) {
    if (!unpack_one(sink)) return false;
  }
  return true;
}

/// Up to the end of what there is, or of one stream: several may stand one behind the other.
bool Gunzip::unpack_one(const Sink& sink) {
  if (is_complete_) inflateReset(&stream_);
  std::array<char, 16 * 1024> text;
  int state = Z_OK;
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_out = static_cast<uInt>(text.size());
    state = inflate(&stream_, Z_NO_FLUSH);
    is_complete_ = state == Z_STREAM_END;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return false;
    if (!sink(text.data(), text.size() - stream_.avail_out)) return false;
  } while (stream_.avail_out == 0 && !is_complete_);
  return true;
}

}  // namespace tether::service
