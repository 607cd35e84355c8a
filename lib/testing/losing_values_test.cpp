// SPDX-License-Identifier: MIT
// Nothing that lost is gone: short histories from seeds, under every policy, of people who edit, delete and create one
// record without knowing of each other. At the end each value that did not prevail is found, with who wrote it.
// TETHER_SEED=… tries one seed under all policies, TETHER_HISTORIES=… other numbers of seeds.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>

#include "protocol/payload.hpp"
#include "testing/seeds.hpp"
#include "testing/value_referee.hpp"
#include "testing/world.hpp"

namespace tether::testing {
namespace {

using namespace std::chrono_literals;
using rules::DeletePolicy;
using rules::Policy;
using rules::Strategy;

constexpr std::uint64_t k_seeds = 40;
constexpr std::uint64_t k_steps_max = 6;
constexpr std::array k_fields{"a", "b", "c"};

constexpr sql::Statement k_shown{
    "SELECT payload, COALESCE(base, '{}'), CASE WHEN open_log_id IS NULL THEN deleted ELSE base_deleted END, rev "
    "FROM tether_records WHERE model = $1 AND entity_id = $2"};
constexpr sql::Statement k_on_the_server{
    "SELECT payload, deleted, rev FROM tether_records WHERE scope = 'default' AND model = $1 AND entity_id = $2"};

rules::Model merging(Strategy strategy, DeletePolicy delete_policy = DeletePolicy::by_policy) {
  rules::Model model{.policy = Policy::merge, .delete_policy = delete_policy};
  model.strategies.set("*", strategy);
  return model;
}

using ByName = std::map<std::string, rules::Model, std::less<>>;

ByName models() {
  return {{"last_write_wins", {}},
          {"client_wins", {.policy = Policy::client_wins}},
          {"server_wins", {.policy = Policy::server_wins}},
          {"manual", {.policy = Policy::manual}},
          {"merge", merging(Strategy::lww)},
          {"merge_server", merging(Strategy::server)},
          {"merge_client", merging(Strategy::client)},
          {"merge_manual", merging(Strategy::manual)},
          {"merge_edit_wins", merging(Strategy::lww, DeletePolicy::edit_wins)},
          {"merge_delete_conflict", merging(Strategy::lww, DeletePolicy::conflict)}};
}

/// Many histories are of one world, each of a record of its own.
struct Place {
  World world{1};
  std::map<std::string, Laptop*> laptops{
      {"ann", &world.laptop("ann")}, {"ben", &world.laptop("ben", 5h)}, {"cleo", &world.laptop("cleo", -7h)}};
  Place() { world.authority().use(std::make_shared<const rules::Models>(models())); }
};

class History {
 public:
  History(Place& place, const std::string& model, std::uint64_t seed)
      : world_(place.world),
        random_(seed),
        model_(model),
        id_(model + std::to_string(seed)),
        referee_(model == "last_write_wins" || model == "client_wins") {
    for (const auto& [name, laptop] : place.laptops) {
      if (seed % 2 == 0 || name != "cleo") people_.push_back({name, laptop, laptop->file().client_id().value, {}});
    }
    world_.observe([this](const auto& request, const auto& reply) {
      REQUIRE(request.mutations.size() == 1);
      referee_.hear(request.mutations[0], reply, on_the_server());
    });
  }

  std::string run() {
    create(people_[0]);
    push(people_[0]);
    for (Person& person : people_) pull(person);
    const std::uint64_t steps = 2 + random_.below(k_steps_max - 1);
    for (std::uint64_t step = 0; step < steps; ++step) {
      world_.clock().advance(std::chrono::seconds(1 + random_.below(600)));
      do_something(people_[random_.below(people_.size())]);
    }
    for (Person& person : people_) push(person);
    for (Person& person : people_) pull(person);
    for (Person& person : people_) referee_.look_at_log(person.client, log_of(*person.laptop));
    referee_.look_at_losses(losses());
    world_.observe([](const auto&, const auto&) {});
    return referee_.wrong().empty() ? "" : referee_.wrong() + story_;
  }

  std::size_t lost_values() const { return referee_.lost_values(); }

 private:
  struct Person {
    std::string name;
    Laptop* laptop;
    std::string client;
    std::set<std::string> seen;
  };

  void do_something(Person& person) {
    const bool is_there = !person.laptop->show(model_, id_).empty();
    switch (random_.below(10)) {
      case 0:
        return is_there ? remove(person) : create(person);
      case 1:
        return pull(person);
      case 2:
        return push(person);
      case 3:
        push(person);
        return pull(person);
      default:
        return is_there ? update(person) : create(person);
    }
  }

