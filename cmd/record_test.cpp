// SPDX-License-Identifier: MIT
#include "cmd/record.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "cmd/input.hpp"
#include "cmd/program.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {
namespace {

/// Somebody who types commands at a file of their own, with a text on standard input.
struct Typist {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  std::string out;
  std::string err;

  Typist() { type({"init"}); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder.file(name), std::ios::binary) << text;
    return folder.file(name);
  }

  int type(std::vector<std::string> words, const std::string& input = "") {
    const int descriptor = ::open(file("input", input).c_str(), O_RDONLY | O_CLOEXEC);
    const int status = type_from(descriptor, std::move(words));
    ::close(descriptor);
    return status;
  }

  int type_from(int descriptor, std::vector<std::string> words) {
    out.clear();
    err.clear();
    Terminal terminal([&](std::string_view text) { out += text; }, [&](std::string_view text) { err += text; });
    if (words.front() != "--db") words.insert(words.begin(), {"--db", folder.file("t.db")});
    World world{clock, random, [](const std::string&) { return std::nullopt; }, {}, "/", descriptor};
    const int status = run_program(words, std::move(world), terminal);
    terminal.flush();
    return status;
  }

  /// How many of a model there are.
  std::int64_t count(const std::string& model) {
    type({"--json", "list", model});
    return std::count(out.begin(), out.end(), '\n');
  }
};

