#include "host/plugin/plugin_provider.hpp"

#include <doctest/doctest.h>

#include "core/system/digest.hpp"
#include "qwen/plugin.hpp"
#include "tests/unit/host/plugin/provider_scene.hpp"

using namespace qwen;
using namespace qwen::host::plugin;
using qwen::tests::ProviderScene;

namespace {

const PluginDirectories kFixtures{.bundled = QWEN_FIXTURE_PLUGINS, .user = {}};

FoundProvider find_fixture(std::string_view id) {
    auto found = PluginHost(kFixtures, {}).find(id);
    if (!found) FAIL(found.error().message);
    return std::move(found).value();
}

/// In this process, whatever the default would be.
std::unique_ptr<PluginProvider> open_fixture(std::string_view id, ProviderScene& scene) {
    FoundProvider found = find_fixture(id);
    found.plugin.isolation = Isolation::in_process;
    auto provider = PluginHost::open(std::move(found), scene.dependencies());
    if (!provider) FAIL(provider.error().message);
    return std::move(provider).value();
}

/// A provider that tries to smuggle a header in behind its key.
class Splitter : public qwen::plugin::Provider {
public:
    void state(qwen::plugin::Call&, qwen::plugin::Sink& sink) override { sink.set_state(QWEN_STATE_READY); }
    void authorize(qwen::plugin::Call&, const qwen_request&, qwen::plugin::Sink& sink) override {
        sink.set_header("authorization", qwen::plugin::sensitive("key\r\nX-Evil: 1"));
    }
};

const qwen_provider* splitter_entry(const qwen_host* host) { return qwen::plugin::Entry<Splitter>::table(host, "splitter", "1"); }

const auth::RequestShape kChat{.operation = "chat.completions", .method = "POST", .path = "/chat/completions", .model = "m", .streaming = true};

}  // namespace

TEST_SUITE("host/plugin/plugin_provider") {

TEST_CASE("a provider puts its credential on a request") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest, {{"api_key", "sk-test"}});
    const auto provider = open_fixture("well_behaved", scene);

    auto outcome = provider->authorize(kChat, {});

    REQUIRE(outcome);
    CHECK(outcome->kind == auth::AuthorizeOutcome::Kind::ready);
    REQUIRE(outcome->edits.headers.size() == 1);
    CHECK(outcome->edits.headers[0].name == "authorization");
    CHECK(outcome->edits.headers[0].value.reveal() == "Bearer sk-test");
    CHECK(outcome->edits.headers[0].sensitive);
    REQUIRE(outcome->edits.query.size() == 1);
    CHECK(outcome->edits.query[0].name == "api-version");
    REQUIRE(outcome->edits.body_fields.size() == 1);
    CHECK(outcome->edits.body_fields[0].second == "\"ana\"");
}

TEST_CASE("a provider signs the final request, and can change nothing else of it") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    const auto provider = open_fixture("well_behaved", scene);
    REQUIRE(provider->can_sign());

    const std::string url = "https://api.example.com/v1/chat/completions";
    auto headers = provider->sign({"POST", url, {{"content-type", "application/json"}}, system::sha256("{}"), "{}"}, {});

    REQUIRE(headers);
    REQUIRE(headers->size() == 1);
    CHECK((*headers)[0].name == "x-signature");
    CHECK((*headers)[0].sensitive);
    const auto hash = system::sha256("{}");
    CHECK((*headers)[0].value.reveal() == system::hex(system::hmac_sha256({reinterpret_cast<const char*>(hash.data()), hash.size()}, url)));
}

TEST_CASE("a provider without its key asks for a login") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    const auto provider = open_fixture("well_behaved", scene);

    CHECK(provider->state({})->kind == auth::ProviderState::Kind::login_needed);
    CHECK(provider->authorize(kChat, {})->kind == auth::AuthorizeOutcome::Kind::login_needed);
}

TEST_CASE("a header that would break the request never leaves the plugin") {
    const std::string manifest = R"({"schema":1,"id":"splitter","version":"1","abi_min":"1.0","abi_built":"1.0"})";
    ProviderScene scene(parse_manifest(manifest, "memory").value());
    const auto provider = open_in_memory(splitter_entry, manifest, scene.dependencies());
    REQUIRE(provider);

    const auto outcome = (*provider)->authorize(kChat, {});

    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == ErrorCode::plugin_fault);
    CHECK(outcome.error().message.find("Evil") == std::string::npos);
}

TEST_CASE("verdicts keep their time and text") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest, {{"api_key", "k"}});
    const auto provider = open_fixture("well_behaved", scene);

    const auto verdict = provider->on_response({.status = 429, .headers = {}, .body_start = {}}, {});

    REQUIRE(verdict);
    CHECK(verdict->kind == auth::Verdict::Kind::rate_limited);
    CHECK(verdict->text == "slow down");
    CHECK(verdict->available_at->time_since_epoch().count() == 1700000000000);
}

TEST_CASE("a login goes through prompt, http and the secret store") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    const auto provider = open_fixture("well_behaved", scene);
    scene.person.answer = "typed-key";

    SUBCASE("accepted") {
        REQUIRE(provider->login("", {}));
        CHECK(scene.requests == std::vector<std::string>{"https://api.example.com/check"});
        CHECK((*scene.secrets.get("api_key"))->value.reveal() == "typed-key");
        CHECK(scene.person.events == std::vector{auth::LoginEvent::authorized});
        REQUIRE(provider->refresh({}));
        CHECK((*scene.secrets.get("api_key"))->value.reveal() == "renewed");
        REQUIRE(provider->logout({}));
        CHECK_FALSE(scene.secrets.get("api_key")->has_value());
    }
    SUBCASE("refused by the server") {
        scene.status = 403;
        const auto login = provider->login("api-key", {});
        REQUIRE_FALSE(login);
        CHECK(login.error().code == ErrorCode::login_denied);
        CHECK(login.error().message == "provider 'well_behaved': the server refused the key (setting providers.well_behaved.api_key)");
    }
    SUBCASE("the network's own reason reaches the user") {
        scene.failure = Error{ErrorCode::connection_failed, "connection refused", {}, std::nullopt};
        CHECK(provider->login("", {}).error().message == "connection refused");
    }
    SUBCASE("nobody to ask") {
        scene.person.answer.clear();
        CHECK(provider->login("", {}).error().code == ErrorCode::not_authenticated);
    }
    SUBCASE("a method that is not there") { CHECK(provider->login("nonsense", {}).error().code == ErrorCode::usage); }
}

TEST_CASE("models and account facts come through the sink") {
    ProviderScene scene(find_fixture("well_behaved").plugin.manifest);
    const auto provider = open_fixture("well_behaved", scene);

    const auto models = provider->list_models({});
    const auto facts = provider->account_facts({});

    REQUIRE((models && models->has_value()));
    CHECK((*models)->front().id == "test-model");
    REQUIRE((facts && facts->has_value()));
    CHECK((*facts)->front() == std::pair<std::string, std::string>{"plan", "free"});
}

TEST_CASE("exceptions of a C++ provider end as statuses") {
    ProviderScene scene(find_fixture("cpp_minimal").plugin.manifest, {{"api_key", "k"}});
    const auto provider = open_fixture("cpp_minimal", scene);

    CHECK(provider->authorize(kChat, {})->edits.headers[0].name == "api-key");
    CHECK(provider->login("", {}).error().message == "provider 'cpp_minimal': thrown on purpose");
    CHECK(provider->logout({}).error().code == ErrorCode::plugin_fault);
    CHECK_FALSE(provider->can_refresh());
}

}
