#include "core/chat/chat_decoder.hpp"

#include <doctest/doctest.h>

#include "core/chat/chat_request.hpp"
#include "core/base/json.hpp"

using namespace qwen;
using namespace qwen::chat;

namespace {

class Collector final : public AnswerSink {
public:
    bool delta(std::string_view text) override {
        text_ += text;
        return ++deltas_ < stop_after_;
    }
    void flush() override {}
    std::string text_;
    int deltas_ = 0;
    int stop_after_ = 1000;
};

}  // namespace

TEST_SUITE("core/chat/chat_decoder") {

TEST_CASE("a stream as Qwen sends it becomes text, finish reason and usage") {
    Collector sink;
    ChatDecoder decoder(sink);
    for (const char* data : {
             R"({"choices":[{"finish_reason":null,"logprobs":null,"delta":{"content":"","role":"assistant"},"index":0}],"object":"chat.completion.chunk","usage":null,"created":1,"system_fingerprint":null,"model":"qwen","id":"c1"})",
             R"({"choices":[{"delta":{"content":"He"},"index":0}],"usage":null,"system_fingerprint":null,"model":"qwen","id":"c1"})",
             R"({"choices":[{"delta":{"content":"llo"},"finish_reason":null,"index":0}],"usage":null,"model":"qwen","id":"c1"})",
             R"({"choices":[{"delta":{"content":""},"finish_reason":"stop","index":0}],"usage":null,"model":"qwen","id":"c1"})",
             R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"model":"qwen","id":"c1"})",
         }) {
        const auto more = decoder.chunk(data);
        REQUIRE(more);
        CHECK(*more);
    }
    const auto end = decoder.chunk("[DONE]");
    REQUIRE(end);
    CHECK_FALSE(*end);
    CHECK(sink.text_ == "Hello");
    CHECK(decoder.completion().model == "qwen");
    CHECK(decoder.completion().finish_reason == "stop");
    REQUIRE(decoder.completion().usage);
    CHECK(decoder.completion().usage->total_tokens == 5);
    CHECK(decoder.finished());
}

TEST_CASE("only the server's word makes an answer complete") {
    Collector sink;
    ChatDecoder decoder(sink);
    REQUIRE(decoder.chunk(R"({"id":"a","choices":[{"delta":{"content":"x"}}]})"));
    CHECK_FALSE(decoder.finished());
    REQUIRE(decoder.chunk("[DONE]"));
    CHECK(decoder.finished());
}

TEST_CASE("error objects, in any form, become errors with the server's words") {
    struct Row {
        const char* data;
        ErrorCode code;
        const char* contains;
    };
    const Row rows[] = {
        {R"({"error":{"message":"boom","type":"server_error"}})", ErrorCode::provider_error, "boom (server_error)"},
        {R"({"error":"boom"})", ErrorCode::provider_error, "boom"},
        {R"({"error":{"message":"no credit","code":"insufficient_quota"}})", ErrorCode::quota_exhausted, "no credit"},
        {R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})", ErrorCode::rate_limited, "slow"},
        {"<html>", ErrorCode::bad_response, "no valid JSON"},
        {"[1]", ErrorCode::bad_response, "no chat completion"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.data);
        Collector sink;
        ChatDecoder decoder(sink);
        const auto result = decoder.chunk(row.data);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == row.code);
        CHECK(result.error().message.find(row.contains) != std::string::npos);
    }
}

TEST_CASE("a body without end in depth is refused, and its text is not echoed") {
    Collector sink;
    ChatDecoder decoder(sink);
    const auto result = decoder.chunk(std::string(200'000, '['));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::bad_response);
    CHECK(result.error().message.size() < 300);
}

TEST_CASE("invalid UTF-8 in a delta becomes the replacement character") {
    Collector sink;
    ChatDecoder decoder(sink);
    REQUIRE(decoder.chunk("{\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"a\xff" "b\"}}]}"));
    CHECK(sink.text_ == "a\xEF\xBF\xBD" "b");
}

TEST_CASE("an answer that is not streamed, with parts or plain") {
    for (const char* body : {R"({"id":"a","choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]})",
                             R"({"id":"a","choices":[{"message":{"content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]},"finish_reason":"stop"}]})"}) {
        Collector sink;
        ChatDecoder decoder(sink);
        REQUIRE(decoder.whole(body));
        CHECK(sink.text_ == "Hello");
        CHECK(decoder.finished());
    }
}

TEST_CASE("only the first choice is the answer") {
    Collector sink;
    ChatDecoder decoder(sink);
    REQUIRE(decoder.chunk(R"({"id":"a","choices":[{"index":0,"delta":{"content":"A"}},{"index":1,"delta":{"content":"B"}}]})"));
    CHECK(sink.text_ == "A");
}

TEST_CASE("a reader that has gone ends the stream") {
    Collector sink;
    sink.stop_after_ = 1;
    ChatDecoder decoder(sink);
    const auto more = decoder.chunk(R"({"id":"a","choices":[{"delta":{"content":"x"}}]})");
    REQUIRE(more);
    CHECK_FALSE(*more);
    CHECK(decoder.reader_gone());
}

}

TEST_SUITE("core/chat/chat_request") {

TEST_CASE("the body is what a JSON library reads back, whatever the messages hold") {
    std::string all;
    for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
    const std::vector<Message> messages{{Message::Role::system, "be brief"}, {Message::Role::user, all + "é😀"}, {Message::Role::assistant, ""}, {Message::Role::user, "bad \xff"}};
    const auto json = parse_json(to_json({"m\"1", messages, true}), "body");
    REQUIRE(json);
    CHECK((*json)["model"] == "m\"1");
    CHECK((*json)["messages"][0]["role"] == "system");
    CHECK((*json)["messages"][1]["content"] == all + "é😀");
    CHECK((*json)["messages"][2]["role"] == "assistant");
    CHECK((*json)["messages"][3]["content"] == "bad \xEF\xBF\xBD");
    CHECK((*json)["stream"] == true);
    CHECK((*json)["stream_options"]["include_usage"] == true);
    const auto plain = parse_json(to_json({"m", messages, false}), "body");
    REQUIRE(plain);
    CHECK((*plain)["stream"] == false);
    CHECK_FALSE(plain->contains("stream_options"));
}

}
