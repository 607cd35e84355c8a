// SPDX-License-Identifier: MIT
// The models file as the program uses it: checked, served, loaded anew; previews and losses.
#include <sys/stat.h>

#include <filesystem>

#include "service/process_fixture.hpp"
#include "service/test_client.hpp"

namespace tether::service {
namespace {

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string id(int number) {
  const std::string digits = std::to_string(number);
  return std::string(26 - digits.size(), '0') + digits;
}

/// A push of one update or create by `client`, who had seen revision `base_rev`.
std::string push_of(const std::string& client, int number, const std::string& operation, int base_rev,
                    const std::string& payload) {
  return R"({"client_id":")" + client + R"(","mutations":[{"mutation_id":")" + id(number) +
         R"(","entity_id":"T1","model":"Task","operation":")" + operation + R"(","payload":)" + payload +
         R"(,"version":)" + std::to_string(number) + R"(,"timestamp":1763757000)" + std::to_string(100 + number) +
         R"(,"base_rev":)" + std::to_string(base_rev) + "}]}";
}

TEST_CASE("check names everything that is wrong with a models file") {
  const Folder folder;
  const std::string path = folder.file("models.json");
  write(path, R"({"models":{"Task":{"confict":"merge","read_only":"yes"}}})");
  std::string log;
  CHECK(run(folder, {"check", "--store", "sqlite:" + folder.file("s.db"), "--models", path}, nullptr, &log) == 2);
  CHECK(log.find("models.Task.confict") != std::string::npos);
  CHECK(log.find("conflict") != std::string::npos);
  CHECK(log.find("models.Task.read_only") != std::string::npos);
  write(path, R"({"models":{"Task":{"conflict":"merge"}}})");
  std::string out;
  CHECK(run(folder, {"check", "--store", "sqlite:" + folder.file("s.db"), "--models", path}, &out) == 0);
  CHECK(out.find("is good, 1 model\n") != std::string::npos);
  CHECK(run(folder, {"serve", "--models", folder.file("none.json"), "--listen", "127.0.0.1:0"}) == 2);
}