  void create(Person& person) {
    write(person, "creates", fields(person),
          [&](const std::string& fields) { person.laptop->create_as(model_, id_, fields); });
  }
  void update(Person& person) {
    write(person, "updates", fields(person),
          [&](const std::string& fields) { person.laptop->update(model_, id_, fields); });
  }
  void remove(Person& person) {
    write(person, "deletes", "{}", [&](const std::string&) { person.laptop->remove(model_, id_); });
  }

  template <typename Record>
  void write(Person& person, const std::string& verb, const std::string& fields, Record&& record) {
    record(fields);
    std::string id;
    person.laptop->file().database().execute("SELECT mutation_id FROM tether_mutation_logs ORDER BY id DESC LIMIT 1",
                                             {}, [&](const sql::Row& row) { id = row.text(0); });
    referee_.saw(id, person.client, person.seen);
    look(person);
    tell(person, verb + " " + fields + " as " + id);
  }

  void push(Person& person) {
    tell(person, "pushes");
    person.laptop->push(1);
    look(person);
  }
  void pull(Person& person) {
    tell(person, "pulls");
    person.laptop->pull(10);
    look(person);
  }

  /// One or two fields, each of a value that never was before.
  std::string fields(const Person& person) {
    const std::size_t first = random_.below(k_fields.size());
    const std::size_t count = 1 + random_.below(2);
    protocol::ObjectWriter out;
    for (std::size_t i = 0; i < count; ++i) {
      out.text_member(k_fields[(first + i) % k_fields.size()], person.name + std::to_string(++values_));
    }
    return std::move(out).finish();
  }

  /// Notes what the person is shown, beneath their own edits too.
  void look(Person& person) {
    sql::in_transaction(person.laptop->file().database(), sql::Access::read, [&](sql::Transaction& transaction) {
      transaction.run(k_shown, {model_, id_}, [&](const sql::Row& row) {
        for (const int column : {0, 1}) {
          for (const auto& member : protocol::members(row.text(column))) person.seen.emplace(member.value);
        }
        if (row.integer(2) != 0) person.seen.insert(ValueReferee::death(row.integer(3)));
      });
    });
  }

  ValueReferee::ServerRecord on_the_server() {
    ValueReferee::ServerRecord record;
    const auto reading = world_.store().begin(sql::Access::read);
    reading->run(k_on_the_server, {model_, id_}, [&](const sql::Row& row) {
      record = {row.integer(2), row.integer(1) != 0, std::string(row.text(0))};
    });
    tell_server(record);
    return record;
  }

  std::vector<replica::LogEntry> log_of(Laptop& laptop) {
    std::vector<replica::LogEntry> log;
    const auto reading = laptop.file().database().begin(sql::Access::read);
    replica::read_log(*reading, {.model = ModelName{model_}, .entity_id = EntityId{id_}},
                      [&](const replica::LogEntry& entry) { log.push_back(entry); });
    return log;
  }

  std::vector<authority::Loss> losses() {
    std::vector<authority::Loss> found;
    const auto reading = world_.store().begin(sql::Access::read);
    authority::losses(*reading, {Scope{"default"}, ModelName{model_}, EntityId{id_}},
                      [&](const authority::Loss& loss) { found.push_back(loss); });
    return found;
  }

  void tell(const Person& person, const std::string& what) { story_ += "  " + person.name + " " + what + "\n"; }
  void tell_server(const ValueReferee::ServerRecord& record) {
    story_ += std::string("    the server has ") + (record.deleted ? "deleted " : "") + record.payload + "\n";
  }

  World& world_;
  SeededRandom random_;
  std::string model_;
  std::string id_;
  std::vector<Person> people_;
  ValueReferee referee_;
  int values_ = 0;
  std::string story_;
};

TEST_CASE("every losing value can be found afterwards, with who wrote it and who won, under every policy") {
  Place place;
  std::size_t lost = 0;
  for (const auto& [policy, model] : models()) {
    for (const auto seed : seeds(k_seeds)) {
      CAPTURE(policy);
      CAPTURE(seed);
      History history(place, policy, seed);
      CHECK(history.run() == "");
      lost += history.lost_values();
    }
  }
  MESSAGE(lost << " values lost");
  CHECK(lost > 0);
}

}  // namespace
}  // namespace tether::testing
