// The device flow, renewal and verdicts of the shipped plugin, against a scripted issuer and a clock that only moves when somebody sleeps.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/unit/plugins/fake_host.hpp"

using qwen::test::FakeHost;
using qwen::test::HttpExchange;
using qwen::test::HttpReply;
using qwen::test::Pairs;

namespace {

constexpr const char* kDeviceEndpoint = "https://chat.qwen.ai/api/v1/oauth2/device/code";
constexpr const char* kTokenEndpoint = "https://chat.qwen.ai/api/v1/oauth2/token";
constexpr const char* kIssued =
    R"({"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600,"scope":"openid","resource_url":"portal.qwen.ai"})";
constexpr const char* kPending = R"({"error":"authorization_pending","error_description":"wait"})";

HttpReply reply(std::uint32_t status, std::string body) { return {.status = status, .body = std::move(body)}; }
HttpReply no_answer(qwen_status failure) { return {.status = 0, .body = {}, .headers = {}, .failure = failure}; }

struct Host : FakeHost {
    Host() : FakeHost(QWEN_QWEN_OAUTH_SO, QWEN_QWEN_OAUTH_MANIFEST) {
        answer = [this](const HttpExchange& exchange) {
            if (exchange.url == kDeviceEndpoint) return device_answer;
            if (token_answers.empty()) return reply(400, kPending);
            auto next = token_answers.front();
            if (token_answers.size() > 1) token_answers.erase(token_answers.begin());
            return next;
        };
    }

    HttpReply device_answer = reply(200, R"({"device_code":"dc","user_code":"ABCD-EFGH","verification_uri":"https://chat.qwen.ai/authorize",)"
                                         R"("verification_uri_complete":"https://chat.qwen.ai/authorize?user_code=ABCD-EFGH","expires_in":900,"interval":5})");
    /// The last one is given again and again.
    std::vector<HttpReply> token_answers{reply(200, kIssued)};

    /// Seconds between the answers before and the polls, from the device response on.
    [[nodiscard]] std::vector<std::int64_t> pauses() const {
        std::vector<std::int64_t> out;
        for (std::size_t i = 1; i < exchanges.size(); ++i) out.push_back((exchanges[i].at_mono_ms - exchanges[i - 1].at_mono_ms) / 1000);
        return out;
    }
    [[nodiscard]] bool has_progress(std::uint32_t event) const { return std::count(progress.begin(), progress.end(), event) == 1; }
    void keep(const std::string& json, std::int64_t expires_at = 0) { secrets["credentials"] = {json, expires_at, 7}; }
    [[nodiscard]] nlohmann::json kept() const { return nlohmann::json::parse(secrets.at("credentials").value); }
};

std::string value_of(const Pairs& headers, std::string_view name) {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
    return found == headers.end() ? "" : found->second;
}

}  // namespace

