#include "core/base/json.hpp"

#include <doctest/doctest.h>

using namespace qwen;

TEST_SUITE("core/base/json") {
    TEST_CASE("members keep their order") {
        const auto json = parse_json(R"({"b":1,"a":[true,null,"x"]})", "answer");
        REQUIRE(json);
        CHECK(dump_json(*json) == R"({"b":1,"a":[true,null,"x"]})");
        CHECK(dump_json(parse_json(R"({"b":1})", "answer").value(), 2) == "{\n  \"b\": 1\n}");
    }

    TEST_CASE("what is not exactly one JSON text is refused without being repeated") {
        for (const std::string_view text :
             {"", "secret", "{\"secret\":}", "{} {}", "[\"secret\"", "{\"a\":1,}", "// c\n{}", "1e999", "\"\xFF\"", "nan"}) {
            CAPTURE(text);
            const auto json = parse_json(text, "credentials file");
            REQUIRE_FALSE(json);
            CHECK(json.error().code == ErrorCode::bad_response);
            CHECK(json.error().message.starts_with("the credentials file is not usable JSON: "));
            CHECK(json.error().message.find("secret") == std::string::npos);
        }
        CHECK(parse_json("{\"a\":x}", "answer").error().message.ends_with("syntax error at byte 6"));
    }

    TEST_CASE("limits hold") {
        const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
        CHECK(parse_json(nested(64), "answer"));
        CHECK_FALSE(parse_json(nested(65), "answer"));
        CHECK_FALSE(parse_json(std::string(200'000, '['), "answer"));
        CHECK(parse_json("[1]", "answer", {.max_bytes = 3}));
        CHECK_FALSE(parse_json("[1 ]", "answer", {.max_bytes = 3}));
        CHECK(parse_json(R"({"a":1,"b":{"a":1,"b":2}})", "answer", {.max_members = 2}));
        CHECK_FALSE(parse_json(R"({"a":1,"b":2,"c":3})", "answer", {.max_members = 2}));
    }

    TEST_CASE("a key that stands twice is an error, or the last one wins") {
        const std::string_view text = R"({"a":1,"b":[{"a":2}],"a":3})";
        CHECK_FALSE(parse_json(text, "answer"));
        const auto json = parse_json(text, "answer", {.refuse_duplicate_keys = false});
        REQUIRE(json);
        CHECK((*json)["a"] == 3);
        CHECK(parse_json(R"([{"a":1},{"a":2}])", "answer"));
    }

    TEST_CASE("a member is text or the fallback") {
        const auto json = parse_json(R"({"text":"x","number":1,"null":null})", "answer").value();
        CHECK(string_member(json, "text") == "x");
        CHECK(string_member(json, "number", "f") == "f");
        CHECK(string_member(json, "null", "f") == "f");
        CHECK(string_member(json, "absent").empty());
        CHECK(string_member(nlohmann::ordered_json::array(), "text", "f") == "f");
    }

    TEST_CASE("ill-formed text is written with replacement characters") {
        CHECK(dump_json(nlohmann::ordered_json("a\xFF")) == "\"a\uFFFD\"");
    }
}
