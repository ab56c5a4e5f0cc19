// Secrets that end with the process (`--no-store`).
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/auth/secret_store.hpp"

namespace qwen::auth {

/// Thread-safe. Never fails.
class MemoryStore final : public SecretStore {
public:
    [[nodiscard]] Result<std::optional<StoredSecret>> get(std::string_view key) override;
    [[nodiscard]] Result<std::optional<std::uint64_t>> put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                              std::uint64_t revision) override;
    [[nodiscard]] Result<void> erase(std::string_view key) override;
    [[nodiscard]] std::string describe() const override { return "memory (nothing is stored)"; }

private:
    std::mutex mutex_;
    std::map<std::string, StoredSecret, std::less<>> values_;
    std::uint64_t last_revision_ = 0;
};

}  // namespace qwen::auth
