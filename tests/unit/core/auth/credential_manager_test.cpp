#include "core/auth/credential_manager.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "core/auth/oauth_cache.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_credential_provider.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::auth;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kKey = OAuthCacheStore::kKey;

Error network_failure() { return {ErrorCode::connection_failed, "connection reset", {}, std::nullopt}; }
Error dead_token() { return {ErrorCode::credential_expired, "invalid_grant", {}, std::nullopt}; }

struct Fixture {
    Fixture() {
        provider.on_refresh = [this](const Context&) { return issue("at-renewed", 1h); };
    }

    /// What the provider does with the answer of a token endpoint.
    Result<void> issue(std::string_view token, std::chrono::milliseconds lifetime) {
        QWEN_TRY(const auto before, store.get(kKey));
        const Secret text{"{\"access_token\":\"" + std::string(token) + "\"}"};
        QWEN_TRY(const auto revision, store.put_if(kKey, text, clock.utc_now() + lifetime, before ? before->revision : 0));
        if (!revision) return Error{ErrorCode::internal, "lost a race that cannot be", {}, std::nullopt};
        return {};
    }
    std::string token() { return std::string(store.get(kKey).value()->value.reveal()); }
    bool holds(std::string_view name) { return token().find(name) != std::string::npos; }
    CredentialRevision revision() { return store.get(kKey).value()->revision; }
    CredentialManager make_manager() {
        return {{provider, store, clock, random}, RefreshLocks::in(directory.path(), {}), [this](std::string_view text) {
                    notices += std::string(text) + '\n';
                }};
    }

    tests::TemporaryDirectory directory;
    tests::FakeClock clock;
    system::SystemRandom random;
    OAuthCacheStore store{PrivateFile(OAuthCacheStore::place_in(directory.path(), ::geteuid()), {}), clock};
    tests::FakeCredentialProvider provider;
    std::string notices;
    CredentialManager manager = make_manager();
};

}  // namespace

