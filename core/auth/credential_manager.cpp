#include "core/auth/credential_manager.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/auth/peer_lock.hpp"
#include "core/system/file.hpp"

namespace qwen::auth {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSignIn = "qwen auth login";

Error not_signed_in() { return {ErrorCode::not_authenticated, "nobody is signed in", std::string(kSignIn), std::nullopt}; }

Error refused_again() {
    return {ErrorCode::credential_rejected, "the server refuses the sign-in although it was renewed", std::string(kSignIn), std::nullopt};
}

/// The call may have failed before or after the server did its work; asking once more tells.
bool may_be_repeated(const Error& failure) {
    return failure.error_class() == ErrorClass::network || failure.code == ErrorCode::provider_error ||
           failure.code == ErrorCode::bad_response;
}

Error too_long(std::chrono::seconds waited) {
    return {ErrorCode::timed_out, fmt::format("another process is renewing the sign-in and was not done in {} s", waited.count()),
            "try again in a moment", std::nullopt};
}

}  // namespace

RefreshLocks RefreshLocks::in(const std::filesystem::path& directory, const std::filesystem::path& runtime_directory) {
    RefreshLocks locks = of("oauth_creds", directory, runtime_directory);
    if (!directory.empty()) locks.peer = directory / "oauth_creds.lock";
    return locks;
}

RefreshLocks RefreshLocks::of(std::string_view provider, const std::filesystem::path& directory,
                              const std::filesystem::path& runtime_directory) {
    const std::string name = std::string(provider) + ".refresh";
    RefreshLocks locks;
    if (!directory.empty()) locks.ours = directory / "locks" / name;
    if (runtime_directory.is_absolute()) locks.fallback = runtime_directory / "qwen" / name;
    return locks;
}

/// What is held during a renewal. Released in the opposite order.
class CredentialManager::Locks {
public:
    std::optional<system::FileLock> ours;
    std::optional<PeerLock> peer;

    /// How long ago a process of ours renewed to `revision`, as its note in the lock file says. The expiry cannot tell: an issuer may say
    /// `expires_in: 0`, and a clock may be wrong.
    [[nodiscard]] std::optional<std::chrono::milliseconds> age_of(CredentialRevision revision, UtcTime now) const {
        if (!ours) return std::nullopt;
        Note note;
        if (::pread(ours->file().get(), &note, sizeof note, 0) != sizeof note || note.revision != revision) return std::nullopt;
        return now.time_since_epoch() - std::chrono::milliseconds(note.renewed_at_ms);
    }
    void note_renewal(CredentialRevision revision, UtcTime now) const {
        const Note note{.revision = revision, .renewed_at_ms = now.time_since_epoch().count()};
        // Without the note the next process renews once more than needed; nothing else depends on it.
        if (ours) [[maybe_unused]]
            const auto written = ::pwrite(ours->file().get(), &note, sizeof note, 0);
    }

private:
    struct Note {
        CredentialRevision revision = 0;
        std::int64_t renewed_at_ms = 0;
    };
};

CredentialManager::CredentialManager(Parts parts, RefreshLocks locks, Notice notice, RefreshRules rules, std::string key)
    : parts_(parts), locks_(std::move(locks)), notice_(std::move(notice)), rules_(rules), key_(std::move(key)) {}

Result<CredentialRevision> CredentialManager::current(const Context& context) {
    if (!parts_.provider.can_refresh()) return CredentialRevision{0};
    const std::lock_guard guard(mutex_);
    QWEN_TRY(const auto secret, stored());
    if (!secret) return not_signed_in();
    if (may_be_used(*secret, Need::expiry, 0)) return secret->revision;
    return renew(Need::expiry, 0, context);
}

Result<CredentialRevision> CredentialManager::replace(CredentialRevision rejected, const Context& context) {
    if (!parts_.provider.can_refresh()) return refused_again();
    const std::lock_guard guard(mutex_);
    return renew(Need::rejection, rejected, context);
}

Result<std::optional<StoredSecret>> CredentialManager::stored() const { return parts_.store.get(key_); }

bool CredentialManager::is_expired(const StoredSecret& secret) const {
    return secret.expires_at && parts_.clock.utc_now() >= *secret.expires_at;
}

bool CredentialManager::is_fresh(const StoredSecret& secret) const {
    if (!secret.expires_at) return true;
    std::chrono::milliseconds margin = rules_.margin_min;
    if (secret.stored_at)
        margin = std::clamp<std::chrono::milliseconds>((*secret.expires_at - *secret.stored_at) / 10, rules_.margin_min, rules_.margin_max);
    return parts_.clock.utc_now() <= *secret.expires_at - margin;
}

