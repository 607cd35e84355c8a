// SPDX-License-Identifier: MIT
// Every limit of the protocol, with its reason. The service may be told smaller or larger ones for those in `Limits`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tether::protocol {

constexpr std::size_t k_entity_id_bytes_max = 64;  // the original client sends any string of up to 26; room for UUIDs
constexpr std::size_t k_client_id_bytes_max = 128;
constexpr std::size_t k_model_bytes_max = 128;
constexpr unsigned k_json_depth_max = 64;  // deeper than any record a person would design; bounds recursion

struct Limits {
  // The original client may send everything pending in one request; 16 MiB holds about 40,000 usual mutations.
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  std::size_t mutations_max = 50'000;
  // One record: large enough for a document with a small picture, small enough for thousands in memory.
  std::size_t payload_bytes_max = 1024 * 1024;
  // Rows of a page when the request names no limit, and the most that it may ask for.
  std::int64_t page_rows_default = 1'000;
  std::int64_t page_rows_max = 10'000;
  // A page ends early once its text is this long, so that large records cannot make a large reply.
  std::size_t page_bytes_max = 8 * 1024 * 1024;
};

}  // namespace tether::protocol
