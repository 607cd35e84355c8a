// SPDX-License-Identifier: MIT
// A network in memory: whole requests as text, handed to an authority in this process. It loses, repeats, delays and
// reorders from one seed, or does the next thing that a test asks for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "replica/exchange.hpp"
#include "replica/transport.hpp"

namespace tether::testing {

using replica::Call;

/// How often each thing goes wrong, in percent of requests.
struct Weather {
  unsigned lost_requests = 0;   // never arrives
  unsigned lost_replies = 0;    // arrives, is done, the answer is lost
  unsigned duplicates = 0;      // arrives twice
  unsigned delays = 0;          // the sender gives up; it arrives later, after others
  unsigned broken_replies = 0;  // the answer is cut short
};

class FakeWire {
 public:
  /// Answers one request of `client` on the server's side; throws what a server would answer 5xx for.
  using Server = std::function<std::string(Call call, std::string_view body)>;

  FakeWire(Server server, Random& random) : server_(std::move(server)), random_(random) {}

  void set_weather(const Weather& weather) { weather_ = weather; }
  void cut() { is_cut_ = true; }
  void mend() { is_cut_ = false; }
  void drop_next_reply() { drops_next_reply_ = true; }

  /// Requests that were delayed arrive now, in no particular order.
  void deliver_delayed();

  replica::Answer carry(Call call, std::string_view body);
  std::size_t requests() const { return requests_; }

 private:
  struct Letter {
    Call call;
    std::string body;
  };
  bool happens(unsigned percent) { return percent > 0 && random_.below(100) < percent; }
  std::string arrive(Call call, std::string_view body) { return server_(call, body); }

  Server server_;
  Random& random_;
  Weather weather_;
  bool is_cut_ = false;
  bool drops_next_reply_ = false;
  std::size_t requests_ = 0;
  std::vector<Letter> delayed_;
};

/// For an exchange whose requests may all share one transport, as it carries each of them within its call.
inline replica::Exchange::OpenTransport every_way_is(replica::Transport& transport) {
  return [&transport]() -> replica::Transport& { return transport; };
}

/// One client's end of the wire.
class FakeTransport final : public replica::Transport {
 public:
  explicit FakeTransport(FakeWire& wire) : wire_(wire) {}
  replica::Answer push(std::string_view body) override { return wire_.carry(Call::push, body); }
  replica::Answer pull(std::string_view body) override { return wire_.carry(Call::pull, body); }
  replica::Answer preview(std::string_view body) override { return wire_.carry(Call::preview, body); }
  replica::Answer info() override { return replica::Unreachable{.reason = "the fake wire knows no info"}; }
  void cancel() override {}

 private:
  FakeWire& wire_;
};

}  // namespace tether::testing
