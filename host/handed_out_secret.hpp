// Remembers the stored secret that a provider was handed: what it may put on a request, under whatever name it keeps it.
//
// The host knows keys by their setting and by kStoredKey. A provider that signs in by itself stores what it likes, and that is a credential too: the origin
// gate has to know of it before it lets a request go to a server that a project's file names.
#pragma once

#include <optional>

#include "core/auth/secret_store.hpp"

namespace qwen::host {

/// Passes everything on to `store`, which outlives it. Not thread-safe.
class HandedOutSecret final : public auth::SecretStore {
public:
    explicit HandedOutSecret(auth::SecretStore& store) : store_(store) {}

    /// The last value that was read or stored through this; null: none.
    [[nodiscard]] const Secret* last() const { return last_ ? &*last_ : nullptr; }

    Result<std::optional<auth::StoredSecret>> get(std::string_view key) override {
        auto stored = store_.get(key);
        if (stored && stored->has_value()) last_ = (*stored)->value.duplicate();
        return stored;
    }
    Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at, std::uint64_t revision) override {
        last_ = value.duplicate();
        return store_.put_if(key, value, expires_at, revision);
    }
    Result<void> check_writable() override { return store_.check_writable(); }
    Result<void> erase(std::string_view key) override { return store_.erase(key); }
    Result<void> retire(std::string_view key, std::uint64_t revision) override { return store_.retire(key, revision); }
    void set_on_write_failure(auth::OnWriteFailure rule) override { store_.set_on_write_failure(rule); }
    std::string describe() const override { return store_.describe(); }

private:
    auth::SecretStore& store_;
    std::optional<Secret> last_;
};

}  // namespace qwen::host
