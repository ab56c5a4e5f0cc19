// ~/.qwen/oauth_creds.json, the file in which Qwen Code keeps a sign-in, read and written so that either program can use what the other
// wrote.
//
// The one value, under the key "credentials", is the JSON text with access_token, refresh_token, token_type, resource_url and expiry_date
// (milliseconds since 1970). Keys this program does not know are carried along. A file that is no JSON is set aside as .corrupt, one whose
// refresh token is dead as .revoked: nothing is ever deleted but by erase().
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "core/auth/private_file.hpp"
#include "core/auth/secret_store.hpp"
#include "core/system/clock.hpp"

namespace qwen::auth {

/// Thread-safe.
class OAuthCacheStore final : public SecretStore {
public:
    static constexpr std::string_view kKey = "credentials";

    /// `clock` outlives the store and is used to wait for a writer that does not replace atomically (first login of older Qwen Code).
    OAuthCacheStore(PrivateFile file, const system::Clock& clock) : file_(std::move(file)), clock_(clock) {}

    /// The place of the file below `directory` ("/home/ana/.qwen").
    [[nodiscard]] static PrivateFile::Place place_in(const std::filesystem::path& directory, unsigned owner);

    /// nullopt for any key but kKey.
    [[nodiscard]] Result<std::optional<StoredSecret>> get(std::string_view key) override;
    /// `expires_at` replaces expiry_date. Errors besides those of the interface: bad_response (the value is no JSON object).
    [[nodiscard]] Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                              std::uint64_t revision) override;
    [[nodiscard]] Result<void> check_writable() override;
    [[nodiscard]] Result<void> erase(std::string_view key) override;
    [[nodiscard]] Result<void> retire(std::string_view key, std::uint64_t revision) override;
    void set_on_write_failure(OnWriteFailure rule) override;
    [[nodiscard]] std::string describe() const override;

private:
    struct OnDisk;
    /// A value the disk refused; used as long as the file is still the one it was to replace.
    struct Unsaved {
        Secret text;
        std::uint64_t replaces = 0;
        std::uint64_t revision = 0;
    };

    [[nodiscard]] Result<std::optional<OnDisk>> read_once() const;
    [[nodiscard]] Result<std::optional<OnDisk>> read_settled() const;
    [[nodiscard]] Result<std::optional<std::uint64_t>> save(const nlohmann::ordered_json& fresh, std::uint64_t revision) const;
    [[nodiscard]] std::uint64_t keep_unsaved(const nlohmann::ordered_json& fresh, std::uint64_t revision, const Error& reason);

    PrivateFile file_;
    const system::Clock& clock_;
    std::mutex mutex_;
    OnWriteFailure on_write_failure_ = OnWriteFailure::report;
    std::optional<Unsaved> unsaved_;
};

}  // namespace qwen::auth
