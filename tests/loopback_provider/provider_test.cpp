#include "tests/loopback_provider/provider.hpp"

#include <doctest/doctest.h>

using namespace loopback;

namespace {

struct Fixture {
    RequestLog log;
    Issuer issuer{{.base_url = "http://127.0.0.1:1", .approve_after_polls = -1, .interval_s = 0}, log};
    Provider provider{{.keys = {"good"}}, issuer, log};

    Reply post(const std::string& path, const std::string& body, const std::string& key = "good") {
        return provider.answer({.method = "POST", .target = path, .headers = {{"authorization", "Bearer " + key}}, .body = body});
    }
    Reply chat(const std::string& model, const std::string& key = "good") {
        const nlohmann::json body = {{"model", model}, {"stream", true}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
        return post("/v1/chat/completions", body.dump(), key);
    }
    nlohmann::json form(const std::string& path, const std::string& body) { return nlohmann::json::parse(post(path, body).response.body); }
};

// RFC 7636 appendix B.
constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

}  // namespace

TEST_SUITE("tests/loopback_provider") {
TEST_CASE("words of a model's name become a behaviour") {
    const Behaviour behaviour("gpt-4o+cut-after-3+html+pace-x");

    CHECK(behaviour.number("cut-after", 9) == 3);
    CHECK(behaviour.has("html"));
    CHECK(behaviour.number("html", 9) == 9);
    CHECK(behaviour.has("pace-x"));
    CHECK_FALSE(behaviour.has("pace"));
}

TEST_CASE("a stream has an opening, one event for each piece, an ending and [DONE]") {
    Fixture server;

    const auto reply = server.chat("chunks-3");

    REQUIRE(reply.stream);
    CHECK(reply.stream->events.size() == 6);
    CHECK(reply.stream->events.back() == "data: [DONE]\n\n");
}

TEST_CASE("a key that was not given to the server is refused and kept as a hash only") {
    Fixture server;

    const auto reply = server.chat("gpt-4o", "bad-secret");

    CHECK(reply.response.status == 401);
    CHECK(server.log.to_json().dump().find("bad-secret") == std::string::npos);
    CHECK(server.log.to_json().dump().find("Bearer sha256:") != std::string::npos);
}

TEST_CASE("the device flow checks PKCE, waits for approval and rotates refresh tokens") {
    Fixture server;
    CHECK(s256(kVerifier) == kChallenge);
    const auto code = server.form("/api/v1/oauth2/device/code", std::string("client_id=c&code_challenge_method=S256&code_challenge=") + kChallenge);
    const auto poll = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=c&device_code=" + code.at("device_code").get<std::string>();

    CHECK(server.form("/api/v1/oauth2/token", poll + "&code_verifier=wrong").at("error") == "invalid_grant");
    CHECK(server.form("/api/v1/oauth2/token", poll + "&code_verifier=" + kVerifier).at("error") == "authorization_pending");
    server.issuer.decide(Issuer::Decision::approved);
    const auto tokens = server.form("/api/v1/oauth2/token", poll + "&code_verifier=" + kVerifier);
    CHECK(server.chat("gpt-4o", tokens.at("access_token")).stream);

    const auto refresh = "grant_type=refresh_token&client_id=c&refresh_token=" + tokens.at("refresh_token").get<std::string>();
    CHECK(server.form("/api/v1/oauth2/token", refresh).contains("access_token"));
    CHECK(server.form("/api/v1/oauth2/token", refresh).at("error") == "invalid_grant");
    CHECK(server.log.refresh_replays == 1);
}

TEST_CASE("an Azure path names the model") {
    Fixture server;

    const auto reply = server.post("/openai/deployments/chunks-2/chat/completions?api-version=2024-10-21", R"({"stream":true,"messages":[]})");

    REQUIRE(reply.stream);
    CHECK(reply.stream->events.size() == 5);
}

TEST_CASE("the token endpoint misbehaves as often as it was told to") {
    Fixture server;
    CHECK(server.post("/__control/trouble/no-such-word/1", "").response.status == 404);
    CHECK(server.post("/__control/trouble/slow-down-429/1", "").response.status == 200);
    CHECK(server.post("/api/v1/oauth2/token", "grant_type=refresh_token").response.status == 429);
    CHECK(server.post("/api/v1/oauth2/token", "grant_type=refresh_token").response.status == 400);
    CHECK(server.post("/__control/trouble/cut/1", "").response.status == 200);
    CHECK(server.post("/api/v1/oauth2/token", "grant_type=refresh_token").close_without_answer);
}

}
