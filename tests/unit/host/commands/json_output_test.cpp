#include "host/commands/json_output.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/commands/json_output") {

TEST_CASE("an error has its code, its words, its place and the exit status") {
    const Error error{ErrorCode::config_invalid, "unknown key", "model", FileLocation{"/etc/qwen/config.toml", 3, 7}};
    CHECK(json_line(json_failure(error)) ==
          "{\"schema\":1,\"ok\":false,\"error\":{\"code\":\"config_invalid\",\"message\":\"unknown key\",\"hint\":\"model\","
          "\"where\":{\"path\":\"/etc/qwen/config.toml\",\"line\":3,\"column\":7},\"exit_code\":3}}\n");
}

TEST_CASE("members that would be empty are left out") {
    CHECK(json_line(json_failure({ErrorCode::not_authenticated, "not signed in", "", std::nullopt})) ==
          "{\"schema\":1,\"ok\":false,\"error\":{\"code\":\"not_authenticated\",\"message\":\"not signed in\",\"exit_code\":4}}\n");
}

TEST_CASE("a line of JSON can be shown on a terminal and still holds the same text") {
    const std::string hostile = "a\033[2J\u009B1m\u202E\U000E0041\x7F z";

    const auto line = json_line({{"text", hostile}});

    for (const auto* control : {"\033", "\u009B", "\u202E", "\U000E0041", "\x7F"}) CHECK(line.find(control) == std::string::npos);
    CHECK(nlohmann::ordered_json::parse(line)["text"] == hostile);
}

}
