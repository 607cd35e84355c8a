// SPDX-License-Identifier: MIT
#include "replica/dismissal.hpp"

#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

/// The server has a record, of rev 1.
struct Invoice : Desk {
  Invoice() {
    create(file, "inv", R"({"amount":50,"note":"open"})");
    push_all_applied();
  }
  MutationId refused(const MutationId& id) {
    let_server_refuse(file, id, "validation_failed");
    return id;
  }
  MutationId too_much() { return refused(update(file, "inv", R"({"amount":5000})")->mutation_id); }
  /// operation|payload|before of what will be pushed.
  std::string waiting() {
    return rows(file.database(),
                "SELECT operation, payload, before FROM tether_mutation_logs WHERE sync_status = 'pending' ORDER BY id",
                3);
  }
  std::string settled_by(const MutationId& id) {
    return rows(file.database(), "SELECT settled_by FROM tether_mutation_logs WHERE mutation_id = '" + id.value + "'");
  }
  void refused_notes(std::int64_t count) {
    sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      Recorder recorder(file, transaction);
      for (std::int64_t i = 0; i < count; ++i) recorder.create({"Note"}, std::nullopt, "{}");
    });
    file.database().execute(
        "UPDATE tether_mutation_logs SET sync_status = 'failed', rejection_reason = 'forbidden' WHERE model = 'Note'");
  }
  /// How many of all were given up, and the ids of those that stay failed.
  std::string dismissed_of_all() {
    std::string refused;
    const Dismissal dismissal = dismiss_all_failed(
        file, [&](const Refusal& refusal) { refused += " " + refusal.mutation.id.value; }, [](std::int64_t) {});
    return std::to_string(dismissal.dismissed) + refused;
  }
  std::string shown() { return rows(file.database(), "SELECT payload, deleted FROM tether_records", 2); }
};

}  // namespace

TEST_CASE("what would be given up is not, while an edit waits that would bring it to the server after all") {
  Invoice invoice;
  const MutationId refused = invoice.too_much();
  update(invoice.file, "inv", R"({"note":"paid"})");
  CHECK(fault_of([&] { dismiss_failed(invoice.file, {refused}); }) == ErrorCode::exists);
  CHECK(invoice.settled_by(refused) == "NULL");
  CHECK(invoice.waiting() == R"(update|{"amount":5000,"note":"paid"}|{"note":"open"})");
  CHECK(invoice.shown() == R"({"amount":5000,"note":"paid"}|0)");
  CHECK(invoice.differences() == "");
}

TEST_CASE("what was refused together is given up together, and what was written before it stays as it is") {
  Invoice invoice;
  const MutationId before = update(invoice.file, "inv", R"({"by":"ann"})")->mutation_id;
  const MutationId refused = invoice.too_much();
  const MutationId carrier = invoice.refused(update(invoice.file, "inv", R"({"note":"paid"})")->mutation_id);
  CHECK(invoice.dismissed_of_all() == "2");
  CHECK(invoice.settled_by(refused) == "dismissed");
  CHECK(invoice.settled_by(carrier) == "dismissed");
  CHECK(invoice.settled_by(before) == "NULL");
  CHECK(invoice.waiting() == R"(update|{"amount":50,"note":"open","by":"ann"}|{"by":null})");
  CHECK(invoice.shown() == R"({"amount":50,"note":"open","by":"ann"}|0)");
  CHECK(invoice.differences() == "");
}

TEST_CASE("of all, what a sync beside it lets fail is given up with its record") {
  Invoice invoice;
  const MutationId before = update(invoice.file, "inv", R"({"by":"ann"})")->mutation_id;
  invoice.refused_notes(500);
  const MutationId refused = invoice.too_much();
  const auto sync_beside = [&](std::int64_t count) {
    if (count == 500) invoice.refused(before);
  };
  const auto none = [](const Refusal&) { FAIL("refused"); };
  CHECK(dismiss_all_failed(invoice.file, none, sync_beside).dismissed == 502);
  CHECK(invoice.settled_by(refused) == "dismissed");
  CHECK(invoice.settled_by(before) == "dismissed");
  CHECK(invoice.differences() == "");
}

