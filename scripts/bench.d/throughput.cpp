// SPDX-License-Identifier: MIT
// Many rows: recording, pushing, pulling, each beside the bare program, turn by turn.
#include "bench.d/bare.hpp"
#include "bench.d/workshop.hpp"

namespace tether::bench {
namespace {

// Enough starts of a small program for a steady median.
constexpr int k_starts = 200;

}  // namespace

std::vector<Figure> measure_record(const Workshop& workshop) {
  const std::string lines = workshop.lines(workshop.rows);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < workshop.rounds; ++round) {
    const std::string mine = workshop.new_client("record");
    ours.push_back(run({workshop.tether(), "--db", mine, "-q", "record", "--stdin"}, {.in = lines}));
    const std::string theirs = workshop.new_client("record-bare");
    bare.push_back(run({workshop.self(), "bare-record", theirs, lines}));
  }
  return {ratio_at_least("record --stdin", "rows/s", per_second(workshop.rows, median(ours)),
                         per_second(workshop.rows, median(bare)), 0.6)};
}

std::vector<Figure> measure_one_record(const Workshop& workshop) {
  const std::string mine = workshop.new_client("one");
  const std::string theirs = workshop.new_client("one-bare");
  const std::string insert =
      "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp) VALUES "
      "(hex(randomblob(13)), hex(randomblob(13)), 'Task', 'create', '{\"title\":\"Check pump 7\",\"done\":false}', 1, "
      "0)";
  std::vector<double> ours;
  std::vector<double> bare;
  for (int start = 0; start < k_starts; ++start) {
    ours.push_back(
        run({workshop.tether(), "--db", mine, "record", "create", "Task", "title=Check pump 7", "done:=false"}));
    bare.push_back(run({"sqlite3", theirs, insert}));
  }
  return {ratio_at_most("one tether record, whole process", "ms", median(ours), median(bare), 1.3)};
}

std::vector<Figure> measure_push(const Workshop& workshop) {
  const std::string pending = workshop.new_client("pending");
  run({workshop.tether(), "--db", pending, "-q", "record", "--stdin"}, {.in = workshop.lines(workshop.rows)});
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < workshop.rounds; ++round) {
    const std::string client = workshop.copy_client(pending, "push");
    {
      const Service service = workshop.serve(workshop.new_store("push-server"));
      ours.push_back(run({workshop.tether(), "--db", client, "-q", "push", "--server", service.url()}));
    }
    bare.push_back(workshop.bare_ms({"bare-push", pending, workshop.new_store("push-bare")}));
  }
  const double rate = per_second(workshop.rows, median(ours));
  return {ratio_at_least("push", "rows/s", rate, per_second(workshop.rows, median(bare)), 0.45),
          at_least("push, here", "rows/s", rate, 35'000)};
}

std::vector<Figure> measure_pull(const Workshop& workshop) {
  const Service service = workshop.serve(workshop.new_store("pull-server"));
  const std::string writer = workshop.new_client("writer");
  run({workshop.tether(), "--db", writer, "-q", "record", "--stdin"}, {.in = workshop.lines(workshop.rows)});
  run({workshop.tether(), "--db", writer, "-q", "push", "--server", service.url()});
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < workshop.rounds; ++round) {
    const std::string client = workshop.new_client("pull");
    ours.push_back(run({workshop.tether(), "--db", client, "-q", "pull", "--server", service.url()}));
    const std::string theirs = workshop.new_client("pull-bare");
    bare.push_back(workshop.bare_ms({"bare-pull", std::to_string(service.port()), theirs}));
  }
  return {ratio_at_least("pull by an empty client", "rows/s", per_second(workshop.rows, median(ours)),
                         per_second(workshop.rows, median(bare)), 0.4)};
}

}  // namespace tether::bench
