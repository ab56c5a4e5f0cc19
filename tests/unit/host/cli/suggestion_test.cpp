#include "host/cli/suggestion.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using qwen::host::nearest_name;

TEST_SUITE("host/cli/suggestion") {

TEST_CASE("the nearest name within a third of the length is suggested") {
    constexpr std::array<std::string_view, 4> kNames{"auth", "models", "config", "plugin"};
    CHECK(nearest_name("modles", kNames) == "models");
    CHECK(nearest_name("atuh", kNames) == "auth");
    CHECK(nearest_name("confg", kNames) == "config");
    CHECK(nearest_name("hello", kNames).empty());
    CHECK(nearest_name("", kNames).empty());
    CHECK(nearest_name(std::string(10'000, 'x'), kNames).empty());
}

}
