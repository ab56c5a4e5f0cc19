#include "host/plugin/setting_claims.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace qwen;
using namespace qwen::host::plugin;

namespace {

constexpr std::array<std::string_view, 2> kProgramFlags{"--json", "--debug"};

Manifest manifest_with(const std::string& id, const std::vector<std::string>& flags) {
    Manifest manifest;
    manifest.id = id;
    for (std::size_t i = 0; i < flags.size(); ++i) {
        config::Setting setting;
        setting.key = manifest.setting_key("setting_" + std::string(1, static_cast<char>('a' + i)));
        setting.provider = id;
        setting.flag = flags[i];
        manifest.settings.push_back(std::move(setting));
    }
    return manifest;
}

std::string claim(SettingClaims& claims, const std::string& id, const std::vector<std::string>& flags) {
    const auto error = claims.claim({id, "/plugins/" + id + ".so", PluginPlace::user}, manifest_with(id, flags));
    return error ? error->message : "taken";
}

}  // namespace

TEST_SUITE("host/plugin/setting_claims") {
    TEST_CASE("whoever comes first has the flag, and the other is told by whom it is taken") {
        SettingClaims claims(kProgramFlags);
        CHECK(claim(claims, "one", {"--region"}) == "taken");
        CHECK(claim(claims, "two", {"--region"}) == "the flag --region of plugin 'two' is taken by plugin 'one'");
        CHECK(claim(claims, "two", {"--two-region"}) == "taken");
    }

    TEST_CASE("flags of the program are nobody else's, settings and options alike") {
        SettingClaims claims(kProgramFlags);
        CHECK(claim(claims, "one", {"--model"}) == "the flag --model of plugin 'one' is taken by the program");
        CHECK(claim(claims, "one", {"--json"}) == "the flag --json of plugin 'one' is taken by the program");
        CHECK(claim(claims, "one", {"", ""}) == "taken");
    }

    TEST_CASE("a plugin that is refused takes nothing") {
        SettingClaims claims(kProgramFlags);
        CHECK(claim(claims, "one", {"--free", "--model"}) != "taken");
        CHECK(claim(claims, "two", {"--free"}) == "taken");
    }

    TEST_CASE("a flag twice in one plugin, or an ill-formed one, is refused") {
        SettingClaims claims(kProgramFlags);
        CHECK(claim(claims, "one", {"--same", "--same"}).find("flag that is taken") != std::string::npos);
        CHECK(claim(claims, "one", {"-x"}).find("ill-formed flag") != std::string::npos);
    }
}
