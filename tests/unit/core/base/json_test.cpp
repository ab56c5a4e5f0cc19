#include "core/base/json.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace qwen;

namespace {

using Json = nlohmann::ordered_json;

/// A value of any kind, objects and arrays up to `depth` deep.
Json any_value(std::mt19937& random, int depth) {
    const auto upto = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    switch (upto(depth > 0 ? 8 : 6)) {
        case 0: return nullptr;
        case 1: return upto(1) == 1;
        case 2: return -upto(1'000'000);
        case 3: return 18'446'744'073'709'551'615ull - static_cast<unsigned>(upto(9));
        case 4: return upto(1000) / 8.0;
        case 5: return std::string(static_cast<std::size_t>(upto(20)), 'x') + "\"\\\n\u00e4";
        case 6: return "";
        case 7: {
            Json array = Json::array();
            for (int left = upto(4); left > 0; --left) array.push_back(any_value(random, depth - 1));
            return array;
        }
        default: {
            Json object = Json::object();
            for (int left = upto(4); left > 0; --left) object["k" + std::to_string(left)] = any_value(random, depth - 1);
            return object;
        }
    }
}

}  // namespace

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

    TEST_CASE("what is built is what the library's own reader builds, whole and cut at every byte") {
        std::mt19937 random(20250101);
        for (int round = 0; round < 300; ++round) {
            const std::string text = any_value(random, 4).dump();
            CAPTURE(text);
            for (std::size_t end = 0; end <= text.size(); ++end) {
                const auto ours = parse_json(std::string_view(text).substr(0, end), "answer");
                const Json theirs = Json::parse(text.substr(0, end), nullptr, false);
                REQUIRE(static_cast<bool>(ours) == !theirs.is_discarded());
                if (ours) REQUIRE(*ours == theirs);
            }
        }
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
