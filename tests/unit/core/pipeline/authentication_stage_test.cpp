#include "core/pipeline/authentication_stage.hpp"

#include <doctest/doctest.h>

#include "core/pipeline/pipeline.hpp"
#include "core/pipeline/transport_stage.hpp"
#include "tests/fakes/fake_credential_provider.hpp"
#include "tests/fakes/scripted_transport.hpp"

using namespace qwen;
using namespace qwen::pipeline;
using namespace qwen::tests;

namespace {

/// A provider whose token changes when it is renewed, and a source that renews it.
class TokenProvider final : public auth::CredentialProvider {
public:
    std::string token = "one";
    auth::Verdict::Kind verdict = auth::Verdict::Kind::refresh_and_retry;
    bool refreshable = true;
    bool edits_body = false;
    bool signs = false;
    std::vector<std::string> signed_requests;

    const std::string& id() const override { return id_; }
    bool can_refresh() const override { return refreshable; }
    bool can_login() const override { return false; }
    const std::vector<std::string>& origins() const override { return origins_; }
    std::vector<auth::RateLimit> limits() const override { return {}; }
    Result<auth::ProviderState> state(const Context&) override { return auth::ProviderState{}; }
    Result<auth::AuthorizeOutcome> authorize(const auth::RequestShape&, const Context&) override {
        if (token.empty()) return auth::AuthorizeOutcome{auth::AuthorizeOutcome::Kind::login_needed, {}};
        auth::AuthorizeOutcome outcome;
        outcome.edits.base_url = "https://" + token + ".example.test/v1";
        outcome.edits.headers.push_back({"Authorization", Secret("Bearer " + token), true});
        if (edits_body) outcome.edits.body_fields.emplace_back("/extra", "\"" + token + "\"");
        return outcome;
    }
    bool can_sign() const override { return signs; }
    Result<std::vector<auth::Parameter>> sign(const auth::FinalRequest& request, const Context&) override {
        std::string text = request.method + ' ' + request.url + ' ' + std::string(request.body);
        for (const auto& [name, value] : request.headers) text += ' ' + name + '=' + value;
        signed_requests.push_back(text);
        std::vector<auth::Parameter> headers;
        headers.push_back({"Authorization", Secret("Signed " + std::to_string(signed_requests.size())), true});
        return headers;
    }
    Result<auth::Verdict> on_response(const auth::ResponseHead& head, const Context&) override {
        last_body_start = head.body_start;
        return auth::Verdict{verdict, {}, {}, {}};
    }
    Result<void> login(const std::string&, const Context&) override { return {}; }
    Result<void> logout(const Context&) override { return {}; }
    Result<void> refresh(const Context&) override { return {}; }
    std::string last_body_start;

private:
    std::string id_ = "fake";
    std::vector<std::string> origins_;
};

class Source final : public CredentialSource {
public:
    TokenProvider provider_;
    int replaced = 0;
    auth::CredentialProvider& provider() override { return provider_; }
    Result<void> ensure_fresh(const Context&) override { return {}; }
    Result<void> replace_rejected(const Context&) override {
        ++replaced;
        provider_.token = "two";
        return {};
    }
};

struct World {
    Source source;
    ScriptedTransport transport;
    bool text_delivered = false;
    Call call;

    World() {
        call.shape = {"chat.completions", "POST", "/chat/completions", "m", true};
        call.request.method = "POST";
        call.request.url = *Url::parse("https://configured.example.test/v1/chat/completions");
        call.request.body = R"({"model":"m"})";
        call.text_delivered = &text_delivered;
    }
    Result<http::Response> send() {
        std::vector<std::unique_ptr<Stage>> stages;
        stages.push_back(std::make_unique<AuthenticationStage>(source, CredentialLabel{}));
        stages.push_back(std::make_unique<TransportStage>(transport));
        Pipeline pipeline(std::move(stages));
        return pipeline.send(call, {});
    }
};

}  // namespace

