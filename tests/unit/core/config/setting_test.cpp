#include "core/config/setting.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace qwen;
using namespace qwen::config;

TEST_SUITE("core/config/setting") {

TEST_CASE("the core's own table has unique keys and flags, and a help text for each") {
    std::set<std::string> names;
    const auto table = SettingTable::core();
    for (const auto& setting : table.all()) {
        CAPTURE(setting.key);
        CHECK(names.insert(setting.key).second);
        if (!setting.flag.empty()) CHECK(names.insert(setting.flag).second);
        CHECK_FALSE(setting.help.empty());
    }
}

TEST_CASE("a key or flag that is taken, or ill-formed, is refused") {
    auto table = SettingTable::core();
    REQUIRE(table.add({.key = "providers.acme.pin", .flag = "--acme-pin"}));
    CHECK(table.add({.key = "providers.acme.pin"}).error().code == ErrorCode::plugin_refused);
    CHECK(table.add({.key = "providers.acme.other", .flag = "--model"}).error().code == ErrorCode::plugin_refused);
    CHECK_FALSE(table.add({.key = "Providers.x"}));
    CHECK_FALSE(table.add({.key = "providers.acme.x", .flag = "acme"}));
    CHECK_FALSE(table.add({.key = ""}));
}

TEST_CASE("a misspelt key finds its neighbour") {
    const auto table = SettingTable::core();
    CHECK(table.nearest_key("modle") == "model");
    CHECK(table.nearest_key("network.ca_fiel") == "network.ca_file");
    CHECK(table.nearest_key("something_else").empty());
}

}
