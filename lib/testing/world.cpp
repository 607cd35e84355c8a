// SPDX-License-Identifier: MIT
#include "testing/world.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "authority/store.hpp"
#include "base/error.hpp"
#include "protocol/codec.hpp"
#include "replica/preview.hpp"
#include "replica/recorder.hpp"
#include "replica/records.hpp"
#include "replica/replay.hpp"
#include "replica/status.hpp"

namespace tether::testing {

namespace {

const Scope k_scope{"default"};
constexpr int k_rounds_max = 200;  // far more than any history needs to come to rest

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_all(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

EntityKey key_of(const std::string& model, const std::string& id) {
  return {ModelName{model}, EntityId{id}};
}

std::string line(std::string_view model, std::string_view id, std::string_view payload) {
  return std::string(model) + "/" + std::string(id) + " " + std::string(payload);
}

/// The lines of all entities but some.
std::vector<std::string> without(const std::set<std::string>& entities, std::vector<std::string> lines) {
  std::erase_if(lines, [&](const std::string& text) { return entities.contains(text.substr(0, text.find(' ') + 1)); });
  return lines;
}

}  // namespace

Laptop::Laptop(std::string path, FakeWire& wire, Clock& truth, Random& random, std::chrono::microseconds skew)
    : path_(std::move(path)), clock_(truth, skew), random_(random), transport_(wire) {
  replica::File::init({.path = path_}, clock_, random_);
  restart();
}

void Laptop::restart() {
  file_.reset();
  file_ = std::make_unique<replica::File>(replica::File::open(path_, clock_, random_));
}

std::string Laptop::bytes() {
  file_.reset();  // the last close brings everything from the WAL into the file
  std::string bytes = read_all(path_);
  restart();
  return bytes;
}

void Laptop::put_back(const std::string& bytes) {
  file_.reset();
  write_all(path_, bytes);
  restart();
}

std::string Laptop::create(const std::string& model, std::string_view fields) {
  return sql::in_transaction(file_->database(), sql::Access::write, [&](sql::Transaction& transaction) {
    return replica::Recorder(*file_, transaction).create(ModelName{model}, std::nullopt, fields)->key.id.value;
  });
}

void Laptop::create_as(const std::string& model, const std::string& id, std::string_view fields) {
  sql::in_transaction(file_->database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::Recorder(*file_, transaction).create(ModelName{model}, EntityId{id}, fields);
  });
}

void Laptop::update(const std::string& model, const std::string& id, std::string_view fields) {
  sql::in_transaction(file_->database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::Recorder(*file_, transaction).update(key_of(model, id), fields);
  });
}

void Laptop::remove(const std::string& model, const std::string& id) {
  sql::in_transaction(file_->database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::Recorder(*file_, transaction).remove(key_of(model, id));
  });
}

replica::Exchange Laptop::exchange() {
  return {every_way_is(transport_), clock_, random_, {.deadline = patience, .backoff = {}}, {}};
}

replica::PushReport Laptop::push(std::int64_t batch) {
  replica::Exchange exchange = this->exchange();
  return replica::push(*file_, exchange, {.batch = batch});
}

replica::PullReport Laptop::pull(std::int64_t page) {
  replica::Exchange exchange = this->exchange();
  return replica::pull(*file_, exchange, {.page = page});
}

