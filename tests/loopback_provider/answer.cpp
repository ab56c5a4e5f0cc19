#include "tests/loopback_provider/answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>

namespace loopback {
namespace {

using nlohmann::json;

constexpr std::array kWords = {"Once", "upon", "a",    "time",   "a",    "small", "program", "asked", "a",  "question",
                               "and",  "the",  "answer", "came", "back", "word",  "by",      "word",  "at", "last."};
constexpr long kCreated = 1700000000;

std::string event(const Behaviour& behaviour, const std::string& data) {
    if (behaviour.has("crlf")) return "data: " + data + "\r\n\r\n";
    if (behaviour.has("cr")) return "data: " + data + "\r\r";
    if (behaviour.has("comments")) return ": keep-alive\n\ndata: " + data + "\n\n";
    return "data: " + data + "\n\n";
}

// Written out, not dumped from a document: 20,000 of these must cost the server next to nothing. The key order is Qwen's.
std::string chunk(const ChatRequest& request, const std::string& choices, const std::string& usage) {
    return fmt::format(
        R"({{"choices":{},"object":"chat.completion.chunk","usage":{},"created":{},"system_fingerprint":null,"model":{},"id":"chatcmpl-loopback"}})",
        choices, usage, kCreated, json(request.model).dump());
}

std::string usage_of(const ChatRequest& request, std::size_t pieces) {
    const auto prompt = request.last_user_message.size() / 4 + 1;
    return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})", prompt, pieces, prompt + pieces);
}

/// What a model's answer is made of; every kind of it that a terminal may render.
constexpr std::string_view kMarkdown = R"(## Sorting files

Use **ls** with the *size* option, `ls -lS`, or see
[the manual](https://www.gnu.org/software/coreutils/ls_invocation):

1. largest first
2. with `-r`, **smallest *first***

```sh
ls -lS *.txt | head -n 3   # not *emphasis*
```

> Sizes are in bytes; 2 * 3 * 4 stays as it is.

| name | size |
|------|------|
| a_b  | **1** |
)";

/// Cut between characters.
std::vector<std::string> cut(std::string_view text, std::size_t bytes) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        auto length = std::min(bytes == 0 ? text.size() : bytes, text.size());
        while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
        pieces.emplace_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return pieces;
}

std::string content_of(const json& message) {
    const auto& content = message.at("content");
    if (content.is_string()) return content.get<std::string>();
    std::string text;
    for (const auto& part : content) text += part.value("text", "");
    return text;
}

}  // namespace

ChatRequest parse_chat_request(const std::string& body, const std::string& deployment) {
    const auto document = json::parse(body);
    ChatRequest request;
    // Azure names the deployment in the path; the model of the body, where there is one, says nothing more.
    request.model = deployment.empty() ? document.at("model").get<std::string>() : deployment;
    request.stream = document.value("stream", false);
    if (const auto options = document.find("stream_options"); options != document.end()) request.include_usage = options->value("include_usage", false);
    for (const auto& message : document.at("messages")) {
        if (message.at("role") == "user") request.last_user_message = content_of(message);
    }
    return request;
}

std::vector<std::string> answer_pieces(const ChatRequest& request, const Behaviour& behaviour) {
    if (behaviour.has("echo")) return cut(request.last_user_message, static_cast<std::size_t>(behaviour.number("size", 0)));
    if (behaviour.has("markdown")) return cut(kMarkdown, static_cast<std::size_t>(behaviour.number("size", 0)));
    if (behaviour.has("escape")) return {"before \x1b]0;title\x07\x1b[2J\x1b[31m\xc2\x9b" "5m", "after"};
    const auto count = static_cast<std::size_t>(behaviour.number("chunks", static_cast<long>(kWords.size())));
    const auto size = static_cast<std::size_t>(behaviour.number("size", 0));
    std::vector<std::string> pieces;
    pieces.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::string piece = (i == 0 ? "" : " ") + std::string(kWords[i % kWords.size()]);
        if (behaviour.has("split-utf8")) piece += " \xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x98\x80";
        if (size > piece.size()) piece.append(size - piece.size(), 'x');
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

std::string answer_text(const ChatRequest& request, const Behaviour& behaviour) {
    std::string text;
    for (const auto& piece : answer_pieces(request, behaviour)) text += piece;
    return text;
}

std::string delta_event(const ChatRequest& request, const Behaviour& behaviour, const std::string& piece) {
    const char* field = behaviour.has("reasoning") ? "reasoning_content" : "content";
    const auto choices = fmt::format(R"([{{"delta":{{"{}":{}}},"finish_reason":null,"index":0,"logprobs":null}}])", field, json(piece).dump());
    return event(behaviour, chunk(request, choices, "null"));
}

std::vector<std::string> stream_events(const ChatRequest& request, const Behaviour& behaviour) {
    std::vector<std::string> events;
    events.push_back((behaviour.has("bom") ? "\xef\xbb\xbf" : "") +
                     event(behaviour, chunk(request, R"([{"delta":{"content":"","role":"assistant"},"index":0,"logprobs":null}])", "null")));
    const auto pieces = answer_pieces(request, behaviour);
    for (const auto& piece : pieces) events.push_back(delta_event(request, behaviour, piece));
    if (behaviour.has("reasoning")) {
        auto spoken = delta_event(request, Behaviour(""), answer_text(request, Behaviour("")));
        events.push_back(std::move(spoken));
    }
    if (behaviour.has("no-end")) return events;
    events.push_back(event(behaviour, chunk(request, R"([{"delta":{"content":""},"finish_reason":"stop","index":0,"logprobs":null}])", "null")));
    if (request.include_usage || behaviour.has("usage")) events.push_back(event(behaviour, chunk(request, "[]", usage_of(request, pieces.size()))));
    if (behaviour.has("no-done")) return events;
    auto done = event(behaviour, "[DONE]");
    if (behaviour.has("no-final-blank")) done.resize(done.size() - 2);
    events.push_back(std::move(done));
    return events;
}

std::string clock_stamp() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return fmt::format("[{:020}]", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::string whole_answer(const ChatRequest& request, const Behaviour& behaviour) {
    const json message = {{"role", "assistant"}, {"content", answer_text(request, behaviour)}, {"refusal", nullptr}};
    const json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}, {"logprobs", nullptr}};
    const json document = {{"id", "chatcmpl-loopback"}, {"object", "chat.completion"}, {"created", kCreated},
                           {"model", request.model},    {"system_fingerprint", nullptr}, {"choices", json::array({choice})},
                           {"usage", json::parse(usage_of(request, answer_pieces(request, behaviour).size()))}};
    return document.dump();
}

std::string error_body(const std::string& message, const std::string& type, const std::string& code) {
    const json error = {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}};
    return json{{"error", error}}.dump();
}

}  // namespace loopback
