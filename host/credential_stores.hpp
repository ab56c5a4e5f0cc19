// Which store keeps a provider's secrets: the file Qwen Code shares, credentials.json, the system keyring, or memory.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/auth/credential_file.hpp"
#include "core/config/policy.hpp"
#include "core/config/resolver.hpp"
#include "core/system/clock.hpp"
#include "core/system/environment.hpp"

namespace qwen::host {

/// The provider whose sign-in Qwen Code shares.
inline constexpr std::string_view kSharedSignIn = "qwen_oauth";
/// Key under which a sign-in is stored. Plugins that sign in know it too.
inline constexpr std::string_view kStoredSignIn = "credentials";
/// Key under which a provider's API key is stored, and the base URL it was given for. The plugin knows the first name too.
inline constexpr std::string_view kStoredKey = "api_key";
inline constexpr std::string_view kStoredBaseUrl = "base_url";
/// Key under which the model is stored that was chosen with the key.
inline constexpr std::string_view kStoredModel = "model";

/// The account of a provider that nobody named.
inline constexpr std::string_view kDefaultAccount = "default";

/// `storage` as this run uses it.
enum class Storage : std::uint8_t { automatic, keyring, file, none };

/// The setting, but what is left open ("auto") keeps to the administrator's rule where there is one. `nothing_stored`: --no-store.
[[nodiscard]] Storage storage_of(const config::Resolution& resolution, const config::Policy& policy, bool nothing_stored);
/// For the policy: "keyring", "file", "none"; automatic counts as a file, where secrets may end up.
[[nodiscard]] std::string_view to_string(Storage storage);

/// What a store is made of. References outlive it.
struct StorePlace {
    std::filesystem::path user_directory;
    unsigned effective_uid = 0;
    Storage storage = Storage::automatic;
    auth::SecretServiceSettings keyring;
    const system::Clock& clock;
    std::function<void(std::string_view)> notice;
    std::string account = std::string(kDefaultAccount);
};

/// `waits_for_people`: somebody is there to unlock the keyring.
[[nodiscard]] auth::SecretServiceSettings keyring_settings(const system::Environment& environment, const std::filesystem::path& user_directory, bool waits_for_people);

/// The 0600 file of keys and of who is signed in.
[[nodiscard]] auth::PrivateFile credential_file(const StorePlace& place);
/// Asks no keyring yet.
[[nodiscard]] std::unique_ptr<auth::SecretStore> make_store(const StorePlace& place, const std::string& provider);
/// credentials.json with the keyring beside it, for those who list and move.
[[nodiscard]] std::unique_ptr<auth::CredentialFileStore> make_key_store(const StorePlace& place, const std::string& provider);

}  // namespace qwen::host
