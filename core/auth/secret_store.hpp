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
    /// Removing what is not there is success.
    [[nodiscard]] virtual Result<void> erase(std::string_view key) = 0;
    /// For people: "/home/ana/.qwen/oauth_creds.json (0600)", "system keyring".
    [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace qwen::auth