/// Standard input with somebody at its other end.
struct Pipe {
  int reader = -1;
  int writer = -1;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = ends[0];
    writer = ends[1];
  }
  ~Pipe() {
    close_writer();
    ::close(reader);
  }
  void write(const std::string& text) const {
    REQUIRE(::write(writer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void close_writer() {
    if (writer >= 0) ::close(writer);
    writer = -1;
  }
};

std::string create_line(const std::string& payload) {
  return R"({"op":"create","model":"Task","payload":)" + payload + "}\n";
}

}  // namespace

TEST_CASE("a record is created, updated, shown and deleted") {
  Typist t;
  CHECK(t.type({"record", "create", "Task", "title=Pump", "n:=2.0", "--id", "a"}) == 0);
  CHECK(t.out == "a\n");
  CHECK(t.type({"--json", "record", "update", "Task", "a", "title=Hose"}) == 0);
  CHECK(t.out.find(R"("model":"Task","operation":"update","version":2})") != std::string::npos);
  CHECK(t.type({"--json", "list", "Task"}) == 0);
  CHECK(t.out.find(R"("payload":{"title":"Hose","n":2.0},"rev":0,"pending":true,"deleted":false)") !=
        std::string::npos);
  CHECK(t.type({"record", "delete", "Task", "a"}) == 0);
  CHECK(t.count("Task") == 0);
}

TEST_CASE("an update that changes nothing records nothing") {
  Typist t;
  t.type({"record", "create", "Task", "title=Pump", "--id", "a"});
  CHECK(t.type({"--json", "record", "update", "Task", "a", "title=Pump"}) == 0);
  CHECK(t.out == R"({"id":"a","mutation_id":null,"model":"Task","operation":"update","version":null})"
                 "\n");
}

TEST_CASE("a stream counts a last line without line end, CRLF and empty lines") {
  Typist t;
  auto text = "\r\n" + create_line(R"({"n":1})") + "\n" + create_line(R"({"n":2})");
  text.pop_back();
  CHECK(t.type({"record", "--stdin"}, text) == 0);
  CHECK(t.count("Task") == 2);
}

TEST_CASE("a bad line keeps what came before it, in the same batch too") {
  Typist t;
  const auto text = create_line(R"({"n":1})") + create_line(R"({"n":2})") + "{\"op\":\"crea\n" + create_line("{}");
  CHECK(t.type({"record", "--stdin"}, text) == 1);
  CHECK(t.err.starts_with("tether: line 3: "));
  CHECK(t.err.find("tail -n +3 FILE") != std::string::npos);
  CHECK(t.count("Task") == 2);
}

TEST_CASE("a key that stands twice is refused wherever it is written, as a field that is given twice is") {
  Typist t;
  CHECK(t.type({"record", "--stdin"}, create_line(R"({"n":1})") + create_line(R"({"n":1,"n":2})")) == 1);
  CHECK(t.err.starts_with("tether: line 2: payload.n: stands there twice\n"));
  CHECK(t.type({"record", "--stdin"}, R"({"op":"create","model":"Task","id":"a","id":"b"})") == 1);
  CHECK(t.err.starts_with("tether: line 1: id: stands there twice\n"));
  CHECK(t.type({"record", "create", "Task", "--data", R"({"n":1,"n":2})"}) == 2);
  CHECK(t.err.starts_with("tether: --data: n: stands there twice\n"));
  CHECK(t.type({"record", "create", "Task", R"(n:={"a":1,"a":2})"}) == 2);
  CHECK(t.type({"record", "import", t.file("t.ndjson", "{\"n\":1}\n{\"n\":1,\"n\":2}\n"), "--model", "Task"}) == 1);
  CHECK(t.err.find("t.ndjson, line 2: n: stands there twice\n") != std::string::npos);
  CHECK(t.count("Task") == 1);
}

TEST_CASE("a byte order mark in front of the first line is no part of it") {
  Typist t;
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(t.type({"record", "--stdin"}, mark + create_line("{}")) == 0);
  CHECK(t.type({"record", "--stdin", "--atomic"}, mark + create_line("{}")) == 0);
  CHECK(t.type({"record", "import", t.file("t.ndjson", mark + "{\"n\":1}\n"), "--model", "Task"}) == 0);
  CHECK(t.type({"record", "--stdin"}, create_line("{}") + mark + create_line("{}")) == 1);
  CHECK(t.count("Task") == 4);
}

TEST_CASE("where the id cannot be written, the error says that it was recorded, and with which id") {
  Typist t;
  Terminal full([](std::string_view) { throw Error(ErrorCode::disk_full, "cannot write to standard output"); },
                [&](std::string_view text) { t.err += text; });
  World world{t.clock, t.random, [](const std::string&) { return std::nullopt; }, {}, "/"};
  CHECK(run_program({"--db", t.folder.file("t.db"), "record", "create", "Task", "--id", "a"}, std::move(world), full) ==
        1);
  CHECK(t.err == "tether: cannot write to standard output\n  It is recorded all the same: create of Task a.\n");
  CHECK(t.count("Task") == 1);
}

TEST_CASE("a file behind --stdin is told how it is read") {
  Typist t;
  CHECK(t.type({"record", "--stdin", "tasks.ndjson"}) == 2);
  CHECK(t.err.find("tether record --stdin < FILE") != std::string::npos);
}

TEST_CASE("an interrupted stream says where to go on, and whether anything was recorded") {
  Typist t;
  Pipe pipe;
  const pthread_t typist = ::pthread_self();
  SUBCASE("line by line") {
    pipe.write(create_line("{}") + "\n" + create_line("{}"));
    std::thread impatient([&] {
      auto database = sql::open_sqlite({.path = t.folder.file("t.db")});
      std::string count;
      while (count != "2") {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        database->execute("SELECT count(*) FROM tether_mutation_logs", {},
                          [&](const sql::Row& row) { count = row.text(0); });
      }
      ::pthread_kill(typist, SIGTERM);
    });
    CHECK(t.type_from(pipe.reader, {"record", "--stdin"}) == 130);
    impatient.join();
    CHECK(t.out.starts_with("recorded 2 mutations"));
    CHECK(t.err == "tether: interrupted; the input is recorded up to line 3\n  Go on from there: tail -n +4 FILE\n");
  }
  SUBCASE("all or nothing") {
    pipe.write(create_line("{}"));
    std::thread impatient([&] {
      int unread = 1;
      while (unread > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ::ioctl(pipe.reader, FIONREAD, &unread);
      }
      ::pthread_kill(typist, SIGINT);
    });
    CHECK(t.type_from(pipe.reader, {"record", "--stdin", "--atomic"}) == 130);
    impatient.join();
    CHECK(t.err == "tether: interrupted; nothing was recorded\n  Run it again.\n");
    CHECK(t.count("Task") == 0);
  }
}

TEST_CASE("an import that is interrupted while it reads has recorded nothing, and says so") {
  Typist t;
  Pipe pipe;
  pipe.write("{\"n\":1}\n");
  const pthread_t typist = ::pthread_self();
  std::thread impatient([&] {
    int unread = 1;
    while (unread > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ::ioctl(pipe.reader, FIONREAD, &unread);
    }
    ::pthread_kill(typist, SIGINT);
  });
  CHECK(t.type_from(pipe.reader, {"record", "import", "-", "--format", "ndjson", "--model", "Task"}) == 130);
  impatient.join();
  CHECK(t.err == "tether: interrupted; nothing was recorded\n");
}

TEST_CASE("--atomic keeps nothing of a stream with a bad line") {
  Typist t;
  CHECK(t.type({"record", "--stdin", "--atomic"}, create_line("{}") + "[]\n") == 1);
  CHECK(t.count("Task") == 0);
}

TEST_CASE("a line over the limit is refused by number") {
  Typist t;
  CHECK(t.type({"record", "--stdin"}, create_line("{}") + std::string(k_line_bytes_max + 1, 'x')) == 1);
  CHECK(t.err.find("line 2: longer than 4 MiB") != std::string::npos);
  CHECK(t.count("Task") == 1);
}

TEST_CASE("an input that stops in the middle of a line is not ready, whatever bytes are there") {
  Pipe pipe;
  std::string said;
  Terminal terminal([&](std::string_view text) { said += text; }, [&](std::string_view text) { said += text; });
  SteppingClock clock{from_ms(0)};
  SeededRandom random{7};
  Context context({}, World{clock, random, [](const std::string&) { return std::nullopt; }, {}, "/", pipe.reader},
                  terminal);
  Input input(context, "-");
  pipe.write("one\ntw");
  CHECK(input.next_line() == "one");
  pipe.write("o");
  CHECK_FALSE(input.ready(std::chrono::milliseconds(20)));
  pipe.write("\n");
  CHECK(input.ready(std::chrono::milliseconds(20)));
  CHECK(input.next_line() == "two");
  pipe.write(std::string(50, 'x'));
  pipe.close_writer();
  CHECK(input.ready(std::chrono::milliseconds(20)));
  CHECK(input.next_line() == std::string(50, 'x'));
  CHECK_FALSE(input.next_line().has_value());
}

TEST_CASE("while --atomic waits for its input, others record") {
  Typist t;
  Typist other;  // a clock and chance of its own
  Pipe pipe;
  pipe.write(create_line(R"({"n":1})"));
  int status = -1;
  std::thread waiting([&] { status = t.type_from(pipe.reader, {"record", "--stdin", "--atomic"}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const int recorded = other.type({"--db", t.folder.file("t.db"), "record", "create", "Task", "n:=2"});
  pipe.write(create_line(R"({"n":3})"));
  pipe.close_writer();
  waiting.join();
  CHECK(recorded == 0);
  CHECK(status == 0);
  CHECK(t.count("Task") == 3);
}

TEST_CASE("what --ids prints is handed on with each batch") {
  std::string said;
  Terminal terminal([&](std::string_view text) { said += text; }, [](std::string_view) {});
  RecordedIds ids(terminal, true);
  ids.add({{"Task"}, {"a"}}, protocol::Operation::create, std::nullopt);
  CHECK(said == "");
  ids.committed();
  CHECK(said == "a\n");
}

TEST_CASE("--ids prints one object per line of input") {
  Typist t;
  const std::string update = R"({"op":"update","model":"Task","id":"a","payload":{"n":1}})"
                             "\n";
  const std::string create = R"({"op":"create","model":"Task","id":"a","payload":{"n":1}})"
                             "\n";
  CHECK(t.type({"--json", "record", "--stdin", "--ids"}, create + update) == 0);
  CHECK(std::count(t.out.begin(), t.out.end(), '\n') == 2);
  CHECK(t.out.ends_with(R"({"id":"a","mutation_id":null,"model":"Task","operation":"update","version":null})"
                        "\n"));
}

TEST_CASE("an import creates, then changes nothing, then only what differs") {
  Typist t;
  const auto path = t.file("p.csv", "sku,name\nA1,Pump\nA2,Hose\n");
  const std::vector<std::string> import{"record", "import", path, "--model", "P", "--key", "sku"};
  t.type(import);
  CHECK(t.out.starts_with("recorded 2 mutations, 0 unchanged"));
  t.type(import);
  CHECK(t.out.starts_with("recorded 0 mutations, 2 unchanged"));
  t.file("p.csv", "sku,name\nA1,Pump\nA2,Valve\n");
  t.type(import);
  CHECK(t.out.starts_with("recorded 1 mutation, 1 unchanged"));
  CHECK(t.count("P") == 2);
}

TEST_CASE("an import finds a record by its key whatever its id is") {
  Typist t;
  t.type({"record", "create", "P", "--id", "mine", "sku:=7", "name=old"});
  t.type({"record", "import", t.file("p.csv", "sku,name\n7,new\n"), "--model", "P", "--key", "sku", "--ids"});
  CHECK(t.out == "mine\n");
}

TEST_CASE("two laptops that import the same table make the same entities") {
  Typist ann;
  Typist bob;
  bob.random = SeededRandom(8);
  const std::string text = "sku,name\nA1,Pump\n";
  ann.type({"record", "import", ann.file("p.csv", text), "--model", "P", "--key", "sku", "--ids"});
  bob.type({"record", "import", bob.file("q.csv", text), "--model", "P", "--key", "sku", "--ids"});
  CHECK(ann.out.size() == 27);
  CHECK(ann.out == bob.out);
}

TEST_CASE("of rows with the same key the last counts, and a second run still changes nothing") {
  Typist t;
  const auto path = t.file("p.csv", "sku,name\nA1,Pump\nA1,Hose\n");
  t.type({"record", "import", path, "--model", "P", "--key", "sku"});
  CHECK(t.err.find("1 row repeats the sku of an earlier one") != std::string::npos);
  t.type({"record", "import", path, "--model", "P", "--key", "sku"});
  CHECK(t.out.starts_with("recorded 0 mutations, 1 unchanged"));
}

TEST_CASE("nothing is recorded of a file with a bad line") {
  Typist t;
  for (const char* text : {"a,b\n1,2\n3\n", "a,b\n1,2\n\"3", "a,b\n1,2\n3,\"x\"y\n", "a,b\n1,2\n3,x\"y\n",
                           "a,b\n1,2\n3,\xff\n", "a,a\n1,2\n", "a,\n1,2\n", ""}) {
    CAPTURE(text);
    CHECK(t.type({"record", "import", t.file("p.csv", text), "--model", "P"}) == 1);
    CHECK(t.count("P") == 0);
  }
  CHECK(t.type({"record", "import", t.file("p.ndjson", "{\"a\":1}\n{\"a\":}\n"), "--model", "P"}) == 1);
  CHECK(t.count("P") == 0);
}

TEST_CASE("quoted cells hold commas, quotes and line ends") {
  Typist t;
  t.type({"record", "import",
          t.file("p.csv",
                 "\xEF\xBB\xBF"
                 "id,note\r\na,\"x, \"\"y\"\"\r\nz\"\r\n\r\nb,\r\n"),
          "--model", "P"});
  t.type({"--json", "list", "P"});
  CHECK(t.out.find(R"({"note":"x, \"y\"\r\nz"})") != std::string::npos);
  CHECK(t.out.find(R"("id":"b","model":"P","payload":{"note":""})") != std::string::npos);
}

}  // namespace tether::cmd