std::vector<std::string> Laptop::preview() {
  replica::Exchange exchange = this->exchange();
  std::vector<std::string> lines;
  for (const auto& foreseen : replica::preview(*file_, exchange, {.mutations_max = 1'000}).asked) {
    lines.push_back(foreseen.mutation_id.value + " " + std::string(replica::name(foreseen.kind)));
  }
  return lines;
}

void Laptop::sync() {
  for (int round = 0; round < k_rounds_max; ++round) {
    if (push().end != replica::End::done) continue;
    const replica::PullReport pulled = pull();
    if (pulled.end == replica::End::done && !pulled.push_first) return;
  }
  throw Error(ErrorCode::internal, "a sync did not come to its end");
}

std::vector<replica::ConflictView> Laptop::conflicts() {
  std::vector<replica::ConflictView> found;
  const auto reading = file_->database().begin(sql::Access::read);
  replica::list_conflicts(*reading, /*include_resolved=*/false,
                          [&](const replica::ConflictView& view) { found.push_back(view); });
  return found;
}

void Laptop::resolve(const std::string& mutation_id, const replica::Resolution& resolution) {
  replica::resolve_conflict(*file_, MutationId{mutation_id}, resolution);
}

std::string Laptop::show(const std::string& model, const std::string& id) {
  const auto reading = file_->database().begin(sql::Access::read);
  const auto view = replica::find(*reading, key_of(model, id));
  return view && !view->deleted ? view->payload : "";
}

std::vector<std::string> Laptop::records() {
  std::vector<std::string> lines;
  const auto reading = file_->database().begin(sql::Access::read);
  reading->run(sql::Statement{"SELECT model, entity_id, payload FROM tether_records WHERE deleted = 0 ORDER BY 1, 2"},
               {}, [&](const sql::Row& row) { lines.push_back(line(row.text(0), row.text(1), row.text(2))); });
  return lines;
}

std::vector<replica::LogEntry> Laptop::log() {
  std::vector<replica::LogEntry> entries;
  const auto reading = file_->database().begin(sql::Access::read);
  replica::read_log(*reading, {}, [&](const replica::LogEntry& entry) { entries.push_back(entry); });
  return entries;
}

std::vector<std::string> Laptop::differences() {
  std::vector<std::string> lines;
  const auto reading = file_->database().begin(sql::Access::read);
  replica::replay_check(*reading, [&](const replica::Difference& difference) {
    lines.push_back(line(difference.key.model.value, difference.key.id.value, difference.live) + " should be " +
                    difference.replayed);
  });
  return lines;
}

World::World(std::uint64_t seed, const protocol::Limits& limits)
    : limits_(limits),
      random_(seed),
      clock_(parse_rfc3339("2026-11-21T20:49:00Z")),
      authority_(clock_, random_, {.limits = limits}),
      store_(server_store_.open()),
      wire_([this](Call call, std::string_view body) { return answer(call, body); }, random_) {
  authority::migrate(*store_);
}

std::string World::answer(Call call, std::string_view body) {
  if (call == Call::push) {
    const auto request = protocol::decode_push_request(body, limits_);
    for (const protocol::Mutation& mutation : request.mutations) {
      arrivals_.try_emplace(mutation.mutation_id.value, arrivals_.size());
    }
    const auto reply = authority_.push(*store_, k_scope, request);
    authorship_.hear(request, reply, *store_);
    observer_(request, reply);
    return protocol::encode(reply);
  }
  if (call == Call::preview) {
    const auto request = protocol::decode_push_request(body, limits_);
    authority::Submission submission(request, clock_.now());
    authority_.preview(*store_, k_scope, submission);
    submission.reply.preview = true;
    return protocol::encode(submission.reply);
  }
  return authority_.pull(*store_, k_scope, protocol::decode_pull_request(body, limits_)).text;
}

Laptop& World::laptop(const std::string& name, std::chrono::microseconds skew) {
  auto& laptop = laptops_[name];
  if (!laptop) laptop = std::make_unique<Laptop>(directory_.file(name + ".db"), wire_, clock_, random_, skew);
  return *laptop;
}

Laptop& World::copy_of(const std::string& original, const std::string& name) {
  write_all(directory_.file(name + ".db"), laptop(original).bytes());
  return laptop(name);
}

std::string World::store_bytes() {
  store_.reset();
  authorship_at_backup_ = authorship_;
  std::string bytes = server_store_.backup();
  store_ = server_store_.open();
  return bytes;
}

void World::put_store_back(const std::string& bytes) {
  store_.reset();
  server_store_.put_back(bytes);
  authorship_ = authorship_at_backup_;
  store_ = server_store_.open();
}

void World::settle() {
  wire_.set_weather({});
  wire_.mend();
  wire_.deliver_delayed();
  for (auto& [name, laptop] : laptops_) laptop->sync();
  for (auto& [name, laptop] : laptops_) laptop->sync();
}

std::vector<std::string> World::server_records() {
  std::vector<std::string> lines;
  const auto reading = store_->begin(sql::Access::read);
  reading->run(
      sql::Statement{"SELECT model, entity_id, payload FROM tether_records WHERE scope = 'default' AND deleted = 0 "
                     "ORDER BY 1, 2"},
      {}, [&](const sql::Row& row) { lines.push_back(line(row.text(0), row.text(1), row.text(2))); });
  return lines;
}

/// The mutations that arrived after a later one of the same record.
std::vector<std::string> World::out_of_order(Laptop& laptop) {
  std::vector<std::string> found;
  std::map<std::string, std::size_t> latest;  // by record
  for (const auto& entry : laptop.log()) {
    const auto arrival = arrivals_.find(entry.mutation.mutation_id.value);
    if (arrival == arrivals_.end()) continue;
    auto& last = latest[line(entry.mutation.model.value, entry.mutation.entity_id.value, "")];
    if (arrival->second < last) found.push_back(entry.mutation.mutation_id.value);
    last = std::max(last, arrival->second);
  }
  return found;
}

/// What the server knows to have been overwritten and the laptop that had written it does not.
std::vector<std::string> World::untold() {
  std::vector<std::string> found;
  const auto reading = store_->begin(sql::Access::read);
  for (auto& [name, laptop] : laptops_) {
    std::set<std::string> told;
    laptop->file().database().execute(
        "SELECT mutation_id || ' ' || entity_id || ' ' || version FROM tether_overwritten", {},
        [&](const sql::Row& row) { told.insert(std::string(row.text(0))); });
    reading->run(sql::Statement{"SELECT mutation_id || ' ' || entity_id || ' ' || written_version "
                                "FROM tether_overwritten WHERE scope = 'default' AND written_by = $1 AND order_us > 0 "
                                "UNION ALL "
                                "SELECT s.mutation_id || ' ' || o.entity_id || ' ' || s.written_version "
                                "FROM tether_overwritten_shares s JOIN tether_overwritten o ON o.scope = s.scope "
                                "AND o.mutation_id = s.mutation_id WHERE s.scope = 'default' AND s.written_by = $1 "
                                "AND s.order_us > 0"},
                 {laptop->file().client_id().value}, [&](const sql::Row& row) {
                   if (!told.contains(std::string(row.text(0)))) {
                     found.push_back(name + " was not told of " + std::string(row.text(0)));
                   }
                 });
  }
  return found;
}

std::vector<std::string> World::broken_promises() {
  std::vector<std::string> broken = untold();
  for (std::string& wrong : authorship_.misattributed(*store_)) broken.push_back(std::move(wrong));
  const auto truth = server_records();
  const auto reading = store_->begin(sql::Access::read);

  std::set<std::string> applied;
  reading->run(sql::Statement{"SELECT mutation_id FROM tether_mutations WHERE outcome IN ('applied', 'merged')"}, {},
               [&](const sql::Row& row) { applied.insert(std::string(row.text(0))); });
  // Where nothing is forgotten, every revision has the one mutation that made it.
  reading->run(
      sql::Statement{"SELECT r.model, r.entity_id FROM tether_records r JOIN tether_scopes s ON s.scope = r.scope "
                     "WHERE s.forgotten_ms = 0 AND r.rev <> (SELECT count(DISTINCT m.rev) "
                     "FROM tether_mutations m WHERE m.scope = r.scope AND m.model = r.model AND m.entity_id = "
                     "r.entity_id AND m.outcome IN ('applied', 'merged'))"},
      {}, [&](const sql::Row& row) {
        broken.push_back("a revision without its mutation: " + line(row.text(0), row.text(1), ""));
      });

  bool forgets = false;
  reading->run(sql::Statement{"SELECT 1 FROM tether_scopes WHERE forgotten_ms > 0"}, {},
               [&](const sql::Row&) { forgets = true; });
  for (auto& [name, laptop] : laptops_) {
    for (const auto& id : out_of_order(*laptop)) broken.push_back(name + " sent " + id + " after a later one");
    for (const auto& difference : laptop->differences()) broken.push_back(name + " does not replay: " + difference);
    std::set<std::string> refused;  // records with a refused edit
    std::set<std::string> disputed;
    for (const auto& conflict : laptop->conflicts()) disputed.insert(conflict.mutation_id.value);
    for (const auto& entry : laptop->log()) {
      const auto& id = entry.mutation.mutation_id.value;
      const auto entity = line(entry.mutation.model.value, entry.mutation.entity_id.value, "");
      if (entry.sync_status == "pending") broken.push_back(name + " still holds " + id);
      if (entry.sync_status == "synced" && !forgets && !applied.contains(id))
        broken.push_back(name + " believes in " + id);
      if (entry.sync_status == "failed" && entry.settled_by.empty()) {
        if (applied.contains(id)) broken.push_back(name + " believes that " + id + " failed");
        refused.insert(entity);
      }
      if (entry.sync_status == "conflict" && entry.settled_by.empty() && !disputed.contains(id)) {
        broken.push_back(name + " lost the losing side of " + id);
      }
      if (entry.sync_status == "conflict" && applied.contains(id)) broken.push_back(name + " disputes " + id);
    }
    // A rejected edit stays visible on the laptop that made it until its person has dealt with it; all else is equal.
    if (without(refused, laptop->records()) != without(refused, truth)) {
      broken.push_back(name + " differs from the server");
    }
  }
  return broken;
}

}  // namespace tether::testing
