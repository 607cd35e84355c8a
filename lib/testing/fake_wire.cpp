// SPDX-License-Identifier: MIT
#include "testing/fake_wire.hpp"

#include <utility>

namespace tether::testing {

namespace {

replica::Answer lost(const char* how) {
  return replica::Unreachable{.reason = how};
}

}  // namespace

void FakeWire::deliver_delayed() {
  while (!delayed_.empty()) {
    const auto chosen = delayed_.begin() + static_cast<std::ptrdiff_t>(random_.below(delayed_.size()));
    const Letter letter = std::move(*chosen);
    delayed_.erase(chosen);
    arrive(letter.call, letter.body);
  }
}

replica::Answer FakeWire::carry(Call call, std::string_view body) {
  ++requests_;
  if (is_cut_) return lost("the wire is cut");
  if (happens(weather_.lost_requests)) return lost("the request was lost");
  if (happens(weather_.delays)) {
    delayed_.push_back({call, std::string(body)});
    return lost("no answer in time");
  }
  if (happens(weather_.duplicates)) arrive(call, body);
  auto reply = arrive(call, body);
  if (std::exchange(drops_next_reply_, false) || happens(weather_.lost_replies)) return lost("the reply was lost");
  if (happens(weather_.broken_replies)) reply.resize(random_.below(reply.size()));
  return replica::Reply{std::move(reply)};
}

}  // namespace tether::testing
