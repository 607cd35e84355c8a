// SPDX-License-Identifier: MIT
#include "bench.d/bare.hpp"

#include <fmt/core.h>
#include <httplib.h>
#include <simdjson.h>
#include <sqlite3.h>

#include <fstream>
#include <stdexcept>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/ulid.hpp"
#include "bench.d/bare_log.hpp"
#include "bench.d/watch.hpp"

namespace tether::bench {
namespace {

/// SQLite with nothing in between.
class Bare {
 public:
  explicit Bare(const std::string& path) {
    check(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr));
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
  }
  ~Bare() { sqlite3_close(handle_); }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)
      throw std::runtime_error(sqlite3_errmsg(handle_));
  }
  void run(const char* text) { check(sqlite3_exec(handle_, text, nullptr, nullptr, nullptr)); }
  sqlite3* handle() { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

class Prepared {
 public:
  Prepared(Bare& bare, std::string_view text) : bare_(bare) {
    bare.check(sqlite3_prepare_v2(bare.handle(), text.data(), static_cast<int>(text.size()), &statement_, nullptr));
  }
  ~Prepared() { sqlite3_finalize(statement_); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  Prepared& text(int at, std::string_view value) {
    sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    return *this;
  }
  Prepared& integer(int at, std::int64_t value) {
    sqlite3_bind_int64(statement_, at, value);
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    bare_.check(code);
    return code == SQLITE_ROW;
  }
  void execute() {
    step();
    sqlite3_reset(statement_);
  }
  std::string column(int at) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
    return text == nullptr ? std::string() : std::string(text);
  }

 private:
  Bare& bare_;
  sqlite3_stmt* statement_ = nullptr;
};

std::string_view text_member(simdjson::ondemand::object& object, std::string_view key) {
  return object.find_field_unordered(key).get_string().value();
}

constexpr std::string_view k_insert_log =
    "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
    "created_at, "
    "updated_at, base_rev) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?7, 0)";
constexpr std::string_view k_insert_record =
    "INSERT INTO tether_records(model, entity_id, payload, version, updated_at, open_log_id) VALUES (?1, ?2, ?3, 1, "
    "?4, ?5)";
constexpr std::string_view k_remember =
    "INSERT INTO tether_mutations(scope, mutation_id, client_id, model, entity_id, content_hash, outcome, rev, "
    "timestamp_ms, "
    "decided_us) VALUES ('default', ?1, 'bare', ?2, ?3, ?4, 'applied', 1, ?5, ?6) ON CONFLICT DO NOTHING";
constexpr std::string_view k_store =
    "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, "
    "written_version, updated_us) VALUES ('default', ?1, ?2, ?3, 1, 0, 1, ?4, 'bare', 1, ?5) "
    "ON CONFLICT(scope, model, entity_id) DO UPDATE SET payload = excluded.payload, rev = tether_records.rev + 1, "
    "written_at_ms = excluded.written_at_ms, updated_us = excluded.updated_us";
constexpr std::string_view k_upsert_pulled =
    "INSERT INTO tether_records(model, entity_id, payload, deleted, rev, updated_at) VALUES (?1, ?2, ?3, 0, ?4, ?5) "
    "ON CONFLICT(model, entity_id) DO UPDATE SET payload = excluded.payload, deleted = 0, rev = excluded.rev, "
    "updated_at = excluded.updated_at";

void apply(Prepared& remember, Prepared& store, const Logged& row, std::int64_t clock_us) {
  constexpr std::string_view k_hash = "0123456789abcdef0123456789abcdef";
  remember.text(1, row.mutation_id).text(2, row.model).text(3, row.entity_id).text(4, k_hash);
  remember.integer(5, clock_us / 1000).integer(6, clock_us).execute();
  store.text(1, row.model).text(2, row.entity_id).text(3, row.payload);
  store.integer(4, clock_us / 1000).integer(5, clock_us).execute();
}

std::vector<std::string> pages(int port) {
  httplib::Client client("127.0.0.1", port);
  client.set_tcp_nodelay(true);
  client.set_keep_alive(true);
  std::vector<std::string> texts;
  std::string cursor = "null";
  simdjson::ondemand::parser parser;
  for (bool more = true; more;) {
    const auto reply = client.Post(
        "/tether/pull", fmt::format(R"({{"client_id":"bare","last_sync_cursor":{},"limit":{}}})", cursor, k_batch),
        "application/json");
    if (!reply || reply->status != 200) throw std::runtime_error("a page did not arrive");
    const simdjson::padded_string padded(reply->body);
    auto page = parser.iterate(padded);
    more = page["has_more"].get_bool().value();
    page.rewind();
    cursor = std::to_string(page["new_sync_cursor"].get_int64().value());
    texts.push_back(reply->body);
  }
  return texts;
}

void upsert_page(simdjson::ondemand::parser& parser, Prepared& upsert, const simdjson::padded_string& text) {
  auto page = parser.iterate(text);
  for (auto item : page["snapshots"].get_array()) {
    auto snapshot = item.get_object().value();
    const auto entity_id = text_member(snapshot, "entity_id");
    const auto model = text_member(snapshot, "model");
    auto payload = snapshot.find_field_unordered("payload").get_object().value();
    const std::string_view raw = payload.raw_json().value();
    const auto rev = snapshot.find_field_unordered("rev").get_int64().value();
    const auto updated = snapshot.find_field_unordered("updated_at").get_int64().value();
    upsert.text(1, model).text(2, entity_id).text(3, raw).integer(4, rev).integer(5, updated / 1000).execute();
  }
}

}  // namespace

