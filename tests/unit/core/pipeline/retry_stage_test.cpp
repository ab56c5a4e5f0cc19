#include "core/pipeline/retry_stage.hpp"

#include <doctest/doctest.h>

#include "core/pipeline/pipeline.hpp"
#include "core/pipeline/transport_stage.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/scripted_transport.hpp"

using namespace qwen;
using namespace qwen::pipeline;
using namespace qwen::tests;

namespace {

class ZeroRandom final : public system::Random {
public:
    void fill(std::span<std::byte> bytes) const override { std::fill(bytes.begin(), bytes.end(), std::byte{0}); }
};

struct World {
    FakeClock clock;
    ZeroRandom random;
    ScriptedTransport transport;
    bool text_delivered = false;
    std::vector<std::string> notices;
    bool no_credential = false;
    int tries = 0;

    /// An authentication stage whose token endpoint cannot be reached.
    struct NoCredential final : Stage {
        explicit NoCredential(int& count) : tries(count) {}
        Result<http::Response> send(Call& call, const Next&, const Context&) override {
            ++tries;
            call.credential_failed = true;
            return Error{ErrorCode::connection_failed, "the token endpoint cannot be reached", {}, std::nullopt};
        }
        int& tries;
    };

    Result<http::Response> send() {
        std::vector<std::unique_ptr<Stage>> stages;
        stages.push_back(std::make_unique<RetryStage>(RetryRules{}, clock, random, transport, CredentialLabel{"environment OPENAI_API_KEY"},
                                                      [this](std::string_view text) { notices.emplace_back(text); }));
        if (no_credential) stages.push_back(std::make_unique<NoCredential>(tries));
        stages.push_back(std::make_unique<TransportStage>(transport));
        Pipeline pipeline(std::move(stages));
        Call call;
        call.shape = {"chat.completions", "POST", "/chat/completions", "gpt-x", true};
        call.request.method = "POST";
        call.request.url = *Url::parse("https://api.example.test/v1/chat/completions");
        call.text_delivered = &text_delivered;
        return pipeline.send(call, {});
    }
};

}  // namespace

TEST_SUITE("core/pipeline/retry_stage") {

TEST_CASE("each status is tried as often as the table says, and ends in its class") {
    struct Row {
        int status;
        std::string body;
        std::size_t attempts;
        ErrorCode code;
    };
    const Row rows[] = {
        {400, "{}", 1, ErrorCode::provider_error},
        {400, R"({"error":{"code":"model_not_found","message":"no"}})", 1, ErrorCode::model_not_found},
        {401, R"({"error":{"code":"invalid_api_key","message":"bad key"}})", 1, ErrorCode::credential_rejected},
        {402, "{}", 1, ErrorCode::quota_exhausted},
        {403, "{}", 1, ErrorCode::credential_rejected},
        {404, "{}", 1, ErrorCode::model_not_found},
        {405, "{}", 1, ErrorCode::provider_error},
        {408, "{}", 3, ErrorCode::timed_out},
        {409, "{}", 1, ErrorCode::provider_error},
        {413, "{}", 1, ErrorCode::provider_error},
        {422, "{}", 1, ErrorCode::provider_error},
        {425, "{}", 3, ErrorCode::provider_error},
        {429, "{}", 3, ErrorCode::rate_limited},
        {429, R"({"error":{"code":"insufficient_quota","message":"gone"}})", 1, ErrorCode::quota_exhausted},
        {500, "{}", 3, ErrorCode::provider_error},
        {501, "{}", 1, ErrorCode::provider_error},
        {502, "<html>", 3, ErrorCode::provider_error},
        {503, "{}", 3, ErrorCode::provider_error},
        {504, "{}", 3, ErrorCode::timed_out},
        {529, "{}", 3, ErrorCode::provider_error},
        {301, "", 1, ErrorCode::redirect_refused},
        {307, "", 1, ErrorCode::redirect_refused},
        {308, "", 1, ErrorCode::redirect_refused},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status);
        World world;
        for (int i = 0; i < 5; ++i) world.transport.script.push_back(ScriptedAnswer{row.status, {}, row.body});
        const auto response = world.send();
        REQUIRE_FALSE(response);
        CHECK(response.error().code == row.code);
        CHECK(world.transport.seen.size() == row.attempts);
        CHECK(world.notices.size() == row.attempts - 1);
    }
}