TEST_CASE("of all, a record with an edit that waits with what would be given up holds up no other") {
  Invoice invoice;
  std::int64_t others = 3;
  SUBCASE("in one step") {}
  SUBCASE("in steps, of which the last meets the record again") {
    others = 1'100;
  }
  const MutationId first = invoice.too_much();
  invoice.refused_notes(others);
  const MutationId second = invoice.refused(update(invoice.file, "inv", R"({"by":"ann"})")->mutation_id);
  update(invoice.file, "inv", R"({"note":"paid"})");
  const std::string kept = " " + first.value + " " + second.value;
  CHECK(invoice.dismissed_of_all() == std::to_string(others) + kept);
  CHECK(invoice.settled_by(first) == "NULL");
  CHECK(invoice.settled_by(second) == "NULL");
  CHECK(invoice.dismissed_of_all() == "0" + kept);
  CHECK(invoice.differences() == "");
}

TEST_CASE("an edit that has nothing of what is given up keeps its id") {
  Invoice invoice;
  const MutationId refused = invoice.too_much();
  SUBCASE("it set the same field itself") {
    const MutationId waits = update(invoice.file, "inv", R"({"amount":60})")->mutation_id;
    CHECK(dismiss_failed(invoice.file, {refused}).dismissed == 1);
    CHECK(invoice.settled_by(waits) == "NULL");
    CHECK(invoice.shown() == R"({"amount":60,"note":"open"}|0)");
  }
  SUBCASE("it is a delete") {
    const MutationId waits = remove(invoice.file, "inv").mutation_id;
    CHECK(dismiss_failed(invoice.file, {refused}).dismissed == 1);
    CHECK(invoice.settled_by(waits) == "NULL");
  }
  SUBCASE("it begins the record anew") {
    remove(invoice.file, "inv");
    create(invoice.file, "inv", R"({"amount":5000})");
    CHECK(dismiss_failed(invoice.file, {refused}).dismissed == 1);
    CHECK(invoice.shown() == R"({"amount":5000}|0)");
  }
  CHECK(invoice.differences() == "");
}

TEST_CASE("what waits behind a create that is given up could never apply, and is given up with it") {
  Invoice invoice;
  const MutationId refused = invoice.refused(create(invoice.file, "new", R"({"amount":5000})")->mutation_id);
  const MutationId waits = update(invoice.file, "new", R"({"note":"paid"})")->mutation_id;
  SUBCASE("the server has no such record") {
    const Dismissal dismissal = dismiss_failed(invoice.file, {refused});
    CHECK(dismissal.dismissed == 1);
    REQUIRE(dismissal.along.size() == 1);
    CHECK(dismissal.along[0].id == waits);
    CHECK(invoice.settled_by(waits) == "dismissed");
    CHECK(record_of(invoice.file, "new").empty());
    CHECK(invoice.waiting() == "");
  }
  SUBCASE("someone else made the record meanwhile") {
    invoice.pull_page({snapshot("new", R"({"amount":7})", 3)}, 10);
    CHECK(fault_of([&] { dismiss_failed(invoice.file, {refused}); }) == ErrorCode::exists);
    CHECK(invoice.settled_by(waits) == "NULL");
  }
  SUBCASE("a later create of it stands") {
    remove(invoice.file, "new");
    create(invoice.file, "new", R"({"amount":8})");
    CHECK(dismiss_failed(invoice.file, {refused}).along.size() == 2);
    CHECK(invoice.waiting() == R"(create|{"amount":8}|NULL)");
  }
  CHECK(invoice.differences() == "");
}

TEST_CASE("what failed of one record is found by the record, however much else failed") {
  Workbench bench;
  File file = bench.make();
  std::string plan;
  const sql::Value parameters[] = {"Task", "a"};
  file.database().execute("EXPLAIN QUERY PLAN " + std::string(k_failed_of_record.text), parameters,
                          [&](const sql::Row& row) { plan += row.text(3); });
  CHECK(plan == "SEARCH tether_mutation_logs USING INDEX tether_mutation_logs_entity (entity_id=?)");
}

}  // namespace tether::replica
