#include "host/provider_choice.hpp"

#include <doctest/doctest.h>

#include "host/redaction.hpp"

using namespace qwen;
using namespace qwen::host;
using config::Source;

namespace {

const std::vector<KnownProvider> kKnown{{"openai_compat", "openai_compat"}, {"openrouter", "openai_compat"}, {"qwen_oauth", "qwen_oauth"}};

config::Resolution resolved(std::vector<std::pair<std::string, Source>> given) {
    auto table = config::SettingTable::core();
    REQUIRE(table.add({.key = "providers.openai_compat.api_key", .type = config::ValueType::secret, .role = config::SettingRole::api_key, .provider = "openai_compat"}));
    REQUIRE(table.add({.key = "providers.openai_compat.base_url", .type = config::ValueType::url, .default_value = "https://api.openai.com/v1", .has_default = true,
                       .role = config::SettingRole::base_url, .provider = "openai_compat"}));
    std::vector<config::Layer> layers;
    for (const auto& [key, source] : given) {
        config::Layer layer{source, {}};
        const std::string value = key == "provider" ? "openrouter" : key.ends_with("base_url") ? "http://127.0.0.1/v1" : "sk-canary-0123456789";
        layer.entries.push_back({key, Secret(value), {source, config::TrustClass::user, key, {}, {}}});
        layers.push_back(std::move(layer));
    }
    auto resolution = config::resolve(table, std::move(layers));
    REQUIRE(resolution);
    return std::move(*resolution);
}

}  // namespace

TEST_SUITE("host/provider_choice") {

TEST_CASE("a named provider beats a key, that a default account, that a sign-in") {
    const std::string key = "providers.openai_compat.api_key";
    const StoredLogins all{"qwen_oauth", true};
    CHECK(choose_provider(resolved({{"provider", Source::flag}, {key, Source::environment}}), kKnown, all)->provider.name == "openrouter");
    CHECK(choose_provider(resolved({{key, Source::environment}}), kKnown, all)->because == "environment " + key);
    CHECK(choose_provider(resolved({}), kKnown, all)->because == "the default account");
    CHECK(choose_provider(resolved({}), kKnown, {"", true})->provider.name == "qwen_oauth");
    CHECK(choose_provider(resolved({}), kKnown, {}).error().code == ErrorCode::not_authenticated);
}

TEST_CASE("a server of one's own needs no key, a default URL says nothing") {
    CHECK(choose_provider(resolved({{"providers.openai_compat.base_url", Source::dotenv}}), kKnown, {})->provider.name == "openai_compat");
    CHECK_FALSE(choose_provider(resolved({}), kKnown, {}));
}

TEST_CASE("an unknown name is an error that names where it came from") {
    const std::vector<KnownProvider> others{{"openrooter", "openrooter"}};
    const auto error = choose_provider(resolved({{"provider", Source::environment}}), others, {}).error();
    CHECK(error.code == ErrorCode::plugin_missing);
    CHECK(error.message == "no provider is called \"openrouter\" (from environment provider)");
    CHECK(error.hint == "--provider openrooter");
}

TEST_CASE("an error that repeats a secret is shown without it") {
    const auto resolution = resolved({{"providers.openai_compat.api_key", Source::environment}});
    const auto error = redacted({ErrorCode::credential_rejected, "bad key sk-canary-0123456789!", "not sk-canary-0123456789", std::nullopt}, resolution);
    CHECK(error.message == "bad key …6789!");
    CHECK(error.hint == "not …6789");
}

}
