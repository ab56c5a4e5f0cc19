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

TEST_CASE("a list is a JSON array of strings, or what stands between commas") {
    using List = std::vector<std::string>;
    CHECK(parse_text_list("a, b ,,c") == List{"a", "b", "c"});
    CHECK(parse_text_list(R"(["X-Team: a, b","X-Trace: on"])") == List{"X-Team: a, b", "X-Trace: on"});
    CHECK(parse_text_list("[::1],localhost") == List{"[::1]", "localhost"});
    CHECK(parse_text_list("[1]") == List{"[1]"});
    CHECK(parse_text_list("").empty());
    CHECK(parse_text_list("[]").empty());
    const List awkward{"a,b", "\"quoted\"", "[x]", "ä"};
    CHECK(parse_text_list(text_list_of(awkward)) == awkward);
}

TEST_CASE("a line break cannot hide in an element of a list") {
    const Setting list{.key = "headers", .type = ValueType::text_list};
    CHECK_FALSE(problem_with(list, R"(["X-Team: blue","X-Trace: on"])"));
    CHECK(problem_with(list, R"(["X-Team: blue\r\nX-Evil: 1"])"));
    CHECK(problem_with(list, "X-Team: blue\nX-Evil: 1"));
}

}