std::vector<Logged> logged(const std::string& client_file) {
  Bare bare(client_file);
  Prepared query(bare, "SELECT mutation_id, entity_id, model, payload FROM tether_mutation_logs ORDER BY id");
  std::vector<Logged> rows;
  while (query.step()) rows.push_back({query.column(0), query.column(1), query.column(2), query.column(3)});
  return rows;
}

int bare_record(const std::string& file, const std::string& lines_path) {
  const Watch watch;
  SystemClock clock;
  SystemRandom random;
  UlidSource ulids(clock, random);
  Bare bare(file);
  Prepared log(bare, k_insert_log);
  Prepared record(bare, k_insert_record);
  simdjson::ondemand::parser parser;
  std::ifstream lines(lines_path);
  std::string line;
  std::int64_t rows = 0;
  for (; std::getline(lines, line); ++rows) {
    if (rows % k_batch == 0) bare.run(rows == 0 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE");
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    auto document = parser.iterate(line.data(), line.size(), line.capacity());
    auto object = document.get_object().value();
    const auto operation = text_member(object, "op");
    const auto model = text_member(object, "model");
    auto payload = object.find_field_unordered("payload").get_object().value();
    const std::string_view raw = payload.raw_json().value();
    const Instant now = clock.now();
    const std::string at = rfc3339_ms(now);
    const std::string mutation_id = ulids.next().text();
    const std::string entity_id = ulids.next().text();
    log.text(1, mutation_id).text(2, entity_id).text(3, model).text(4, operation).text(5, raw);
    log.integer(6, to_ms(now)).text(7, at).execute();
    record.text(1, model).text(2, entity_id).text(3, raw).integer(4, to_ms(now));
    record.integer(5, sqlite3_last_insert_rowid(bare.handle())).execute();
  }
  bare.run("COMMIT");
  return watch.report();
}

int bare_push(const std::string& client_file, const std::string& store_path) {
  const std::vector<Logged> rows = logged(client_file);
  Bare bare(store_path);
  bare.run("INSERT INTO tether_scopes(scope, clock_us, epoch) VALUES ('default', 1, 'bare') ON CONFLICT DO NOTHING");
  const Watch watch;
  Prepared remember(bare, k_remember);
  Prepared store(bare, k_store);
  Prepared head(bare, "UPDATE tether_scopes SET clock_us = ?1 WHERE scope = 'default'");
  std::int64_t clock_us = 1'795'294'140'000'000;
  std::int64_t done = 0;
  for (const Logged& row : rows) {
    if (done % k_batch == 0) bare.run(done == 0 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE");
    if (done++ % k_batch == 0) head.integer(1, clock_us + k_batch).execute();
    apply(remember, store, row, ++clock_us);
  }
  bare.run("COMMIT");
  return watch.report();
}

int bare_pull(int port, const std::string& file) {
  std::vector<simdjson::padded_string> texts;
  for (const std::string& text : pages(port)) texts.emplace_back(text);
  Bare bare(file);
  const Watch watch;
  Prepared upsert(bare, k_upsert_pulled);
  Prepared state(bare,
                 "INSERT INTO tether_sync_state(key, value) VALUES ('last_sync_cursor', ?1) ON CONFLICT(key) DO UPDATE "
                 "SET value = excluded.value");
  simdjson::ondemand::parser parser;
  for (const simdjson::padded_string& text : texts) {
    bare.run("BEGIN IMMEDIATE");
    upsert_page(parser, upsert, text);
    state.integer(1, 1).execute();
    bare.run("COMMIT");
  }
  return watch.report();
}

}  // namespace tether::bench
