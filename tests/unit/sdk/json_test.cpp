#include "qwen/json.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

#include "qwen/plugin.hpp"

TEST_SUITE("sdk/json") {
    using qwen::plugin::json_integer;
    using qwen::plugin::json_text;

    qwen_status status_of(std::string_view json, const char* name) {
        qwen_str value{};
        return qwen_json_member(qwen::plugin::borrow(json), name, &value);
    }

    TEST_CASE("a text is found by name and decoded") {
        CHECK(json_text(R"({"a":"one","b" : "two"})", "b") == "two");
        CHECK(json_text(R"( { "a" : "\"\\\/\b\f\n\r\t" } )", "a") == "\"\\/\b\f\n\r\t");
        CHECK(json_text(R"({"a":"\u0041\u00e9\u20ac\ud83d\ude00"})", "a") == "A\u00e9\u20ac\U0001F600");
        CHECK(json_text(R"({"\u0061":"escaped name"})", "a") == "escaped name");
        CHECK(json_text(R"({"a":""})", "a") == "");
        CHECK(json_text(R"({"a":"first","a":"second"})", "a") == "first");
    }

    TEST_CASE("only members of the outermost object count") {
        constexpr std::string_view kNested = R"({"inner":{"a":"no"},"list":["a",{"a":"no"}],"a":"yes"})";
        CHECK(json_text(kNested, "a") == "yes");
        qwen_str inner{};
        REQUIRE(qwen_json_member(qwen::plugin::borrow(kNested), "inner", &inner) == QWEN_OK);
        CHECK(json_text(qwen::plugin::view(inner), "a") == "no");
    }

    TEST_CASE("what is absent or of another kind is not found") {
        CHECK(json_text("{}", "a") == std::nullopt);
        CHECK(json_text(R"({"a":1,"b":null,"c":{"x":"y"}})", "a") == std::nullopt);
        CHECK(json_text(R"({"a":null})", "a") == std::nullopt);
        CHECK(json_integer(R"({"a":"text","b":null,"c":true})", "a") == std::nullopt);
        CHECK(json_integer(R"({"a":""})", "a") == std::nullopt);
        CHECK(status_of(R"({"ab":1})", "a") == QWEN_ERR_NOT_FOUND);
        CHECK(status_of("{\"" + std::string(100, 'x') + "\":1}", "x") == QWEN_ERR_NOT_FOUND);
    }

    TEST_CASE("numbers are whole, quoted or not, and held at the end of the range") {
        CHECK(json_integer(R"({"a":3600})", "a") == 3600);
        CHECK(json_integer(R"({"a":"3600"})", "a") == 3600);
        CHECK(json_integer(R"({"a":-12.9})", "a") == -12);
        CHECK(json_integer(R"({"a":0})", "a") == 0);
        CHECK(json_integer(R"({"a":9223372036854775807})", "a") == INT64_MAX);
        CHECK(json_integer(R"({"a":-9223372036854775807})", "a") == -INT64_MAX);
        CHECK(json_integer(R"({"a":-9223372036854775808})", "a") == INT64_MIN);
        CHECK(json_integer(R"({"a":9223372036854775808})", "a") == INT64_MAX);
        CHECK(json_integer(R"({"a":99999999999999999999999})", "a") == INT64_MAX);
        CHECK(json_integer(R"({"a":-99999999999999999999999})", "a") == INT64_MIN);
        CHECK(json_integer(R"({"a":1e3})", "a") == std::nullopt);
    }

    TEST_CASE("a text that is no JSON object, or half of one, has no members") {
        for (const std::string_view json : {"", " ", "null", "[]", "\"a\"", "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} x", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
                                            "{\"a\":[1,]}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":+1}", "{\"a\":tru}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
                                            "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"line\nbreak\"}", "{\"a\":\"open}", "<html>"}) {
            CAPTURE(json);
            CHECK(status_of(json, "a") == QWEN_ERR_BAD_RESPONSE);
        }
    }

    TEST_CASE("a deep text is refused, not followed") {
        const auto nested = [](int levels) { return "{\"a\":" + std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']') + "}"; };
        CHECK(status_of(nested(31), "a") == QWEN_OK);
        CHECK(status_of(nested(32), "a") == QWEN_ERR_BAD_RESPONSE);
        CHECK(status_of(std::string(1'000'000, '['), "a") == QWEN_ERR_BAD_RESPONSE);
        CHECK(status_of("{\"a\":" + std::string(1'000'000, '['), "a") == QWEN_ERR_BAD_RESPONSE);
    }

    TEST_CASE("a text that does not fit is not cut") {
        const std::string_view json = R"({"a":"12345"})";
        char out[5];
        uint32_t len = 9;
        CHECK(qwen_json_text(qwen::plugin::borrow(json), "a", out, 5, &len) == QWEN_OK);
        CHECK(std::string_view(out, len) == "12345");
        CHECK(qwen_json_text(qwen::plugin::borrow(json), "a", out, 4, &len) == QWEN_ERR_TOO_LARGE);
        CHECK(len == 0);
    }

    TEST_CASE("no change of a byte makes it read beyond the text") {
        const std::string good = R"({"access_token":"a\u00e9b","expires_in":3600.5,"list":[1,{"x":null}],"last":"\\"})";
        std::mt19937 random(7);
        for (int round = 0; round < 20'000; ++round) {
            // Exactly as long as it is: AddressSanitizer sees a byte too many.
            std::string text = good.substr(0, random() % (good.size() + 1));
            for (unsigned changes = random() % 4; changes > 0 && !text.empty(); --changes) text[random() % text.size()] = "\"\\{}[],:u0e\x00\xff"[random() % 13];
            const std::vector<char> exact(text.begin(), text.end());
            const std::string_view json(exact.data(), exact.size());
            const auto last = json_text(json, "last");
            CHECK((!last || last->size() <= json.size()));
            static_cast<void>(json_integer(json, "expires_in"));
        }
    }
}