bool CredentialManager::was_renewed_just_now(const StoredSecret& secret) const {
    return last_renewal_ && last_renewal_->revision == secret.revision &&
           parts_.clock.monotonic_now() - last_renewal_->time < rules_.between_refreshes;
}

bool CredentialManager::may_be_used(const StoredSecret& secret, Need need, CredentialRevision rejected) const {
    if (need == Need::rejection && secret.revision == rejected) return false;
    return is_fresh(secret) || was_renewed_just_now(secret);
}

Result<CredentialManager::Locks> CredentialManager::take_locks(const Context& context) const {
    Locks locks;
    for (const auto& place : {locks_.ours, locks_.fallback}) {
        if (place.empty() || locks.ours) continue;
        if (!system::make_private_directory(place.parent_path())) continue;
        auto taken = system::FileLock::acquire(place, context);
        if (taken)
            locks.ours.emplace(std::move(*taken));
        else if (taken.error().code == ErrorCode::timed_out)
            return too_long(rules_.lock_wait);
        else if (taken.error().code != ErrorCode::storage_failed)
            return std::move(taken).error();
    }
    if (!locks.ours && notice_) notice_("no lock could be taken: another process may renew the sign-in at the same time");
    // Without our own lock a file of ours beside Qwen Code's could belong to a living process.
    if (!locks.ours || locks_.peer.empty()) return locks;
    auto peer = PeerLock::acquire(locks_.peer, parts_.clock, parts_.random, context);
    if (peer)
        locks.peer.emplace(std::move(*peer));
    else if (peer.error().code == ErrorCode::timed_out)
        return too_long(rules_.lock_wait);
    else if (peer.error().code != ErrorCode::storage_failed)
        return std::move(peer).error();
    return locks;
}

Result<CredentialRevision> CredentialManager::renew(Need need, CredentialRevision rejected, const Context& context) {
    const Context waiting = context.with_deadline(parts_.clock.monotonic_now() + rules_.lock_wait);
    QWEN_TRY(Locks locks, take_locks(waiting));
    return renew_locked(need, rejected, locks, context);
}

Result<CredentialRevision> CredentialManager::renew_locked(Need need, CredentialRevision rejected, Locks& locks, const Context& context) {
    QWEN_TRY(const auto before, stored());
    if (!before) return not_signed_in();
    const MonotonicTime now = parts_.clock.monotonic_now();
    if (const auto age = locks.age_of(before->revision, parts_.clock.utc_now()); age && *age >= 0ms && *age < rules_.between_refreshes)
        last_renewal_ = {.time = now - *age, .revision = before->revision};
    if (may_be_used(*before, need, rejected)) return before->revision;
    // A credential just issued and refused is refused for another reason than its age.
    if (need == Need::rejection && was_renewed_just_now(*before) && !is_expired(*before)) return refused_again();

    if (auto renewed = call_provider(before->revision, context); !renewed) return after_failure(renewed.error(), *before, need);
    QWEN_TRY(const auto after, stored());
    if (!after) return not_signed_in();
    last_renewal_ = {.time = parts_.clock.monotonic_now(), .revision = after->revision};
    locks.note_renewal(after->revision, parts_.clock.utc_now());
    return after->revision;
}

Result<void> CredentialManager::call_provider(CredentialRevision before, const Context& context) {
    const auto call = [&] { return parts_.provider.refresh(context.with_deadline(parts_.clock.monotonic_now() + rules_.token_call)); };
    parts_.store.set_on_write_failure(OnWriteFailure::keep_in_memory);
    auto result = call();
    if (!result && may_be_repeated(result.error()) && !context.cancelled()) {
        const auto now = stored();
        const bool replaced_meanwhile = now && *now && (*now)->revision != before;
        result = replaced_meanwhile ? Result<void>() : call();
    }
    parts_.store.set_on_write_failure(OnWriteFailure::report);
    return result;
}

Result<CredentialRevision> CredentialManager::after_failure(const Error& failure, const StoredSecret& before, Need need) {
    if (failure.code == ErrorCode::credential_expired) {
        // Somebody outside our locks may have used the token first: then what they got is in the store.
        QWEN_TRY(const auto now, stored());
        if (now && now->revision != before.revision) return now->revision;
        if (const auto retired = parts_.store.retire(key_, before.revision); !retired && notice_)
            notice_("the expired sign-in could not be set aside: " + retired.error().message);
        return Error{ErrorCode::credential_expired, "the sign-in has expired and the server no longer renews it", std::string(kSignIn),
                     std::nullopt};
    }
    const bool still_usable = need == Need::expiry && !is_expired(before);
    if (still_usable && may_be_repeated(failure)) return before.revision;
    return failure;
}

}  // namespace qwen::auth
