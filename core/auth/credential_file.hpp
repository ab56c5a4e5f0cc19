// ~/.qwen/credentials.json: the secrets of every (provider, account) where no keyring keeps them, API keys above all.
//
// {"version": 1, "secrets": {"<provider>": {"<account>": {"<key>": {"value": "…", "expires_at": ms, "revision": n}}}}}
#pragma once

#include <string>
#include <vector>

#include "core/auth/private_file.hpp"
#include "core/auth/secret_store.hpp"
#include "core/system/clock.hpp"

namespace qwen::auth {

/// The part of the file that belongs to one provider and account. Thread-safe: it keeps no state but the file. A file that is no JSON, or
/// of a later version, is refused and left as it is.
class CredentialFileStore final : public SecretStore {
public:
    struct Owner {
        std::string provider;
        std::string account;  ///< "default" when there is only one
    };

    CredentialFileStore(PrivateFile file, Owner owner, const system::Clock& clock)
        : file_(std::move(file)), owner_(std::move(owner)), clock_(clock) {}

    /// The place of the file below `directory` ("/home/ana/.qwen").
    [[nodiscard]] static PrivateFile::Place place_in(const std::filesystem::path& directory, unsigned owner);
    /// Everybody who has something in the file, the one stored last first; empty when there is no file. Errors: as get().
    [[nodiscard]] static Result<std::vector<Owner>> owners(const PrivateFile& file);

    [[nodiscard]] Result<std::optional<StoredSecret>> get(std::string_view key) override;
    [[nodiscard]] Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                              std::uint64_t revision) override;
    [[nodiscard]] Result<void> check_writable() override;
    [[nodiscard]] Result<void> erase(std::string_view key) override;
    [[nodiscard]] std::string describe() const override;

private:
    PrivateFile file_;
    Owner owner_;
    const system::Clock& clock_;
};

}  // namespace qwen::auth