TEST_CASE("check warns of what is probably not meant, and serve of claims that nobody has") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  const std::string path = folder.file("models.json");
  write(path,
        R"({"models":{"Task":{"fields":["email"],"hide":["emial"]},"Fee":{"visible":{"owner":{"claim":"who"}}}}})");
  std::string out;
  CHECK(run(elsewhere, {"check", "--store", "sqlite:" + folder.file("s.db"), "--models", path}, &out) == 0);
  CHECK(out.find("\nwarning: models.Fee: asks for claims") != std::string::npos);
  CHECK(out.find("\nwarning: models.Task.hide: neither") != std::string::npos);
  Process process = serving(folder, {"--models", path});
  CHECK(process.says(R"("models ask for claims, and with --auth none nobody has any","models":"Fee")"));
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("SIGHUP loads the models file anew, and a bad one leaves the old one in force") {
  const Folder folder;
  const std::string path = folder.file("models.json");
  write(path, R"({"models":{"Task":{}}})");
  Process process = serving(folder, {"--models", path});
  Client client(process.port());
  CHECK(client.post("/tether/push", push_of("ann", 1, "create", 0, "{}")).body.find("applied\":[\"00") !=
        std::string::npos);
  write(path, R"({"models":{"Part":{"conflict":"sometimes"}}})");
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: the old stays","what":"models file")"));
  CHECK(process.says("models.Part.conflict"));
  CHECK(client.post("/tether/push", push_of("ann", 2, "update", 1, "{}")).body.find("unknown_model") ==
        std::string::npos);
  write(path, R"({"models":{"Part":{}}})");
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: loaded anew","what":"models file")"));
  CHECK(client.post("/tether/push", push_of("ann", 3, "update", 2, "{}")).body.find("unknown_model") !=
        std::string::npos);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("a folder in place of the models file, or one that is too long, is refused and leaves the old one in force") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  const std::string path = folder.file("models.json");
  std::string log;
  CHECK(run(elsewhere, {"serve", "--models", folder.path().string(), "--listen", "127.0.0.1:0"}, nullptr, &log) == 2);
  CHECK(log.find("models: '" + folder.path().string() + "': cannot be read") != std::string::npos);
  write(path, std::string(5 * 1024 * 1024, ' '));
  CHECK(run(elsewhere, {"check", "--models", path}, nullptr, &log) == 2);
  CHECK(log.find("is longer than 4 MiB") != std::string::npos);
  write(path, R"({"models":{"Task":{}}})");
  Process process = serving(folder, {"--models", path});
  Client client(process.port());
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: the old stays","what":"models file")"));
  std::filesystem::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);  // nobody writes into it
  process.signal(SIGHUP);
  CHECK(process.says("it is no file, and a pipe could not be read again"));
  CHECK(client.post("/tether/push", push_of("ann", 1, "create", 0, "{}")).body.find("applied\":[\"00") !=
        std::string::npos);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("a preview is answered like the push and says that nothing was done; what lost can be listed") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  Process process = serving(folder);
  Client client(process.port());
  client.post("/tether/push", push_of("ann", 1, "create", 0, R"({"n":1})"));
  client.post("/tether/push", push_of("ben", 2, "update", 1, R"({"n":2})"));
  const std::string edit = push_of("cleo", 3, "update", 1, R"({"n":3})");
  const Answer preview = client.post("/tether/preview", edit);
  CHECK(preview.status == 200);
  CHECK(preview.body.find(R"("applied":[")" + id(3)) != std::string::npos);
  CHECK(preview.body.find(R"("preview":true)") != std::string::npos);
  const Answer push = client.post("/tether/push", edit);
  CHECK(push.body.find(R"("applied":[")" + id(3)) != std::string::npos);
  CHECK(push.body.find("preview") == std::string::npos);
  std::string out;
  CHECK(run(elsewhere, {"losses", "--store", "sqlite:" + folder.file("store.db"), "--json"}, &out) == 0);
  CHECK(out.find(R"("why":"overwritten")") != std::string::npos);
  CHECK(out.find(R"("written_by":"ben")") != std::string::npos);
  CHECK(out.find(R"("won_by":"cleo","won_at":"2)") != std::string::npos);
  CHECK(out.find(R"("by_program":false,"payload":{"n":2},"detail":["n"])") != std::string::npos);
  std::string none;
  CHECK(run(elsewhere, {"losses", "--store", "sqlite:" + folder.file("store.db"), "Part"}, &none) == 0);
  CHECK(none == "nothing was lost in scope default of Part\n");
}

TEST_CASE("losses in text say which fields lost, what was wrong and against whom") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  const std::string path = folder.file("models.json");
  write(path, R"({"models":{"Task":{"conflict":"server_wins","validate":{"properties":{"n":{"maximum":9}}}}}})");
  Process process = serving(folder, {"--models", path});
  Client client(process.port());
  client.post("/tether/push", push_of("ann", 1, "create", 0, R"({"n":1})"));
  client.post("/tether/push", push_of("ben", 2, "update", 1, R"({"n":2})"));
  client.post("/tether/push", push_of("cleo", 3, "update", 1, R"({"n":3})"));
  client.post("/tether/push", push_of("cleo", 4, "update", 2, R"({"n":10})"));
  std::string text;
  CHECK(run(elsewhere, {"losses", "--store", "sqlite:" + folder.file("store.db")}, &text) == 0);
  CHECK(text.find("\n  lost: n\n  against what ben wrote, taken at 2") != std::string::npos);
  CHECK(text.find("\n  n: [") != std::string::npos);
  CHECK(run(elsewhere, {"losses", "--store", "sqlite:" + folder.file("store.db"), "--scope", "scool"}, &text) == 1);
}

TEST_CASE("what lost is listed without the values that a models file redacts, under every name that they have") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  const std::string path = folder.file("models.json");
  write(path, R"({"models":{"Task":{"rename":{"code":"pin"},"redact":["pin"],"conflict":"server_wins",
      "validate":{"properties":{"n":{"maximum":9}}}}}})");
  Process process = serving(folder, {"--models", path});
  Client client(process.port());
  client.post("/tether/push", push_of("ann", 1, "create", 0, R"({"code":"secret-a","n":1})"));
  client.post("/tether/push", push_of("ben", 2, "update", 1, R"({"code":"secret-b","n":2})"));
  client.post("/tether/push", push_of("cleo", 3, "update", 1, R"({"code":"secret-c","n":3})"));
  client.post("/tether/push", push_of("cleo", 4, "update", 2, R"({"c\u006fde":"secret-d","pin":"secret-e","n":10})"));
  const std::string store = "sqlite:" + folder.file("store.db");
  std::string json;
  CHECK(run(elsewhere, {"losses", "--store", store, "--models", path, "--json"}, &json) == 0);
  CHECK(json.find(R"("why":"conflict")") != std::string::npos);
  CHECK(json.find(R"("why":"validation_failed")") != std::string::npos);
  CHECK(json.find(R"("pin":"***")") != std::string::npos);
  CHECK(json.find(R"("n":3)") != std::string::npos);
  CHECK(json.find("secret") == std::string::npos);
  std::string text;
  CHECK(run(elsewhere, {"losses", "--store", store, "--models", path}, &text) == 0);
  CHECK(text.find(R"("***")") != std::string::npos);
  CHECK(text.find("secret") == std::string::npos);
  std::string all;
  CHECK(run(elsewhere, {"losses", "--store", store, "--json"}, &all) == 0);
  for (const char* value : {"secret-b", "secret-c", "secret-d"}) CHECK(all.find(value) != std::string::npos);
}

TEST_CASE("a message about a redacted field is not shown, though the field's name holds what leads to a part of one") {
  const Folder folder;
  const Folder elsewhere;  // for the output of other programs
  const std::string path = folder.file("models.json");
  write(path, R"({"models":{"Task":{"redact":["card.number","codes[]"],
      "validate":{"properties":{"card.number":{"type":"object","properties":{"a":{"maximum":9}}},
                                "codes[]":{"maximum":9},"card":{"maximum":9}}}}}})");
  Process process = serving(folder, {"--models", path});
  Client client(process.port());
  client.post("/tether/push", push_of("ann", 1, "create", 0, R"({"card.number":{"a":10},"codes[]":10,"card":10})"));
  const std::string store = "sqlite:" + folder.file("store.db");
  std::string json;
  CHECK(run(elsewhere, {"losses", "--store", store, "--models", path, "--json"}, &json) == 0);
  CHECK(json.find(R"("card.number.a":["***"])") != std::string::npos);
  CHECK(json.find(R"("codes[]":["***"])") != std::string::npos);
  CHECK(json.find(R"("card":["must )") != std::string::npos);
}

}  // namespace
}  // namespace tether::service
