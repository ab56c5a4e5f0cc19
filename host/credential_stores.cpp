#include "host/credential_stores.hpp"

#include <algorithm>

#include "core/auth/memory_store.hpp"
#include "core/auth/oauth_cache.hpp"
#include "core/system/file.hpp"

namespace qwen::host {
namespace {

using namespace std::chrono_literals;

/// An unlocked keyring answers in milliseconds; longer means that it waits for its owner.
constexpr auto kPatience = 5s;
constexpr auto kPatienceWithPeople = 60s;

auth::Placement placement_of(Storage storage) {
    switch (storage) {
        case Storage::keyring: return auth::Placement::keyring;
        case Storage::automatic: return auth::Placement::keyring_or_file;
        default: return auth::Placement::file;
    }
}

/// Whether somebody moved the shared sign-in out of the file that Qwen Code reads.
bool has_left_shared_file(const StorePlace& place) {
    const auto owners = auth::CredentialFileStore::owners(credential_file(place));
    return owners && std::any_of(owners->begin(), owners->end(), [](const auto& owner) { return owner.provider == kSharedSignIn && owner.account == kDefaultAccount; });
}

}  // namespace

auth::PrivateFile credential_file(const StorePlace& place) {
    return {auth::CredentialFileStore::place_in(place.user_directory, place.effective_uid), place.notice};
}

Storage storage_of(const config::Resolution& resolution, const config::Policy& policy, bool nothing_stored) {
    if (nothing_stored) return Storage::none;
    const auto wanted = resolution.text("storage").value_or("auto");
    if (wanted == "keyring") return Storage::keyring;
    if (wanted == "file") return Storage::file;
    if (wanted == "none") return Storage::none;
    if (policy.limit("credentials.store", "keyring") != nullptr) return Storage::keyring;
    if (policy.limit("credentials.store", "file") != nullptr) return Storage::file;
    return Storage::automatic;
}

std::string_view to_string(Storage storage) {
    switch (storage) {
        case Storage::keyring: return "keyring";
        case Storage::none: return "none";
        default: return "file";
    }
}

auth::SecretServiceSettings keyring_settings(const system::Environment& environment, const std::filesystem::path& user_directory, bool waits_for_people) {
    auth::SecretServiceSettings settings{user_directory.string(), environment.has("DBUS_SESSION_BUS_ADDRESS"), waits_for_people ? kPatienceWithPeople : kPatience};
    const auto runtime = environment.variable("XDG_RUNTIME_DIR");
    if (!settings.has_bus && runtime && !runtime->empty()) {
        const auto bus = system::facts_of_path(std::filesystem::path(std::string(*runtime)) / "bus");
        settings.has_bus = bus && bus->has_value();
    }
    return settings;
}

std::unique_ptr<auth::CredentialFileStore> make_key_store(const StorePlace& place, const std::string& provider) {
    // Without a bus there is no keyring to miss: a server or a container.
    auth::KeyringUse use{auth::secret_service_keyring(place.keyring), placement_of(place.storage), {kStoredBaseUrl, kStoredModel}, place.keyring.has_bus};
    return std::make_unique<auth::CredentialFileStore>(credential_file(place), auth::CredentialFileStore::Owner{provider, place.account}, place.clock, std::move(use));
}

std::unique_ptr<auth::SecretStore> make_store(const StorePlace& place, const std::string& provider) {
    if (place.storage == Storage::none) return std::make_unique<auth::MemoryStore>();
    const bool is_shared_file = provider == kSharedSignIn && place.account == kDefaultAccount && place.storage != Storage::keyring && !has_left_shared_file(place);
    if (!is_shared_file) return make_key_store(place, provider);
    return std::make_unique<auth::OAuthCacheStore>(auth::PrivateFile(auth::OAuthCacheStore::place_in(place.user_directory, place.effective_uid), place.notice),
                                                   place.clock);
}

}  // namespace qwen::host
