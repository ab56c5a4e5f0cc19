// ~/.qwen/credentials.json: the secrets of every (provider, account) where no keyring keeps them, API keys above all.
//
// {"version": 1, "secrets": {"<provider>": {"<account>": {"<key>": {"value": "…", "expires_at": ms, "revision": n}}}}}
//
// The file is also the list of what the system keyring holds: such an entry has `"in": "keyring"` and no value. So a program that needs no secret asks no keyring, and
// one replacement of the file is the moment at which a secret has moved.
#pragma once

#include <string>
#include <vector>

#include "core/auth/keyring.hpp"
#include "core/auth/private_file.hpp"
#include "core/auth/secret_store.hpp"
#include "core/system/clock.hpp"

namespace qwen::auth {

/// Where secrets may lie.
enum class Placement : std::uint8_t {
    file,
    keyring,
    /// New ones in the keyring when it can be used, else in the file with a notice; old ones wherever they are.
    keyring_or_file,
};

/// The keyring beside the file. Without one everything is in the file.
struct KeyringUse {
    std::unique_ptr<Keyring> keyring = nullptr;
    Placement placement = Placement::file;
    /// Keys whose values are no secrets and stay in the file.
    std::vector<std::string_view> open_keys = {};
    /// Whether the notice about the file is worth a line: not where there never was a keyring.
    bool tells_fallback = true;
};

/// The part of the file that belongs to one provider and account. Thread-safe: it keeps no state but the file. A file that is no JSON, or
/// of a later version, is refused and left as it is.
class CredentialFileStore final : public SecretStore {
public:
    struct Owner {
        std::string provider;
        std::string account;  ///< "default" when there is only one
    };

    CredentialFileStore(PrivateFile file, Owner owner, const system::Clock& clock, KeyringUse keyring = {})
        : file_(std::move(file)), owner_(std::move(owner)), clock_(clock), use_(std::move(keyring)) {}

    /// The place of the file below `directory` ("/home/ana/.qwen").
    [[nodiscard]] static PrivateFile::Place place_in(const std::filesystem::path& directory, unsigned owner);
    /// Everybody who has something in the file, the one stored last first; empty when there is no file. Errors: as get().
    [[nodiscard]] static Result<std::vector<Owner>> owners(const PrivateFile& file);

    /// Errors besides those of the interface: credential_store_refused when the value lies where the placement does not allow it.
    [[nodiscard]] Result<std::optional<StoredSecret>> get(std::string_view key) override;
    [[nodiscard]] Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                              std::uint64_t revision) override;
    [[nodiscard]] Result<void> check_writable() override;
    [[nodiscard]] Result<void> erase(std::string_view key) override;
    /// The keyring when it holds something of the owner, or when nothing is stored and it must be used; else the file.
    [[nodiscard]] std::string describe() const override;
    /// Moves the owner's secrets, each written to its new place and read back before it leaves the old one. How many were moved.
    /// Errors: as get and put_if; what was not moved is where it was.
    [[nodiscard]] Result<std::size_t> move_to(Placement destination);

private:
    struct Slot;

    [[nodiscard]] KeyringItem item(std::string_view key) const { return {owner_.provider, owner_.account, std::string(key)}; }
    [[nodiscard]] Result<bool> goes_to_keyring(std::string_view key, const Secret& value);
    [[nodiscard]] Result<bool> is_lost(const Slot& slot, std::string_view key);

    PrivateFile file_;
    Owner owner_;
    const system::Clock& clock_;
    KeyringUse use_;
};

}  // namespace qwen::auth