TEST_CASE("a failure that passes is not the user's business") {
    World world;
    world.transport.script = {ScriptedAnswer{503, {}, "{}"}, ScriptedFailure{ErrorCode::connection_failed, http::Progress::nothing_sent}, ScriptedAnswer{200, {}, "ok"}};
    const auto response = world.send();
    REQUIRE(response);
    CHECK(response->status == 200);
}

TEST_CASE("what may have been answered already is sent once more, not twice") {
    World world;
    for (int i = 0; i < 5; ++i) world.transport.script.push_back(ScriptedFailure{ErrorCode::connection_failed, http::Progress::request_sent});
    CHECK_FALSE(world.send());
    CHECK(world.transport.seen.size() == 2);
}

TEST_CASE("failures that do not get better are not repeated") {
    for (const auto failure : {ScriptedFailure{ErrorCode::tls_failed, http::Progress::nothing_sent}, ScriptedFailure{ErrorCode::bad_response, http::Progress::response_started},
                               ScriptedFailure{ErrorCode::timed_out, http::Progress::request_sent}, ScriptedFailure{ErrorCode::cancelled, http::Progress::nothing_sent}}) {
        World world;
        for (int i = 0; i < 5; ++i) world.transport.script.push_back(failure);
        const auto response = world.send();
        REQUIRE_FALSE(response);
        CHECK(response.error().code == failure.code);
        CHECK(world.transport.seen.size() == 1);
    }
}

TEST_CASE("an attempt that got no credential is not repeated: renewing has retries of its own") {
    World world;
    world.no_credential = true;
    CHECK(world.send().error().code == ErrorCode::connection_failed);
    CHECK(world.tries == 1);
    CHECK(world.notices.empty());
}

TEST_CASE("nothing is sent again once text has reached the user") {
    World world;
    world.text_delivered = true;
    for (int i = 0; i < 5; ++i) world.transport.script.push_back(ScriptedAnswer{503, {}, "{}"});
    CHECK_FALSE(world.send());
    CHECK(world.transport.seen.size() == 1);
}

TEST_CASE("Retry-After is obeyed, and reported at once when it is longer than the budget") {
    World world;
    world.transport.script = {ScriptedAnswer{429, {{"retry-after", "3"}}, "{}"}, ScriptedAnswer{200, {}, "ok"}};
    const auto before = world.clock.monotonic_now();
    REQUIRE(world.send());
    CHECK(world.clock.monotonic_now() - before >= std::chrono::seconds(3));
    REQUIRE(world.notices.size() == 1);
    CHECK(world.notices[0].find("waiting 3 s (Retry-After), try 2") != std::string::npos);

    World patient;
    patient.transport.script = {ScriptedAnswer{429, {{"retry-after", "86400"}}, "{}"}, ScriptedAnswer{200, {}, "ok"}};
    const auto start = patient.clock.monotonic_now();
    const auto response = patient.send();
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::rate_limited);
    CHECK(response.error().hint.find("86400 s") != std::string::npos);
    CHECK(patient.clock.monotonic_now() == start);
}

TEST_CASE("a refused key is named by its source, with the server's code, and never shown") {
    World world;
    world.transport.script = {ScriptedAnswer{401, {{"x-request-id", "req_9"}}, R"({"error":{"code":"invalid_api_key","message":"Incorrect API key"}})"}};
    const auto response = world.send();
    REQUIRE_FALSE(response);
    CHECK(response.error().message == "https://api.example.test refused the key from environment OPENAI_API_KEY (401 invalid_api_key, request req_9): Incorrect API key; not retried");
}

TEST_CASE("control characters in a server's words do not reach the message") {
    World world;
    world.transport.script = {ScriptedAnswer{500, {{"content-type", "text/plain"}}, "a\x1b]0;title\x07" "b\nc"}, ScriptedAnswer{500, {}, ""}, ScriptedAnswer{400, {{"content-type", "text/plain"}}, "a\x1b[2J\x9b" "b"}};
    const auto response = world.send();
    REQUIRE_FALSE(response);
    for (const char c : response.error().message) CHECK(static_cast<unsigned char>(c) >= 0x20);
}

}