TEST_SUITE("plugins/qwen_oauth") {

TEST_CASE("the requests of a sign-in are those of Qwen Code, field by field") {
    Host host;
    host.token_answers = {reply(400, kPending), reply(200, kIssued)};
    REQUIRE(host.login("device-code") == QWEN_OK);

    REQUIRE(host.exchanges.size() == 3);
    CHECK(host.exchanges[0].method == "POST");
    CHECK(host.exchanges[0].url == kDeviceEndpoint);
    // The fake host's random bytes are fixed, so verifier and challenge are too; both were computed by another program.
    const std::string verifier = "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o";
    const std::string challenge = "VyPBtyVuugUHgdQvfU_ZYgHEt112c7GoL_vLptwuHCM";
    CHECK(host.exchanges[0].body == "client_id=f0304373b74a44d2b584a3fb70ca9e56&scope=openid%20profile%20email%20model.completion&code_challenge=" + challenge +
                                        "&code_challenge_method=S256");
    CHECK(value_of(host.exchanges[0].headers, "Content-Type") == "application/x-www-form-urlencoded");
    CHECK(value_of(host.exchanges[0].headers, "Accept") == "application/json");
    CHECK(value_of(host.exchanges[0].headers, "x-request-id") == "01080f16-1d24-4b32-b940-474e555c636a");
    CHECK(host.exchanges[1].url == kTokenEndpoint);
    CHECK(host.exchanges[1].body ==
          "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=f0304373b74a44d2b584a3fb70ca9e56&device_code=dc&code_verifier=" + verifier);
    CHECK(value_of(host.exchanges[1].headers, "x-request-id").empty());
}

TEST_CASE("what a sign-in brings is stored as Qwen Code stores it") {
    Host host;
    REQUIRE(host.login("device-code") == QWEN_OK);
    CHECK(host.secrets.at("credentials").expires_at_utc_ms == host.utc_ms + 3'600'000);
    CHECK(host.kept() == nlohmann::json{{"access_token", "at-1"}, {"refresh_token", "rt-1"}, {"token_type", "Bearer"}, {"resource_url", "portal.qwen.ai"},
                                        {"expiry_date", host.utc_ms + 3'600'000}});
    CHECK(host.has_progress(QWEN_PROGRESS_AUTHORIZED));
    REQUIRE(host.shown.size() == 1);
    CHECK(host.shown[0].user_code == "ABCD-EFGH");
    CHECK(host.shown[0].verification_uri_complete == "https://chat.qwen.ai/authorize?user_code=ABCD-EFGH");
}

TEST_CASE("the issuer is whatever is configured") {
    Host host;
    host.config = {{"device_authorization_endpoint", "https://id.example.org/device"}, {"token_endpoint", "https://id.example.org/token"},
                   {"client_id", "my client"}, {"scope", "models"}};
    host.answer = [](const HttpExchange& exchange) {
        if (exchange.url == "https://id.example.org/device")
            return reply(200, R"({"device_code":"d","user_code":"U","verification_uri":"https://id.example.org/go","expires_in":60})");
        return reply(200, kIssued);
    };
    REQUIRE(host.login("device-code") == QWEN_OK);
    CHECK(host.exchanges[0].body.starts_with("client_id=my%20client&scope=models&"));
    CHECK(host.exchanges[1].url == "https://id.example.org/token");
}

TEST_CASE("polling keeps the issuer's pace") {
    Host host;
    SUBCASE("five seconds when it names none") {
        host.device_answer.body = R"({"device_code":"dc","user_code":"U","verification_uri":"https://chat.qwen.ai/a","expires_in":900})";
        host.token_answers = {reply(400, kPending), reply(400, kPending), reply(200, kIssued)};
        REQUIRE(host.login("device-code") == QWEN_OK);
        CHECK(host.pauses() == std::vector<std::int64_t>{5, 5, 5});
    }
    SUBCASE("five seconds more, for good, at each slow_down") {
        const auto slow_down = reply(400, R"({"error":"slow_down"})");
        host.token_answers = {slow_down, reply(400, kPending), slow_down, reply(200, kIssued)};
        REQUIRE(host.login("device-code") == QWEN_OK);
        CHECK(host.pauses() == std::vector<std::int64_t>{5, 10, 10, 15});
    }
    SUBCASE("Qwen says slow_down with 429") {
        host.token_answers = {reply(429, R"({"error":"slow_down"})"), reply(429, "busy"), reply(200, kIssued)};
        REQUIRE(host.login("device-code") == QWEN_OK);
        CHECK(host.pauses() == std::vector<std::int64_t>{5, 10, 15});
    }
    SUBCASE("never without a pause, whatever interval it names") {
        host.device_answer.body = R"({"device_code":"dc","user_code":"U","verification_uri":"https://chat.qwen.ai/a","expires_in":900,"interval":0})";
        host.token_answers = {reply(200, R"({"access_token":null})"), reply(200, R"({"access_token":""})"), reply(200, kIssued)};
        REQUIRE(host.login("device-code") == QWEN_OK);
        const auto pauses = host.pauses();
        CHECK(std::all_of(pauses.begin(), pauses.end(), [](std::int64_t pause) { return pause >= 1; }));
    }
}

TEST_CASE("an outage in the middle does not end the sign-in") {
    Host host;
    SUBCASE("no network") { host.token_answers = {no_answer(QWEN_ERR_NETWORK), no_answer(QWEN_ERR_NETWORK), reply(200, kIssued)}; }
    SUBCASE("a time-out") { host.token_answers = {no_answer(QWEN_ERR_TIMED_OUT), reply(200, kIssued)}; }
    SUBCASE("a gateway's error page") { host.token_answers = {reply(504, "<html>"), reply(502, "{}"), reply(200, kIssued)}; }
    SUBCASE("the login page of the network") { host.token_answers = {reply(200, "<html>sign in to the Wi-Fi</html>"), reply(200, kIssued)}; }
    CHECK(host.login("device-code") == QWEN_OK);
    CHECK(host.has_progress(QWEN_PROGRESS_NETWORK_LOST));
    CHECK(host.secrets.contains("credentials"));
}

TEST_CASE("an outage that stays ends with the code") {
    Host host;
    host.token_answers = {no_answer(QWEN_ERR_NETWORK)};
    const auto begin = host.mono_ms;
    CHECK(host.login("device-code") == QWEN_ERR_LOGIN_EXPIRED);
    CHECK(host.mono_ms - begin == 900'000);
    CHECK(host.exchanges.size() < 60);
    CHECK(host.secrets.empty());
}

TEST_CASE("a decision ends the sign-in at once") {
    struct Case {
        const char* name;
        HttpReply answer;
        qwen_status status;
    };
    const Case cases[] = {
        {"denied", reply(400, R"({"error":"access_denied"})"), QWEN_ERR_LOGIN_DENIED},
        {"expired", reply(400, R"({"error":"expired_token"})"), QWEN_ERR_LOGIN_EXPIRED},
        {"Qwen's word for expired", reply(401, ""), QWEN_ERR_LOGIN_EXPIRED},
        {"an unknown client", reply(401, R"({"error":"invalid_client","error_description":"who"})"), QWEN_ERR_PROVIDER},
        {"a code used before", reply(400, R"({"error":"invalid_grant"})"), QWEN_ERR_PROVIDER},
        {"a wrong address", reply(404, "<html>"), QWEN_ERR_PROVIDER},
        {"a token of another type", reply(200, R"({"access_token":"a","token_type":"DPoP"})"), QWEN_ERR_PROVIDER},
        {"a token with a line break", reply(200, R"({"access_token":"a\r\nX: y","token_type":"Bearer"})"), QWEN_ERR_PROVIDER},
    };
    for (const auto& one : cases) {
        CAPTURE(one.name);
        Host host;
        host.token_answers = {reply(400, kPending), one.answer};
        CHECK(host.login("device-code") == one.status);
        CHECK(host.exchanges.size() == 3);
        CHECK(host.secrets.empty());
        CHECK_FALSE(host.error.message.empty());
    }
}

TEST_CASE("a sign-in that cannot start says why") {
    struct Case {
        const char* name;
        HttpReply answer;
        qwen_status status;
    };
    const Case cases[] = {
        {"refused", reply(400, R"({"error":"invalid_client","error_description":"unknown client"})"), QWEN_ERR_PROVIDER},
        {"down", reply(503, "<html>"), QWEN_ERR_TRANSIENT},
        {"no JSON", reply(200, "<html>"), QWEN_ERR_BAD_RESPONSE},
        {"no code", reply(200, R"({"user_code":"U","verification_uri":"https://chat.qwen.ai/"})"), QWEN_ERR_BAD_RESPONSE},
        {"an error with 200", reply(200, R"({"error":"unauthorized_client"})"), QWEN_ERR_PROVIDER},
        {"no network", no_answer(QWEN_ERR_NETWORK), QWEN_ERR_NETWORK},
    };
    for (const auto& one : cases) {
        CAPTURE(one.name);
        Host host;
        host.device_answer = one.answer;
        CHECK(host.login("device-code") == one.status);
        CHECK(host.exchanges.size() == 1);
        CHECK(host.shown.empty());
    }
}

TEST_CASE("a jump of the wall clock ends no sign-in") {
    Host host;
    host.token_answers = {reply(400, kPending), reply(400, kPending), reply(200, kIssued)};
    std::int64_t day = 86'400'000;
    SUBCASE("forward") {}
    SUBCASE("back") { day = -day; }
    bool jumped = false;
    host.before_sleep = [&](FakeHost& world) {
        if (!std::exchange(jumped, true)) world.utc_ms += day;
    };
    CHECK(host.login("device-code") == QWEN_OK);
}

TEST_CASE("cancelling stops at whatever the sign-in is doing") {
    int calls = 0;
    {
        Host host;
        host.token_answers = {reply(400, kPending), reply(200, kIssued)};
        REQUIRE(host.login("device-code") == QWEN_OK);
        calls = host.service_calls;
    }
    for (int call = 1; call <= calls; ++call) {
        CAPTURE(call);
        Host host;
        host.token_answers = {reply(400, kPending), reply(200, kIssued)};
        host.cancel_at_service_call = call;
        CHECK(host.login("device-code") == QWEN_ERR_CANCELLED);
        CHECK(host.service_calls == call);
        CHECK(host.secrets.empty());
    }
}

TEST_CASE("nobody to ask: no request is made") {
    Host host;
    host.interactive = QWEN_INTERACTIVE_NEVER;
    CHECK(host.login("device-code") == QWEN_ERR_NOT_INTERACTIVE);
    CHECK(host.exchanges.empty());
}

TEST_CASE("signing in again replaces what was stored, also what another program stored meanwhile") {
    Host host;
    host.keep("{}");
    host.put_failure = QWEN_ERR_CONFLICT;
    REQUIRE(host.login("device-code") == QWEN_OK);
    CHECK(host.kept()["access_token"] == "at-1");
}

TEST_CASE("a request carries the token to where the sign-in says") {
    struct Case {
        const char* resource_url;
        const char* url;
    };
    const Case cases[] = {
        {"portal.qwen.ai", "https://portal.qwen.ai/v1/chat/completions"},
        {"https://portal.qwen.ai/", "https://portal.qwen.ai/v1/chat/completions"},
        {"HTTPS://portal.qwen.ai/v1", "HTTPS://portal.qwen.ai/v1/chat/completions"},
        {"http://127.0.0.1:9/x", "http://127.0.0.1:9/x/v1/chat/completions"},
        {"", "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.resource_url);
        Host host;
        host.keep(nlohmann::json{{"access_token", "at"}, {"refresh_token", "rt"}, {"token_type", "Bearer"}, {"resource_url", one.resource_url}}.dump());
        REQUIRE(host.authorize() == QWEN_OK);
        CHECK(host.wire("{}") == std::string("POST ") + one.url + "\nX-DashScope-CacheControl: enable\nX-DashScope-UserAgent: qwen/1.2.3\n"
                                                                  "X-DashScope-AuthType: qwen-oauth\nAuthorization: Bearer at\n{}");
        CHECK(host.recorded.sensitive == std::vector<std::string>{"Bearer at"});
    }
}

TEST_CASE("a configured base URL goes before the sign-in's") {
    Host host;
    host.config["base_url"] = "https://gateway.example.org/v1";
    host.keep(R"({"access_token":"at","refresh_token":"rt","token_type":"Bearer","resource_url":"portal.qwen.ai"})");
    REQUIRE(host.authorize() == QWEN_OK);
    CHECK(host.wire("{}").starts_with("POST https://gateway.example.org/v1/chat/completions\n"));
    REQUIRE(host.state() == QWEN_OK);
    CHECK(host.recorded.state_base_url == "https://gateway.example.org/v1");
}

TEST_CASE("the state says what a sign-in is good for, offline") {
    struct Case {
        const char* name;
        std::string stored;
        std::uint32_t kind;
    };
    const std::int64_t now = 1'700'000'000'000;
    const auto with = [&](std::int64_t expiry, const char* refresh_token) {
        return nlohmann::json{{"access_token", "a"}, {"refresh_token", refresh_token}, {"token_type", "Bearer"}, {"expiry_date", expiry}}.dump();
    };
    const Case cases[] = {
        {"good", with(now + 1000, "r"), QWEN_STATE_READY},
        {"expired", with(now, "r"), QWEN_STATE_EXPIRED},
        {"expired for good", with(now - 1, ""), QWEN_STATE_LOGIN_NEEDED},
        {"without an expiry", with(0, "r"), QWEN_STATE_READY},
        {"without an access token", R"({"refresh_token":"r"})", QWEN_STATE_EXPIRED},
        {"no tokens", "{}", QWEN_STATE_LOGIN_NEEDED},
        {"nulls", R"({"access_token":null,"refresh_token":null})", QWEN_STATE_LOGIN_NEEDED},
        {"a list", "[]", QWEN_STATE_LOGIN_NEEDED},
    };
    for (const auto& one : cases) {
        CAPTURE(one.name);
        Host host;
        host.keep(one.stored);
        REQUIRE(host.state() == QWEN_OK);
        CHECK(host.recorded.state_kind == one.kind);
        CHECK(host.service_calls == 0);
    }
}

TEST_CASE("nothing stored: a request needs a sign-in") {
    Host host;
    CHECK(host.authorize() == QWEN_NEED_LOGIN);
    REQUIRE(host.state() == QWEN_OK);
    CHECK(host.recorded.state_kind == QWEN_STATE_LOGIN_NEEDED);
}

TEST_CASE("renewal keeps what the issuer leaves out") {
    Host host;
    host.keep(R"({"access_token":"old","refresh_token":"rt 0","token_type":"Bearer","resource_url":"portal.qwen.ai","expiry_date":5})");
    SUBCASE("the issuer rotates") {
        host.token_answers = {reply(200, R"({"access_token":"new","refresh_token":"rt-2","token_type":"Bearer","expires_in":60,"resource_url":"h.example.org"})")};
        REQUIRE(host.refresh() == QWEN_OK);
        CHECK(host.kept()["refresh_token"] == "rt-2");
        CHECK(host.kept()["resource_url"] == "h.example.org");
    }
    SUBCASE("the issuer does not") {
        host.token_answers = {reply(200, R"({"access_token":"new","token_type":"bearer","expires_in":"60"})")};
        REQUIRE(host.refresh() == QWEN_OK);
        CHECK(host.kept()["refresh_token"] == "rt 0");
        CHECK(host.kept()["resource_url"] == "portal.qwen.ai");
    }
    CHECK(host.kept()["access_token"] == "new");
    CHECK(host.kept()["expiry_date"] == host.utc_ms + 60'000);
    REQUIRE(host.exchanges.size() == 1);
    CHECK(host.exchanges[0].body == "grant_type=refresh_token&refresh_token=rt%200&client_id=f0304373b74a44d2b584a3fb70ca9e56");
}

TEST_CASE("a renewal that fails says whether the sign-in is dead") {
    struct Case {
        const char* name;
        HttpReply answer;
        qwen_status status;
    };
    const Case cases[] = {
        {"dead", reply(400, R"({"error":"invalid_grant"})"), QWEN_ERR_INVALID_GRANT},
        {"dead, in Qwen's words", reply(400, R"({"error":"invalid_request","error_description":"Invalid refresh token or client_id"})"), QWEN_ERR_INVALID_GRANT},
        {"our mistake", reply(400, R"({"error":"invalid_request","error_description":"missing parameter"})"), QWEN_NEED_LOGIN},
        {"unknown client", reply(401, R"({"error":"invalid_client"})"), QWEN_NEED_LOGIN},
        {"refused without a word", reply(401, ""), QWEN_NEED_LOGIN},
        {"down", reply(503, "<html>"), QWEN_ERR_TRANSIENT},
        {"busy", reply(429, "{}"), QWEN_ERR_TRANSIENT},
        {"a page of the network", reply(200, "<html>"), QWEN_ERR_TRANSIENT},
        {"null", reply(200, R"({"access_token":null})"), QWEN_ERR_TRANSIENT},
        {"no network", no_answer(QWEN_ERR_NETWORK), QWEN_ERR_NETWORK},
    };
    const std::string stored = R"({"access_token":"old","refresh_token":"rt","token_type":"Bearer","expiry_date":5})";
    for (const auto& one : cases) {
        CAPTURE(one.name);
        Host host;
        host.keep(stored);
        host.token_answers = {one.answer};
        CHECK(host.refresh() == one.status);
        CHECK(host.secrets.at("credentials").value == stored);
    }
}

TEST_CASE("another program signed in during the renewal: theirs is kept") {
    Host host;
    host.keep(R"({"access_token":"old","refresh_token":"rt","token_type":"Bearer","expiry_date":5})");
    host.put_failure = QWEN_ERR_CONFLICT;
    CHECK(host.refresh() == QWEN_OK);
}

TEST_CASE("without a refresh token there is nothing to renew with") {
    Host host;
    host.keep(R"({"access_token":"old","token_type":"Bearer","expiry_date":5})");
    CHECK(host.refresh() == QWEN_NEED_LOGIN);
    CHECK(host.exchanges.empty());
}

TEST_CASE("logout revokes where the issuer can, and forgets in any case") {
    Host host;
    host.keep(R"({"access_token":"at","refresh_token":"rt","token_type":"Bearer"})");
    SUBCASE("no endpoint") {
        REQUIRE(host.logout() == QWEN_OK);
        CHECK(host.exchanges.empty());
    }
    SUBCASE("revoked") {
        host.config["revocation_endpoint"] = "https://id.example.org/revoke";
        REQUIRE(host.logout() == QWEN_OK);
        REQUIRE(host.exchanges.size() == 1);
        CHECK(host.exchanges[0].url == "https://id.example.org/revoke");
        CHECK(host.exchanges[0].body == "token=rt&token_type_hint=refresh_token&client_id=f0304373b74a44d2b584a3fb70ca9e56");
    }
    SUBCASE("the network is gone") {
        host.config["revocation_endpoint"] = "https://id.example.org/revoke";
        host.answer = [](const HttpExchange&) { return no_answer(QWEN_ERR_NETWORK); };
        REQUIRE(host.logout() == QWEN_OK);
    }
    CHECK(host.secrets.empty());
}

TEST_CASE("an answer of the model's server is judged by its body before its status") {
    struct Case {
        std::uint32_t status;
        const char* body;
        std::optional<std::uint32_t> verdict;
    };
    const Case cases[] = {
        {200, "", std::nullopt},
        {401, "", QWEN_VERDICT_REFRESH_AND_RETRY},
        {403, R"({"error":{"message":"token expired"}})", QWEN_VERDICT_REFRESH_AND_RETRY},
        {429, R"({"error":{"code":"insufficient_quota","message":"Free allocated quota exceeded."}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {429, R"({"message":"Free allocated quota exceeded."})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {429, R"({"error":{"message":"Requests throttling triggered"}})", QWEN_VERDICT_RATE_LIMITED},
        {429, "", QWEN_VERDICT_RATE_LIMITED},
        {400, R"({"error":{"message":"no such model"}})", std::nullopt},
        {500, R"({"error":{"code":"insufficient_quota"}})", std::nullopt},
    };
    Host host;
    for (const auto& one : cases) {
        CAPTURE(one.status);
        CAPTURE(one.body);
        REQUIRE(host.on_response(one.status, one.body) == QWEN_OK);
        CHECK(host.recorded.verdict_kind == one.verdict);
    }
}

}  // TEST_SUITE
