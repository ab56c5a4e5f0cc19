#include "core/auth/origin_binding.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::auth;
using config::Source;
using config::TrustClass;

namespace {

config::Provenance from(Source source, TrustClass trust, std::uint64_t inode = 0) {
    return {source, trust, "X", {}, inode == 0 ? config::FileIdentity{} : config::FileIdentity{1, inode}};
}

BindingFacts facts(config::Provenance key, config::Provenance url, std::string_view base) {
    return {std::move(key), std::move(url), Url::parse(base)->origin(), {}, {}};
}

}  // namespace

TEST_SUITE("core/auth/origin_binding") {

TEST_CASE("a project's URL gets the project's key only, wherever the user's key is") {
    struct Row {
        const char* name;
        config::Provenance key;
        config::Provenance url;
        const char* base;
        bool allowed;
    };
    const auto project = from(Source::dotenv, TrustClass::project, 7);
    const auto shell = from(Source::environment, TrustClass::user);
    const auto flag = from(Source::flag, TrustClass::explicit_choice);
    const auto home = from(Source::dotenv, TrustClass::user, 9);
    const auto nobody = from(Source::builtin, TrustClass::builtin);
    const Row rows[] = {
        {"both in one project file", project, project, "https://evil.example", true},
        {"shell key, project URL", shell, project, "https://evil.example", false},
        {"flag key, project URL", flag, project, "https://evil.example", false},
        {"home key, project URL", home, project, "https://evil.example", false},
        {"shell key, project URL on loopback", shell, project, "http://127.0.0.1:8080", false},
        {"shell key, project names a known vendor", shell, project, "https://openrouter.ai", true},
        {"shell key, flag URL", shell, flag, "https://mine.example", true},
        {"shell key, shell URL", shell, shell, "https://mine.example", true},
        {"flag key, shell URL", flag, shell, "https://mine.example", true},
        {"project key, shell URL", project, shell, "https://mine.example", true},
        {"shell key, default URL", shell, nobody, "https://api.openai.com", true},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        const auto own = facts(row.key, row.url, row.base);
        const auto checked = check_origin(own.url_origin, own);
        CHECK(checked.has_value() == row.allowed);
        if (!checked) CHECK(checked.error().code == ErrorCode::origin_refused);
    }
}

TEST_CASE("a granted origin is allowed, any other than the configured one is not") {
    auto own = facts(from(Source::environment, TrustClass::user), from(Source::dotenv, TrustClass::project, 7), "https://corp.example");
    own.granted_origins = {"https://corp.example"};
    CHECK(check_origin(own.url_origin, own));
    CHECK_FALSE(check_origin(Url::parse("https://corp.example:8443")->origin(), own));
}

TEST_CASE("plain http is for loopback, with or without a key") {
    CHECK(check_origin(Url::parse("http://192.0.2.1")->origin(), {}).error().code == ErrorCode::config_invalid);
    CHECK(check_origin(Url::parse("http://[::1]:80")->origin(), {}));
}

TEST_CASE("a sign-in follows its resource_url to servers somebody vouches for, and to no other") {
    const SignInFacts facts{"qwen_oauth", {"https://portal.qwen.ai", "http://127.0.0.1:8080"}, {"https://mine.example"}};
    const auto check = [&](std::string_view url) { return check_sign_in_origin(Url::parse(url)->origin(), facts); };
    for (const auto* allowed : {"https://portal.qwen.ai/v1", "http://127.0.0.1:8080/v1", "https://mine.example"}) CHECK(check(allowed));
    for (const auto* other : {"https://collector.example", "https://portal.qwen.ai.collector.example", "https://portal.qwen.ai:8443", "http://127.0.0.1:8081"}) {
        CAPTURE(other);
        const auto refused = check(other);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::origin_refused);
    }
    CHECK(check("http://portal.qwen.ai").error().code == ErrorCode::config_invalid);
}

TEST_CASE("the reason is the first that holds, and a strict binding has no well-known hosts") {
    const auto shell = from(Source::environment, TrustClass::user);
    const auto project = from(Source::dotenv, TrustClass::project, 7);
    auto known = facts(shell, project, "https://openrouter.ai");
    const auto origin = known.url_origin;
    CHECK(*judge_origin(origin, known) == BindingRule::known_host);
    known.is_strict = true;
    CHECK_FALSE(judge_origin(origin, known));
    known.granted_origins = {"https://openrouter.ai"};
    CHECK(*judge_origin(origin, known) == BindingRule::granted);
    known.provider_origins = {"https://openrouter.ai/api/v1"};
    CHECK(*judge_origin(origin, known) == BindingRule::provider_origin);
    known.key.reset();
    CHECK(*judge_origin(origin, known) == BindingRule::no_key);
    CHECK(*judge_origin(origin, facts(project, project, "https://openrouter.ai")) == BindingRule::same_file);
    CHECK(*judge_origin(origin, facts(project, shell, "https://openrouter.ai")) == BindingRule::not_weaker);
}

TEST_CASE("a refusal names what would help here") {
    const auto shell = from(Source::environment, TrustClass::user);
    auto own = facts(shell, from(Source::dotenv, TrustClass::project, 7), "https://evil.example");
    CHECK(judge_origin(own.url_origin, own).error().hint.find("put the key into the same file") != std::string::npos);
    own.url_file_has_key = true;
    CHECK(judge_origin(own.url_origin, own).error().hint.find("--auth-source file") != std::string::npos);
    CHECK(judge_origin(own.url_origin, own).error().hint.find("qwen trust origin https://evil.example") != std::string::npos);
}

}
