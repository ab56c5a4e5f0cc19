// One process with a sign-in: store, manager and a provider whose token endpoint is a pair of files.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "core/auth/credential_manager.hpp"
#include "core/auth/oauth_cache.hpp"
#include "core/base/json.hpp"
#include "tests/fakes/fake_credential_provider.hpp"
#include "tests/fakes/temporary_directory.hpp"

namespace qwen::torture {

inline std::string credentials(const std::string& generation, UtcTime expiry) {
    return "{\n  \"access_token\": \"at-" + generation + "\",\n  \"refresh_token\": \"rt-" + generation +
           "\",\n  \"token_type\": \"Bearer\",\n  \"resource_url\": \"portal.qwen.ai\",\n  \"expiry_date\": " +
           std::to_string(expiry.time_since_epoch().count()) + "\n}";
}

/// A rotating token endpoint: knows the one refresh token that is good, counts calls and uses of any other.
struct Endpoint {
    std::filesystem::path directory;
    std::chrono::milliseconds delay{0};

    void prepare() const {
        tests::write_text(directory / "good", "rt-1");
        tests::write_text(directory / "calls", "");
        tests::write_text(directory / "reuses", "");
    }
    /// One byte for each.
    [[nodiscard]] std::uintmax_t calls() const { return std::filesystem::file_size(directory / "calls"); }
    [[nodiscard]] std::uintmax_t reuses() const { return std::filesystem::file_size(directory / "reuses"); }

    /// The number of the new generation of tokens, or credential_expired for a token that is not good.
    [[nodiscard]] Result<std::string> exchange(const std::string& refresh_token, const system::Clock& clock, const Context& context) const {
        append("calls");
        QWEN_CHECK(clock.sleep_until(clock.monotonic_now() + delay, context));
        QWEN_TRY(const auto lock, system::FileLock::acquire(directory / "endpoint.lock", context));
        const std::string good = tests::read_text(directory / "good");
        if (refresh_token != good) {
            append("reuses");
            return Error{ErrorCode::credential_expired, "invalid_grant", {}, std::nullopt};
        }
        const std::string generation = std::to_string(std::stol(good.substr(3)) + 1);
        tests::write_text(directory / "good", "rt-" + generation);
        return generation;
    }

private:
    void append(const char* name) const {
        const system::Descriptor file(::open((directory / name).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        [[maybe_unused]] const auto written = ::write(file.get(), "x", 1);
    }
};

struct SignIn {
    SignIn(const std::filesystem::path& home, Endpoint server, const auth::Notice& notice = {}, const std::filesystem::path& runtime = {})
        : store(auth::PrivateFile(auth::OAuthCacheStore::place_in(home, ::geteuid()), notice), clock),
          endpoint(std::move(server)),
          manager({provider, store, clock, random}, auth::RefreshLocks::in(home, runtime), notice) {
        provider.on_refresh = [this](const Context& context) { return renew(context); };
    }

    [[nodiscard]] Result<void> renew(const Context& context) {
        QWEN_TRY(const auto before, store.get(auth::OAuthCacheStore::kKey));
        QWEN_TRY(const auto json, parse_json(before->value.reveal(), "credential file"));
        QWEN_TRY(const std::string generation, endpoint.exchange(string_member(json, "refresh_token"), clock, context));
        const Secret text{credentials(generation, clock.utc_now() + std::chrono::hours(1))};
        QWEN_TRY(const auto saved, store.put_if(auth::OAuthCacheStore::kKey, text, {}, before->revision));
        if (!saved) return Error{ErrorCode::internal, "the store changed under the lock", {}, std::nullopt};
        return {};
    }
    /// The access token a request would be made with.
    [[nodiscard]] Result<std::string> token() {
        QWEN_TRY([[maybe_unused]] const auto revision, manager.current({}));
        QWEN_TRY(const auto stored, store.get(auth::OAuthCacheStore::kKey));
        QWEN_TRY(const auto json, parse_json(stored->value.reveal(), "credential file"));
        return string_member(json, "access_token");
    }

    system::SystemClock clock;
    system::SystemRandom random;
    auth::OAuthCacheStore store;
    tests::FakeCredentialProvider provider;
    Endpoint endpoint;
    auth::CredentialManager manager;
};

inline void write_expired(const std::filesystem::path& home) {
    tests::write_text(home / "oauth_creds.json", credentials("1", system::SystemClock().utc_now() - std::chrono::seconds(1)));
    ::chmod((home / "oauth_creds.json").c_str(), 0600);
}

}  // namespace qwen::torture
