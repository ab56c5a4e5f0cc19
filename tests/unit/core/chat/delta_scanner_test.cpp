#include <doctest/doctest.h>

#include <random>

#include "core/base/json.hpp"
#include "core/chat/chat_decoder.hpp"

using namespace qwen;
using chat::read_common_delta;

namespace {

/// What the full parser says is the text of the only choice.
std::optional<std::string> by_full_parser(const std::string& data) {
    const auto json = parse_json(data, "chunk", {.max_depth = 64, .max_bytes = 1u << 20, .refuse_duplicate_keys = false});
    if (!json || !json->is_object() || !json->contains("choices")) return std::nullopt;
    const auto& choices = (*json)["choices"];
    if (!choices.is_array() || choices.size() != 1 || !choices[0].is_object() || !choices[0].contains("delta")) return std::nullopt;
    const auto& delta = choices[0]["delta"];
    if (!delta.is_object() || !delta.contains("content") || !delta["content"].is_string()) return std::nullopt;
    return delta["content"].get<std::string>();
}

std::string chunk(const std::string& content_json) {
    return R"({"id":"c-1","object":"chat.completion.chunk","created":1700000000,"model":"m","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":)" +
           content_json + R"(},"logprobs":null,"finish_reason":null}],"usage":null})";
}

}  // namespace

TEST_SUITE("core/chat/delta_scanner") {

TEST_CASE("the common chunks of real servers are taken on the fast path") {
    std::string text;
    CHECK(read_common_delta(chunk("\"hello\""), text));
    CHECK(text == "hello");
    CHECK(read_common_delta(chunk("\"a\\nb\\t\\\"\\u00e9\""), text));
    CHECK(text == "a\nb\t\"é");
    CHECK(read_common_delta(R"({"choices":[{"delta":{"role":"assistant","content":""},"index":0,"finish_reason":null}],"id":"x"})", text));
    CHECK(text.empty());
    CHECK(read_common_delta(R"( { "choices" : [ { "delta" : { "content" : "x" } } ] } )", text));
}

TEST_CASE("whatever is unusual is left to the full parser") {
    std::string text;
    for (const char* data : {
             R"({"choices":[]})",
             R"({"choices":[{"delta":{}}]})",
             R"({"choices":[{"delta":{"content":null}}]})",
             R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})",
             R"({"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]})",
             R"({"choices":[{"delta":{"content":"a","content":"b"}}]})",
             R"({"choices":[{"index":1,"delta":{"content":"a"}}]})",
             R"({"choices":[{"delta":{"content":"a"}}],"usage":{"total_tokens":1}})",
             R"({"choices":[{"delta":{"content":"a"}}],"error":{"message":"x"}})",
             R"({"choices":[{"delta":{"content":"\ud83d\ude00"}}]})",
             R"({"choices":[{"delta":{"content":"a"}}]} x)",
             R"({"choices":[{"delta":{"content":"a"}}])",
             R"({"choices":[{"delta":{"content":"a)",
             "",
         }) {
        CAPTURE(data);
        CHECK_FALSE(read_common_delta(data, text));
    }
    CHECK_FALSE(read_common_delta(chunk("\"\xff\""), text));
}

TEST_CASE("mutated chunks: what the fast path accepts, the full parser reads the same way") {
    const std::vector<std::string> seeds{
        chunk("\"hello \\\"world\\\"\\n\""), chunk("\"\\u4f60\\u597d 你好 😀\""),
        R"({"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"x","refusal":null},"finish_reason":null}],"created":1,"object":"o","model":"m"})"};
    const std::string alphabet = "{}[]\",:\\u0019aentrfls \n-+.eE\x80\xc3\xf0";
    std::mt19937 random(7);
    std::size_t accepted = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string data = seeds[random() % seeds.size()];
        for (unsigned edits = random() % 4; edits-- > 0;) {
            const std::size_t at = random() % data.size();
            switch (random() % 3) {
                case 0: data[at] = alphabet[random() % alphabet.size()]; break;
                case 1: data.erase(at, 1 + random() % 3); break;
                default: data.insert(at, 1, alphabet[random() % alphabet.size()]);
            }
            if (data.empty()) data = "{";
        }
        std::string text;
        if (!read_common_delta(data, text)) continue;
        ++accepted;
        const auto expected = by_full_parser(data);
        if (!expected || *expected != text) {
            CAPTURE(data);
            CHECK(expected == text);
        }
    }
    CHECK(accepted > 20'000);
}

}