TEST_SUITE("core/pipeline/authentication_stage") {

TEST_CASE("a refused token is renewed and the request sent once more, with the new token and address") {
    World world;
    world.transport.script = {ScriptedAnswer{401, {}, "expired"}, ScriptedAnswer{200, {}, "ok"}};

    const auto response = world.send();

    REQUIRE(response);
    CHECK(world.source.replaced == 1);
    REQUIRE(world.transport.seen.size() == 2);
    CHECK(world.transport.seen[0].url == "https://one.example.test/v1/chat/completions");
    CHECK(world.transport.seen[0].authorization == "Bearer one");
    CHECK(world.transport.seen[1].url == "https://two.example.test/v1/chat/completions");
    CHECK(world.transport.seen[1].authorization == "Bearer two");
    CHECK(world.source.provider_.last_body_start == "expired");
}

TEST_CASE("each attempt is signed anew, over what is sent") {
    World world;
    world.source.provider_.signs = true;
    world.source.provider_.edits_body = true;
    world.transport.script = {ScriptedAnswer{401, {}, "expired"}, ScriptedAnswer{200, {}, "ok"}};

    REQUIRE(world.send());

    CHECK(world.source.provider_.signed_requests ==
          std::vector<std::string>{R"(POST https://one.example.test/v1/chat/completions {"model":"m","extra":"one"} authorization=Bearer one)",
                                   R"(POST https://two.example.test/v1/chat/completions {"model":"m","extra":"two"} authorization=Bearer two)"});
    REQUIRE(world.transport.seen.size() == 2);
    CHECK(world.transport.seen[0].authorization == "Signed 1");
    CHECK(world.transport.seen[1].authorization == "Signed 2");
    CHECK_FALSE(world.call.request.headers.get("authorization"));
}

TEST_CASE("a second refusal is the end") {
    World world;
    for (int i = 0; i < 5; ++i) world.transport.script.push_back(ScriptedAnswer{401, {}, ""});
    const auto response = world.send();
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::credential_rejected);
    CHECK(world.transport.seen.size() == 2);
    CHECK(world.source.replaced == 1);
}

TEST_CASE("nothing is replayed once text was shown, or for a key that cannot be renewed") {
    World world;
    SUBCASE("text was shown") { world.text_delivered = true; }
    SUBCASE("a key") { world.source.provider_.refreshable = false; }
    for (int i = 0; i < 5; ++i) world.transport.script.push_back(ScriptedAnswer{401, {}, ""});
    const auto response = world.send();
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::credential_rejected);
    CHECK(world.transport.seen.size() == 1);
    CHECK(world.source.replaced == 0);
}

TEST_CASE("no credential is left on the request when the stage is done") {
    World world;
    world.source.provider_.edits_body = true;
    world.transport.script = {ScriptedAnswer{200, {}, "ok"}};
    REQUIRE(world.send());
    CHECK(world.transport.seen[0].body == R"({"model":"m","extra":"one"})");
    CHECK(world.call.request.body == R"({"model":"m"})");
    CHECK_FALSE(world.call.request.carries_credential());
    CHECK(world.call.request.url.to_string() == "https://configured.example.test/v1/chat/completions");
}

TEST_CASE("nobody signed in: nothing is sent") {
    World world;
    world.source.provider_.token.clear();
    const auto response = world.send();
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::not_authenticated);
    CHECK(world.transport.seen.empty());
}

TEST_CASE("an answer the provider lets pass arrives whole, its start included") {
    World world;
    world.source.provider_.verdict = auth::Verdict::Kind::pass;
    const std::string body(10'000, 'x');
    world.transport.script = {ScriptedAnswer{500, {}, body}};
    const auto response = world.send();
    REQUIRE(response);
    const auto text = http::read_all(*response->body, 1u << 20);
    REQUIRE(text);
    CHECK(*text == body);
}

}

TEST_SUITE("core/pipeline/apply_edits") {

TEST_CASE("a provider's header with a line break is refused, its value not shown") {
    http::Request request;
    request.url = *Url::parse("https://a.example.test/v1/models");
    auth::RequestEdits edits;
    edits.headers.push_back({"Authorization", Secret("Bearer a\r\nX-Evil: 1"), true});
    const auto applied = apply_edits(request, {"models", "GET", "/models", {}, false}, edits);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().message.find("Evil") == std::string::npos);
}

TEST_CASE("path and query are changed without touching the base") {
    http::Request request;
    request.url = *Url::parse("https://r.openai.azure.com/openai/chat/completions");
    auth::RequestEdits edits;
    edits.path = "/deployments/d/chat/completions";
    edits.query.push_back({"api-version", Secret("2024-10-21"), false});
    REQUIRE(apply_edits(request, {"chat.completions", "POST", "/chat/completions", "m", true}, edits));
    CHECK(request.url.to_string() == "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21");
    CHECK_FALSE(request.query_is_sensitive);
}

}
