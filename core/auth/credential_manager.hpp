// The one place that renews a sign-in: before it expires, and once after a server refused it.
//
// A refresh token may be used once, by one process. So a renewal is serialised three times: by a mutex among threads, by a kernel lock
// among our processes, by Qwen Code's lock file between the two programs (decision 0014). Whoever got all three reads the store again,
// because the one before it may have done the work already.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>

#include "core/auth/credential_provider.hpp"
#include "core/auth/private_file.hpp"
#include "core/auth/secret_store.hpp"
#include "core/system/clock.hpp"
#include "core/system/random.hpp"

namespace qwen::auth {

/// Where the locks of a renewal are. An empty path: that lock is not taken.
struct RefreshLocks {
    /// Of our own processes, held by the kernel. In a directory that is made when it is missing.
    std::filesystem::path ours;
    /// Used instead where `ours` cannot be: a read-only home, a network file system without locks ($XDG_RUNTIME_DIR).
    std::filesystem::path fallback;
    /// Qwen Code's, beside its file.
    std::filesystem::path peer;

    /// For oauth_creds.json below `directory`; `runtime_directory` ($XDG_RUNTIME_DIR) may be empty.
    [[nodiscard]] static RefreshLocks in(const std::filesystem::path& directory, const std::filesystem::path& runtime_directory);
    /// For a provider whose sign-in is elsewhere (credentials.json, keyring); `provider` is its id. Qwen Code does not know of it.
    [[nodiscard]] static RefreshLocks of(std::string_view provider, const std::filesystem::path& directory,
                                         const std::filesystem::path& runtime_directory);
};

/// Renewing starts this long before the expiry: a tenth of the lifetime, at least `margin_min`, at most `margin_max`.
struct RefreshRules {
    std::chrono::seconds margin_min{30};
    std::chrono::seconds margin_max{300};
    /// A sign-in younger than this is not renewed again for its expiry alone: a wrong clock or `expires_in: 0` must not become a storm.
    std::chrono::seconds between_refreshes{30};
    /// For the locks; longer than the token calls of the one who holds them.
    std::chrono::seconds lock_wait{60};
    /// For one call of CredentialProvider::refresh. A call that failed on the way is made once more.
    std::chrono::seconds token_call{15};
};

/// Names the credential a request was made with, for replace(). 0: the provider keeps none that could be renewed.
using CredentialRevision = std::uint64_t;

/// For one provider and its store. Thread-safe; calls the provider's refresh one at a time and nothing else of it but can_refresh().
class CredentialManager {
public:
    /// What it works with; everything outlives it.
    struct Parts {
        CredentialProvider& provider;
        SecretStore& store;
        const system::Clock& clock;
        const system::Random& random;
    };

    CredentialManager(Parts parts, RefreshLocks locks, Notice notice, RefreshRules rules = {}, std::string key = "credentials");

    /// Makes sure that the stored credential is fresh, renewing it when its time has come. When that fails on the way to the server and the
    /// present one still has time left, the present one is used.
    /// Errors: not_authenticated (nothing is stored), credential_expired (the refresh token is dead; set aside), timed_out, cancelled,
    /// storage classes, and what the provider's refresh returns.
    [[nodiscard]] Result<CredentialRevision> current(const Context& context);

    /// For a 401 on a request made with `rejected`: another one that is stored meanwhile, or a renewed one. Errors: as current(), and
    /// credential_rejected (it was renewed a moment ago, or there is nothing to renew it with).
    [[nodiscard]] Result<CredentialRevision> replace(CredentialRevision rejected, const Context& context);

private:
    enum class Need : std::uint8_t { expiry, rejection };
    class Locks;

    [[nodiscard]] Result<std::optional<StoredSecret>> stored() const;
    [[nodiscard]] bool is_fresh(const StoredSecret& secret) const;
    [[nodiscard]] bool is_expired(const StoredSecret& secret) const;
    [[nodiscard]] bool was_renewed_just_now(const StoredSecret& secret) const;
    [[nodiscard]] bool may_be_used(const StoredSecret& secret, Need need, CredentialRevision rejected) const;
    [[nodiscard]] Result<CredentialRevision> renew(Need need, CredentialRevision rejected, const Context& context);
    [[nodiscard]] Result<CredentialRevision> renew_locked(Need need, CredentialRevision rejected, Locks& locks, const Context& context);
    [[nodiscard]] Result<void> call_provider(CredentialRevision before, const Context& context);
    [[nodiscard]] Result<CredentialRevision> after_failure(const Error& failure, const StoredSecret& before, Need need);
    [[nodiscard]] Result<Locks> take_locks(const Context& context) const;

    Parts parts_;
    RefreshLocks locks_;
    Notice notice_;
    RefreshRules rules_;
    std::string key_;
    std::mutex mutex_;
    struct LastRenewal {
        MonotonicTime time;
        CredentialRevision revision = 0;
    };
    std::optional<LastRenewal> last_renewal_;
};

}  // namespace qwen::auth
