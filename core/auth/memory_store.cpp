#include "core/auth/memory_store.hpp"

namespace qwen::auth {

Result<std::optional<StoredSecret>> MemoryStore::get(std::string_view key) {
    const std::lock_guard guard(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end()) return std::optional<StoredSecret>();
    const StoredSecret& stored = found->second;
    return std::optional(StoredSecret{.value = stored.value.duplicate(), .expires_at = stored.expires_at, .revision = stored.revision});
}

Result<std::optional<std::uint64_t>> MemoryStore::put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                         std::uint64_t revision) {
    const std::lock_guard guard(mutex_);
    const auto found = values_.find(key);
    if ((found == values_.end() ? 0 : found->second.revision) != revision) return std::optional<std::uint64_t>();
    values_.insert_or_assign(std::string(key),
                             StoredSecret{.value = value.duplicate(), .expires_at = expires_at, .revision = ++last_revision_});
    return std::optional(last_revision_);
}

Result<void> MemoryStore::erase(std::string_view key) {
    const std::lock_guard guard(mutex_);
    if (const auto found = values_.find(key); found != values_.end()) values_.erase(found);
    return {};
}

}  // namespace qwen::auth
