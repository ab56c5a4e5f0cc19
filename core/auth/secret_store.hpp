// Where a provider's secrets are kept: one store for one (provider, account).
//
// Implementations: the OAuth cache that Qwen Code shares (oauth_creds.json), the credential file, the keyring, memory (`--no-store`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"

namespace qwen::auth {

struct StoredSecret {
    Secret value;
    std::optional<UtcTime> expires_at;
    /// Changes with every write, by whichever process; never 0.
    std::uint64_t revision = 0;
    /// When it was written; absent: unknown.
    std::optional<UtcTime> stored_at = std::nullopt;
};

/// What put_if does when the disk refuses the new value.
enum class OnWriteFailure : std::uint8_t {
    report,
    /// Keeps the value in this process and tells the user: for a renewed sign-in, whose predecessor the server has already forgotten.
    keep_in_memory,
};

class SecretStore {
public:
    virtual ~SecretStore() = default;
    /// nullopt: nothing stored under this key. Reads what is on disk now, never a copy from before. Errors: credential_store_refused, storage_failed.
    [[nodiscard]] virtual Result<std::optional<StoredSecret>> get(std::string_view key) = 0;
    /// Stores when `revision` is still the newest (0: when there is none yet) and returns the new revision; nullopt: somebody else was quicker.
    /// Errors: storage_failed; the old value is then intact.
    [[nodiscard]] virtual Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                                      std::uint64_t revision) = 0;
    /// Whether put_if could store something, as far as that can be known before: a sign-in that would be lost is not begun.
    /// Errors: storage_failed, credential_store_refused.
    [[nodiscard]] virtual Result<void> check_writable() { return {}; }
    /// Removing what is not there is success.
    [[nodiscard]] virtual Result<void> erase(std::string_view key) = 0;
    /// Takes a value that the server no longer accepts out of use while `revision` is still the newest. Where a file holds it, the file stays
    /// for people to look at under another name.
    [[nodiscard]] virtual Result<void> retire(std::string_view key, [[maybe_unused]] std::uint64_t revision) { return erase(key); }
    /// Stores that cannot fail to write ignore it. Initially `report`.
    virtual void set_on_write_failure([[maybe_unused]] OnWriteFailure rule) {}
    /// For people: "/home/ana/.qwen/oauth_creds.json (0600)", "system keyring".
    [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace qwen::auth
