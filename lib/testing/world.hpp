// SPDX-License-Identifier: MIT
// Laptops, a server and the wire between them in one process, all from one seed: a test says what people do and what
// the network does, and asks afterwards whether every promise was kept. Verbs read as prose; see world_test.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "authority/authority.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "replica/conflicts.hpp"
#include "replica/file.hpp"
#include "replica/log.hpp"
#include "replica/pull.hpp"
#include "replica/push.hpp"
#include "testing/authorship.hpp"
#include "testing/fake_wire.hpp"
#include "testing/server_store.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::testing {

/// The world's time as one laptop's clock shows it: off by a fixed amount.
class SkewedClock final : public Clock {
 public:
  SkewedClock(Clock& truth, std::chrono::microseconds skew) : truth_(truth), skew_(skew) {}
  Instant now() override { return truth_.now() + skew_; }
  void sleep_for(std::chrono::microseconds duration) override { truth_.sleep_for(duration); }

 private:
  Clock& truth_;
  std::chrono::microseconds skew_;
};

class Laptop {
 public:
  Laptop(std::string path, FakeWire& wire, Clock& truth, Random& random, std::chrono::microseconds skew);

  std::string create(const std::string& model, std::string_view fields);
  void create_as(const std::string& model, const std::string& id, std::string_view fields);
  void update(const std::string& model, const std::string& id, std::string_view fields);
  void remove(const std::string& model, const std::string& id);

  replica::PushReport push(std::int64_t batch = 3);
  replica::PullReport pull(std::int64_t page = 3);
  /// What the server says a push would do: `01… applied`, in log order.
  std::vector<std::string> preview();
  /// Push and pull until both end well; at most a bounded number of times.
  void sync();

  std::vector<replica::ConflictView> conflicts();
  void resolve(const std::string& mutation_id, const replica::Resolution& resolution);

  /// The fields of a live record, or "" when it is deleted or unknown.
  std::string show(const std::string& model, const std::string& id);
  /// `Task/01… {…}` of every live record, in order.
  std::vector<std::string> records();
  std::vector<replica::LogEntry> log();
  /// Every record that differs from what replay computes; empty is well.
  std::vector<std::string> differences();
  /// The file as a backup of it would be; put_back writes it over the file in place, so that its inode stays.
  std::string bytes();
  void put_back(const std::string& bytes);
  /// Opens the file anew, as the next process would.
  void restart();
  replica::File& file() { return *file_; }

  std::chrono::milliseconds patience{0};  // for all attempts at one request; 0: a single attempt

 private:
  replica::Exchange exchange();

  std::string path_;
  SkewedClock clock_;
  Random& random_;
  FakeTransport transport_;
  std::unique_ptr<replica::File> file_;
};

class World {
 public:
  explicit World(std::uint64_t seed, const protocol::Limits& limits = {});

  /// Made at first mention, with a clock that is off by `skew`.
  Laptop& laptop(const std::string& name, std::chrono::microseconds skew = {});
  /// A laptop whose file is a copy of another's.
  Laptop& copy_of(const std::string& original, const std::string& name);
  FakeWire& wire() { return wire_; }
  Random& random() { return random_; }
  SteppingClock& clock() { return clock_; }
  sql::Database& store() { return *store_; }
  /// The server's store as a backup of it would be, and the server with the last such backup put back.
  std::string store_bytes();
  void put_store_back(const std::string& bytes);
  authority::Authority& authority() { return authority_; }
  /// Is shown every push that the server has answered, whether the answer arrives or not.
  using Observer = std::function<void(const protocol::PushRequest&, const protocol::PushReply&)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  /// Fair weather, late letters delivered, every laptop synced until nothing moves.
  void settle();
  /// What is wrong with the world, one line each; empty when every promise was kept. Call after settle().
  std::vector<std::string> broken_promises();

 private:
  std::string answer(Call call, std::string_view body);
  std::vector<std::string> server_records();
  std::vector<std::string> out_of_order(Laptop& laptop);
  std::vector<std::string> untold();

  protocol::Limits limits_;  // of the server
  SeededRandom random_;
  SteppingClock clock_;
  TemporaryDirectory directory_;
  authority::Authority authority_;
  ServerStore server_store_;
  std::unique_ptr<sql::Database> store_;
  FakeWire wire_;
  Observer observer_ = [](const auto&, const auto&) {};
  Authorship authorship_;
  Authorship authorship_at_backup_;
  std::map<std::string, std::unique_ptr<Laptop>> laptops_;
  std::map<std::string, std::size_t> arrivals_;  // of every mutation: how many had arrived before it for the first time
};

}  // namespace tether::testing
