#include "core/chat/chat_request.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

using namespace qwen;

namespace {

std::string json_string(std::string_view text) {
    std::string out;
    chat::append_json_string(out, text);
    return out;
}

}  // namespace

TEST_SUITE("core/chat/chat_request") {

TEST_CASE("a string is the same to a full parser, wherever a byte that needs an escape stands") {
    for (int byte = 0; byte < 0x80; ++byte) {
        for (std::size_t length = 1; length <= 20; ++length) {
            for (std::size_t at = 0; at < length; ++at) {
                std::string text(length, 'a');
                text[at] = static_cast<char>(byte);
                const auto parsed = nlohmann::json::parse(json_string(text), nullptr, false);
                REQUIRE(parsed.is_string());
                REQUIRE(parsed.get<std::string>() == text);
            }
        }
    }
}

TEST_CASE("what is not ASCII stays, what is not UTF-8 becomes a replacement character") {
    CHECK(json_string("caf\u00e9 \U0001F600 \u4f60\u597d") == "\"caf\u00e9 \U0001F600 \u4f60\u597d\"");
    CHECK(json_string("a\xff""b") == "\"a\uFFFDb\"");
    CHECK(json_string("") == "\"\"");
    CHECK(json_string("\x7f\x1b\n\"\\") == R"("\u007f\u001b\n\"\\")");
}

TEST_CASE("the body holds the conversation in order") {
    const std::vector<chat::Message> messages{{chat::Message::Role::system, "s"}, {chat::Message::Role::user, "q"}, {chat::Message::Role::assistant, "a"}};
    const auto body = nlohmann::json::parse(chat::to_json({"m", messages, true}));
    CHECK(body["model"] == "m");
    CHECK(body["messages"].size() == 3);
    CHECK(body["messages"][2] == nlohmann::json{{"role", "assistant"}, {"content", "a"}});
    CHECK(body["stream"] == true);
}

}
