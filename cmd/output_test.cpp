// SPDX-License-Identifier: MIT
#include "cmd/output.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {

TEST_CASE("a table aligns by what a terminal shows, not by bytes") {
  std::string out;
  Terminal terminal([&](std::string_view text) { out += text; }, [](std::string_view) {});
  Table table(terminal, {{"NAME"}, {"N", Table::Align::right}, {"END"}});
  table.row({{"é日本"}, {"7"}, {"x"}});
  table.row({{"ab"}, {"100"}, {""}});
  table.finish();
  terminal.flush();
  CHECK(out == "NAME     N  END\né日本    7  x\nab     100\n");
}

TEST_CASE("a table without rows prints nothing") {
  std::string out;
  Terminal terminal([&](std::string_view text) { out += text; }, [](std::string_view) {});
  Table(terminal, {{"NAME"}}).finish();
  terminal.flush();
  CHECK(out.empty());
}

TEST_CASE("text is cut to the width of a terminal between characters") {
  CHECK(shortened("Überprüfung", 5) == "Über…");
  CHECK(shortened("日本語", 4) == "日…");
  CHECK(shortened("short", 5) == "short");
  CHECK(shortened("as it is", 0) == "as it is");
}

TEST_CASE("control characters are made visible") {
  CHECK(printable(std::string_view("a\0\x1b\x7f\n\xc2\x9b", 7)) == "a\\x00\\x1b\\x7f\\n\\x9b");
}

TEST_CASE("numbers are grouped and counted") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(-1000) == "-1,000");
  CHECK(counted(1, "mutation") == "1 mutation");
  CHECK(counted(1200, "entry", "entries") == "1,200 entries");
}

TEST_CASE("what is printed first is seen first, and quiet keeps results") {
  std::string all;
  const auto sink = [&](std::string_view text) { all += text; };
  Terminal terminal(sink, sink);
  terminal.line("result");
  terminal.message("message");
  terminal.options.quiet = true;
  terminal.message("not said");
  terminal.warning("said");
  CHECK(all == "result\nmessage\ntether: warning: said\n");
}

}  // namespace tether::cmd