TEST_SUITE("core/auth/credential_manager") {
    TEST_CASE("a fresh sign-in is used without asking the server") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1h));
        CHECK(fixture.manager.current({}).value() == fixture.revision());
        CHECK(fixture.provider.refreshes == 0);
        CHECK_FALSE(std::filesystem::exists(fixture.directory / "locks/oauth_creds.refresh"));
    }

    TEST_CASE("a sign-in is renewed a tenth of its life before the end, from 30 seconds to 5 minutes") {
        struct Row {
            std::chrono::seconds lifetime, margin;
        };
        for (const Row row : {Row{60s, 30s}, Row{300s, 30s}, Row{1200s, 120s}, Row{6h, 300s}}) {
            CAPTURE(row.lifetime.count());
            Fixture fixture;
            REQUIRE(fixture.issue("at-1", row.lifetime));
            fixture.clock.advance(row.lifetime - row.margin - 2s);
            REQUIRE(fixture.manager.current({}));
            CHECK(fixture.provider.refreshes == 0);

            fixture.clock.advance(3s);
            const auto renewed = fixture.manager.current({});
            CHECK(renewed.value() == fixture.revision());
            CHECK(fixture.provider.refreshes == 1);
            CHECK(fixture.holds("at-renewed"));
        }
    }

    TEST_CASE("nothing to renew: a provider with a key, a sign-in that names no expiry, nobody signed in") {
        Fixture fixture;
        SUBCASE("key") {
            fixture.provider.refreshable = false;
            CHECK(fixture.manager.current({}).value() == 0);
            CHECK(fixture.manager.replace(0, {}).error().code == ErrorCode::credential_rejected);
        }
        SUBCASE("no expiry") {
            REQUIRE(fixture.store.put_if(kKey, Secret{"{}"}, {}, 0).value());
            CHECK(fixture.manager.current({}));
        }
        SUBCASE("nobody") {
            CHECK(fixture.manager.current({}).error().code == ErrorCode::not_authenticated);
            CHECK(fixture.manager.replace(1, {}).error().code == ErrorCode::not_authenticated);
        }
        CHECK(fixture.provider.refreshes == 0);
    }

    TEST_CASE("a refused token is renewed once even when several requests were refused together") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1h));
        const auto rejected = fixture.revision();

        const auto first = fixture.manager.replace(rejected, {});
        const auto second = fixture.manager.replace(rejected, {});

        REQUIRE(first);
        CHECK(*first != rejected);
        CHECK(second.value() == *first);
        CHECK(fixture.provider.refreshes == 1);
    }

    TEST_CASE("a token that was just issued and is refused is not renewed again") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1h));
        const auto renewed = fixture.manager.replace(fixture.revision(), {}).value();

        SUBCASE("by the same process") {
            CHECK(fixture.manager.replace(renewed, {}).error().code == ErrorCode::credential_rejected);
            CHECK(fixture.provider.refreshes == 1);
            fixture.clock.advance(31s);
            CHECK(fixture.manager.replace(renewed, {}));
            CHECK(fixture.provider.refreshes == 2);
        }
        SUBCASE("by another process") {
            auto other = fixture.make_manager();
            CHECK(other.replace(renewed, {}).error().code == ErrorCode::credential_rejected);
            CHECK(fixture.provider.refreshes == 1);
        }
    }

    TEST_CASE("threads that find the sign-in expired share one renewal") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1s));
        fixture.clock.advance(2s);
        std::vector<std::thread> threads;
        std::atomic<int> answers = 0;
        for (int i = 0; i < 8; ++i) threads.emplace_back([&] { answers += fixture.manager.current({}).has_value() ? 1 : 0; });
        for (auto& thread : threads) thread.join();
        CHECK(answers == 8);
        CHECK(fixture.provider.refreshes == 1);
    }

    TEST_CASE("what another process stored while this one waited is used") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1h));
        const auto rejected = fixture.revision();
        REQUIRE(fixture.issue("at-of-another", 1h));
        CHECK(fixture.manager.replace(rejected, {}).value() == fixture.revision());
        CHECK(fixture.provider.refreshes == 0);
    }

    TEST_CASE("an issuer that says its tokens expire at once does not cause a storm") {
        Fixture fixture;
        fixture.provider.on_refresh = [&](const Context&) { return fixture.issue("at-renewed", 0s); };
        REQUIRE(fixture.issue("at-1", 0s));
        fixture.clock.advance(1s);
        for (int i = 0; i < 20; ++i) {
            REQUIRE(fixture.manager.current({}));
            auto other_process = fixture.make_manager();
            REQUIRE(other_process.current({}));
            fixture.clock.advance(1s);
        }
        CHECK(fixture.provider.refreshes == 1);
        fixture.clock.advance(30s);
        REQUIRE(fixture.manager.current({}));
        CHECK(fixture.provider.refreshes == 2);
    }

    TEST_CASE("a clock set a day on or back logs nobody out and renews once") {
        for (const auto jump : {24h, -24h}) {
            CAPTURE(jump.count());
            Fixture fixture;
            REQUIRE(fixture.issue("at-1", 1h));
            REQUIRE(fixture.manager.current({}));
            fixture.clock.set_date_by(jump);
            for (int i = 0; i < 5; ++i) REQUIRE(fixture.manager.current({}));
            CHECK(fixture.provider.refreshes <= 1);

            fixture.clock.set_date_by(-jump);
            REQUIRE(fixture.manager.current({}));
            fixture.clock.advance(31s);
            REQUIRE(fixture.manager.replace(fixture.revision(), {}));
            CHECK(fixture.holds("at-renewed"));
            CHECK(std::filesystem::exists(fixture.directory / "oauth_creds.json"));
        }
    }

    TEST_CASE("a failure on the way is tried once more and never costs the sign-in") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 600s));
        int failures = 2;
        fixture.provider.on_refresh = [&](const Context&) -> Result<void> {
            if (failures-- > 0) return network_failure();
            return fixture.issue("at-renewed", 1h);
        };

        SUBCASE("a second call helps") {
            failures = 1;
            fixture.clock.advance(601s);
            CHECK(fixture.manager.current({}));
            CHECK(fixture.provider.refreshes == 2);
            CHECK(fixture.holds("at-renewed"));
        }
        SUBCASE("time is left: the present token is used") {
            fixture.clock.advance(570s);
            CHECK(fixture.manager.current({}));
            CHECK(fixture.provider.refreshes == 2);
            CHECK(fixture.holds("at-1"));
        }
        SUBCASE("it has expired: the failure is reported, the file stays") {
            fixture.clock.advance(601s);
            CHECK(fixture.manager.current({}).error().code == ErrorCode::connection_failed);
            CHECK(fixture.holds("at-1"));
        }
        SUBCASE("it was refused: the failure is reported, the file stays") {
            CHECK(fixture.manager.replace(fixture.revision(), {}).error().code == ErrorCode::connection_failed);
            CHECK(fixture.holds("at-1"));
        }
    }

    TEST_CASE("a dead refresh token is set aside, unless somebody signed in meanwhile") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1s));
        fixture.clock.advance(2s);

        SUBCASE("dead") {
            fixture.provider.on_refresh = [](const Context&) -> Result<void> { return dead_token(); };
            const auto current = fixture.manager.current({});
            REQUIRE_FALSE(current);
            CHECK(current.error().code == ErrorCode::credential_expired);
            CHECK(current.error().hint == "qwen auth login");
            CHECK(std::filesystem::exists(fixture.directory / "oauth_creds.json.revoked"));
            CHECK_FALSE(fixture.store.get(kKey).value().has_value());
            CHECK(fixture.provider.refreshes == 1);
        }
        SUBCASE("used by a program that takes none of our locks, which saved its answer") {
            fixture.provider.on_refresh = [&](const Context&) -> Result<void> {
                QWEN_CHECK(fixture.issue("at-of-another", 1h));
                return dead_token();
            };
            CHECK(fixture.manager.current({}));
            CHECK(fixture.holds("at-of-another"));
            CHECK_FALSE(std::filesystem::exists(fixture.directory / "oauth_creds.json.revoked"));
        }
    }

    TEST_CASE("the call to the server has fifteen seconds, less when the caller has less") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1s));
        fixture.clock.advance(2s);
        std::optional<MonotonicTime> deadline;
        fixture.provider.on_refresh = [&](const Context& context) {
            deadline = context.deadline;
            return fixture.issue("at-renewed", 1h);
        };
        const auto start = fixture.clock.monotonic_now();
        Context context;
        SUBCASE("no deadline") {
            REQUIRE(fixture.manager.current(context));
            CHECK(*deadline == start + 15s);
        }
        SUBCASE("an earlier deadline") {
            context.deadline = start + 5s;
            REQUIRE(fixture.manager.current(context));
            CHECK(*deadline == start + 5s);
        }
    }

    TEST_CASE("both lock files are held during the call, and Qwen Code's is gone afterwards") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1s));
        fixture.clock.advance(2s);
        fixture.provider.on_refresh = [&](const Context&) {
            CHECK(std::filesystem::exists(fixture.directory / "oauth_creds.lock"));
            CHECK_FALSE(system::FileLock::acquire(fixture.directory / "locks/oauth_creds.refresh", Context{.deadline = MonotonicTime{}}));
            return fixture.issue("at-renewed", 1h);
        };
        REQUIRE(fixture.manager.current({}));
        CHECK(fixture.provider.refreshes == 1);
        CHECK_FALSE(std::filesystem::exists(fixture.directory / "oauth_creds.lock"));
    }

    TEST_CASE("where our lock cannot be, the fallback is taken; without any, the renewal goes on and says so") {
        Fixture fixture;
        REQUIRE(fixture.issue("at-1", 1s));
        fixture.clock.advance(2s);
        std::filesystem::create_directories(fixture.directory / "locks/oauth_creds.refresh");
        std::filesystem::path runtime;
        SUBCASE("fallback") { runtime = fixture.directory / "run"; }
        SUBCASE("none") {}
        CredentialManager manager({fixture.provider, fixture.store, fixture.clock, fixture.random},
                                  RefreshLocks::in(fixture.directory.path(), runtime),
                                  [&](std::string_view text) { fixture.notices += text; });

        REQUIRE(manager.current({}));

        CHECK(fixture.holds("at-renewed"));
        CHECK(fixture.notices.empty() == !runtime.empty());
        CHECK(std::filesystem::exists(fixture.directory / "run/qwen/oauth_creds.refresh") == !runtime.empty());
    }
}
