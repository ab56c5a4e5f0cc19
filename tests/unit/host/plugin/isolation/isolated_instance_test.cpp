#include "host/plugin/isolation/isolated_instance.hpp"

#include <doctest/doctest.h>

#include "tests/unit/host/plugin/provider_scene.hpp"

using namespace qwen;
using namespace qwen::host::plugin;
using qwen::tests::ProviderScene;

namespace {

const auth::RequestShape kChat{.operation = "chat.completions", .method = "POST", .path = "/chat/completions", .model = "m", .streaming = true};

FoundProvider find_fixture(std::string_view id) {
    auto found = PluginHost({.bundled = QWEN_FIXTURE_PLUGINS, .user = {}}, {}).find(id);
    if (!found) FAIL(found.error().message);
    return std::move(found).value();
}

IsolationSettings settings() {
    IsolationSettings settings;
    settings.program = QWEN_PROGRAM;
    return settings;
}

std::unique_ptr<PluginProvider> open_isolated(std::string_view id, ProviderScene& scene) {
    auto provider = PluginHost::open(find_fixture(id), scene.dependencies(), settings());
    if (!provider) FAIL(provider.error().message);
    return std::move(provider).value();
}

}  // namespace

TEST_SUITE("host/plugin/isolation/isolated_instance") {

TEST_CASE("a provider in a process of its own puts its credential on a request") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest, {{"api_key", "sk-test"}});
    const auto provider = open_isolated("well_behaved", scene);

    auto outcome = provider->authorize(kChat, {});

    REQUIRE(outcome);
    REQUIRE(outcome->edits.headers.size() == 1);
    CHECK(outcome->edits.headers[0].value.reveal() == "Bearer sk-test");
    CHECK(outcome->edits.headers[0].sensitive);
    CHECK(outcome->edits.query.size() == 1);
    CHECK(outcome->edits.body_fields.size() == 1);
}

TEST_CASE("its login goes through the prompt, http and secret store of the program") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    const auto provider = open_isolated("well_behaved", scene);
    scene.person.answer = "typed-key";

    REQUIRE(provider->login("", {}));

    CHECK(scene.requests == std::vector<std::string>{"https://api.example.com/check"});
    CHECK((*scene.secrets.get("api_key"))->value.reveal() == "typed-key");
    REQUIRE(provider->refresh({}));
    CHECK((*scene.secrets.get("api_key"))->value.reveal() == "renewed");
    REQUIRE(provider->logout({}));
    CHECK_FALSE(scene.secrets.get("api_key")->has_value());
}

TEST_CASE("its verdicts keep their time and text") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest, {{"api_key", "k"}});
    const auto provider = open_isolated("well_behaved", scene);

    const auto verdict = provider->on_response({.status = 429, .headers = {}, .body_start = {}}, {});

    REQUIRE(verdict);
    CHECK(verdict->kind == auth::Verdict::Kind::rate_limited);
    CHECK(verdict->text == "slow down");
    CHECK(verdict->available_at->time_since_epoch().count() == 1700000000000);
}

TEST_CASE("a process that is not this program's is one error, and names the plugin") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    IsolationSettings wrong;
    wrong.program = "/bin/false";

    const auto provider = PluginHost::open(find_fixture("well_behaved"), scene.dependencies(), wrong);

    REQUIRE_FALSE(provider);
    CHECK(provider.error().code == ErrorCode::plugin_fault);
    CHECK(provider.error().message.find("'well_behaved' failed while it was loaded") != std::string::npos);
}

TEST_CASE("what was applied is reported without a plugin") {
    const auto report = probe_isolation(settings());

    REQUIRE(report);
    CHECK(report->is_complete());
    CHECK(report->summary().starts_with("own process, limits, seccomp"));
}

}
