// SPDX-License-Identifier: MIT
#include "base/ulid.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <limits>

using namespace std::chrono_literals;
using tether::Ulid;

namespace {

/// Hands out the same bits for ever.
class ConstantRandom final : public tether::Random {
 public:
  explicit ConstantRandom(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t next() override { return bits_; }

 private:
  std::uint64_t bits_;
};

Ulid read(std::string_view text) {
  const std::optional<Ulid> ulid = Ulid::parse(text);
  REQUIRE(ulid.has_value());
  return *ulid;
}

}  // namespace

TEST_CASE("the example of the specification is read and written back") {
  const Ulid ulid = read("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(ulid.text() == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(ulid.time_ms() == 1'469'922'850'259);
  CHECK(ulid.bytes == std::array<std::uint8_t, 16>{0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3, 0xd6, 0x76, 0x4c, 0x61, 0xef,
                                                   0xb9, 0x93, 0x02, 0xbd, 0x5b});
}

TEST_CASE("the time part of the specification's examples is that of its implementation") {
  // ulid(1469918176385) and ulid(150000) in the README of ulid/javascript, the reference implementation.
  CHECK(read("01ARYZ6S410000000000000000").time_ms() == 1'469'918'176'385);
  CHECK(read("0000004JFG0000000000000000").time_ms() == 150'000);
}

TEST_CASE("the smallest and the largest ULID are what the specification says") {
  CHECK(Ulid{}.text() == "00000000000000000000000000");
  Ulid largest;
  largest.bytes.fill(0xff);
  CHECK(largest.text() == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  CHECK(read("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == largest);
  CHECK(largest.time_ms() == 281'474'976'710'655);
}

TEST_CASE("what is above the largest ULID does not fit and is refused") {
  CHECK_FALSE(Ulid::parse("80000000000000000000000000"));
  CHECK_FALSE(Ulid::parse("ZZZZZZZZZZZZZZZZZZZZZZZZZZ"));
}

TEST_CASE("lower case means the same") {
  CHECK(read("01arz3ndektsv4rrffq69g5fav").text() == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

TEST_CASE("other lengths and other characters are refused") {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FA"),
        std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FAVV"), std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FAI"),
        std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FAL"), std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FAO"),
        std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FAU"), std::string_view("01ARZ3NDEKTSV4RRFFQ69G5FA "),
        std::string_view("01ARZ3NDEKTSV4RRFFQ69G5F\xc3\x84"), std::string_view("\0ARZ3NDEKTSV4RRFFQ69G5FAVX", 26)}) {
    CAPTURE(text);
    CHECK_FALSE(Ulid::parse(text));
  }
}

TEST_CASE("a new ULID carries the clock's time and 80 bits of chance") {
  tether::SteppingClock clock(tether::from_ms(1'469'922'850'259));
  ConstantRandom random(0xffff'0000'0000'0001);
  tether::UlidSource source(clock, random);
  CHECK(source.next().text() == "01ARZ3NDEKZZZZZZR000000001");
}

TEST_CASE("within one millisecond each ULID is the last one plus one") {
  tether::SteppingClock clock(tether::from_ms(1'469'918'176'385), 0us);
  ConstantRandom random(0);
  tether::UlidSource source(clock, random);
  CHECK(source.next().text() == "01ARYZ6S410000000000000000");
  CHECK(source.next().text() == "01ARYZ6S410000000000000001");
  CHECK(source.next().text() == "01ARYZ6S410000000000000002");
}

TEST_CASE("ULIDs go on increasing while the clock is set back") {
  tether::SteppingClock clock(tether::from_ms(1'469'918'176'385), 0us);
  ConstantRandom random(0);
  tether::UlidSource source(clock, random);
  CHECK(source.next().text() == "01ARYZ6S410000000000000000");
  clock.advance(-1h);
  CHECK(source.next().text() == "01ARYZ6S410000000000000001");
  clock.advance(1h + 1ms);
  CHECK(source.next().text() == "01ARYZ6S420000000000000000");
}

TEST_CASE("when the 80 bits run over, the time part moves on by one and order is kept") {
  tether::SteppingClock clock(tether::from_ms(1'469'918'176'385), 0us);
  ConstantRandom random(~std::uint64_t{0});
  tether::UlidSource source(clock, random);
  CHECK(source.next().text() == "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
  CHECK(source.next().text() == "01ARYZ6S420000000000000000");
  clock.advance(1ms);
  CHECK(source.next().text() == "01ARYZ6S420000000000000001");
}

TEST_CASE("a clock before 1970 or far in the future still gives ordered ULIDs") {
  ConstantRandom random(0);
  tether::SteppingClock early(tether::from_ms(-5), 0us);
  tether::UlidSource first(early, random);
  CHECK(first.next().text() == "00000000000000000000000000");
  tether::SteppingClock late(tether::from_us(std::numeric_limits<std::int64_t>::max()), 0us);
  tether::UlidSource last(late, random);
  const Ulid one = last.next();
  CHECK(last.next() > one);
  CHECK(one.time_ms() == 281'474'976'710'655);
}

TEST_CASE("after a ULID of another source, the time part moves beyond it, with chance of its own") {
  tether::SteppingClock clock(tether::from_ms(1'469'918'176'385), 0us);
  tether::SeededRandom random(1);
  tether::UlidSource source(clock, random);
  const Ulid other = Ulid::parse("01ARYZ6S41ZZZZZZZZZZZZZZZZ").value();
  source.start_after(other);
  const Ulid first = source.next();
  CHECK(first.time_ms() == 1'469'918'176'386);
  CHECK(source.next() > first);
  tether::SeededRandom other_random(2);
  tether::UlidSource copy(clock, other_random);
  copy.start_after(other);
  CHECK(copy.next() != first);
  source.start_after(Ulid::parse("01ARYZ6S400000000000000000").value());
  CHECK(source.next() > first);
  source.start_after(Ulid::parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ").value());
  CHECK(source.next().time_ms() == 281'474'976'710'655);
}

TEST_CASE("many ULIDs are strictly ordered as bytes and as text") {
  tether::SteppingClock clock(tether::from_ms(1'795'294'140'000), 100us);
  tether::SeededRandom random(3);
  tether::UlidSource source(clock, random);
  Ulid last = source.next();
  for (int i = 0; i < 10'000; ++i) {
    if (i % 100 == 0) clock.advance(-3ms);
    const Ulid next = source.next();
    REQUIRE(last < next);
    REQUIRE(last.text() < next.text());
    REQUIRE(Ulid::parse(next.text()) == next);
    last = next;
  }
}
