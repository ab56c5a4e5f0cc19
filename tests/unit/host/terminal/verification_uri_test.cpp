#include "host/terminal/verification_uri.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace qwen;
using namespace qwen::host;

namespace {
const std::vector<std::string> kOrigins{"https://chat.qwen.ai"};
}

TEST_SUITE("host/terminal/verification_uri") {

TEST_CASE("a link of the provider may be opened") {
    for (const auto* uri : {"https://chat.qwen.ai/authorize?user_code=7KQD-2MXV&client=qwen-code", "https://login.chat.qwen.ai/x"}) {
        CAPTURE(uri);
        const auto link = check_verification_uri(uri, kOrigins);
        REQUIRE(link);
        CHECK(link->may_open);
        CHECK(link->url.to_string() == uri);
    }
}

TEST_CASE("a link to another host is shown, not opened") {
    for (const auto* uri : {"https://evil.example/authorize", "https://chat.qwen.ai.evil.example/", "https://evilchat.qwen.ai/", "https://chat.qwen.ai:8443/",
                            "http://127.0.0.1:8080/device"}) {
        CAPTURE(uri);
        const auto link = check_verification_uri(uri, kOrigins);
        REQUIRE(link);
        CHECK_FALSE(link->may_open);
    }
}

TEST_CASE("anything that is no plain https link is refused") {
    const std::string too_long = "https://chat.qwen.ai/" + std::string(3000, 'a');
    for (const std::string& uri :
         {std::string("javascript:alert(1)"), std::string("file:///etc/passwd"), std::string("data:text/html,x"), std::string("http://chat.qwen.ai/"),
          std::string("--new-window"), std::string("https://chat.qwen.ai/$(id)"), std::string("https://chat.qwen.ai/`id`"),
          std::string("https://chat.qwen.ai/\"x"), std::string("https://chat.qwen.ai/\nx"), std::string("https://chat.qwen.ai/a b"),
          std::string("https://chat.qwen.ai/\033[2J"), std::string("https://user@chat.qwen.ai/"), std::string(""), too_long}) {
        CAPTURE(uri);
        const auto link = check_verification_uri(uri, kOrigins);
        REQUIRE_FALSE(link);
        CHECK(link.error().code == ErrorCode::bad_response);
    }
}

}
