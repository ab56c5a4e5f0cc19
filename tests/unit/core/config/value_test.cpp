#include "core/config/value.hpp"

#include <doctest/doctest.h>

using namespace qwen::config;
using namespace std::chrono_literals;

TEST_SUITE("core/config/value") {

TEST_CASE("durations have a unit; a number alone is seconds") {
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("10") == 10s);
    CHECK(parse_duration("2m") == 2min);
    CHECK(parse_duration("24h") == 24h);
    for (const auto* text : {"", "s", "-1s", "1.5s", "10 s", "25h", "99999999999999999999", "1d"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
}

TEST_CASE("booleans are spelt as people spell them") {
    CHECK(parse_boolean("True") == true);
    CHECK(parse_boolean("0") == false);
    CHECK_FALSE(parse_boolean("maybe").has_value());
}

TEST_CASE("a key with a line break, or pasted with a space, is refused before it is sent") {
    const Setting key{.key = "k", .type = ValueType::secret};
    CHECK_FALSE(problem_with(key, "sk-1").has_value());
    CHECK(problem_with(key, "sk-1\r\nX-Evil: 1").has_value());
    CHECK(problem_with(key, "sk-1 ").has_value());
    CHECK(problem_with(key, std::string(9000, 'a')).has_value());
    CHECK(problem_with(key, "sk-\xFF").has_value());
}

TEST_CASE("a value outside the choices is named by the choices") {
    const Setting setting{.key = "s", .choices = {"a", "b"}};
    CHECK_FALSE(problem_with(setting, "a").has_value());
    CHECK(problem_with(setting, "c") == "is none of a, b");
}

}
