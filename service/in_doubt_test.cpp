// SPDX-License-Identifier: MIT
// Commits that take effect while whoever asked for them is told that the store is away.
#include <atomic>
#include <nlohmann/json.hpp>

#include "authority/meddled_database.hpp"
#include "service/fixture.hpp"

using namespace tether;
using namespace tether::service;
using json = nlohmann::json;

namespace {

/// A connection that is lost behind every commit, as long as `losing` says so.
class Losing final : public sql::Database {
 public:
  Losing(std::unique_ptr<sql::Database> store, const std::atomic<bool>& losing)
      : store_(std::move(store)),
        meddled_(
            *store_, [](std::string_view) -> std::int64_t { return 0; },
            [&losing] {
              if (losing) throw Error(ErrorCode::unreachable, "the connection was lost");
            }) {}
  std::unique_ptr<sql::Transaction> begin(sql::Access access) override {
    return access == sql::Access::write ? meddled_.begin(access) : store_->begin(access);
  }
  std::int64_t execute(std::string_view text, std::span<const sql::Value> parameters,
                       const sql::RowSink& sink) override {
    return store_->execute(text, parameters, sink);
  }
  void execute_script(std::string_view script) override { store_->execute_script(script); }
  void wait_for_locks(std::chrono::milliseconds longest) override { store_->wait_for_locks(longest); }
  std::vector<std::string> tables() override { return store_->tables(); }

 private:
  std::unique_ptr<sql::Database> store_;
  authority::fixture::MeddledDatabase meddled_;
};

TEST_CASE("a push that was answered 503 though it took effect has one effect, and one answer from then on") {
  std::atomic<bool> losing = false;
  TestService service;
  service.meddle = [&](std::unique_ptr<sql::Database> store) {
    return std::make_unique<Losing>(std::move(store), losing);
  };
  Client client(service.port());
  losing = true;
  const Answer lost = client.post("/tether/push", push_of(3));
  CHECK(lost.status == 503);
  CHECK(lost.has("Retry-After: 1"));
  CHECK(json::parse(lost.body)["error"]["code"] == "unreachable");
  const std::string page = client.post("/tether/pull", k_first_pull).body;
  CHECK(json::parse(page)["snapshots"].size() == 3);
  losing = false;
  const json first = json::parse(client.post("/tether/push", push_of(3)).body);
  CHECK(first["applied"].size() == 3);
  for (const auto& rev : first["revs"]) CHECK(rev == 1);
  const json second = json::parse(client.post("/tether/push", push_of(3)).body);
  CHECK(second["applied"] == first["applied"]);
  CHECK(second["revs"] == first["revs"]);
  CHECK(json::parse(client.post("/tether/pull", k_first_pull).body)["snapshots"] == json::parse(page)["snapshots"]);
}

}  // namespace
