#include "core/auth/oauth_cache.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/json.hpp"
#include "core/system/digest.hpp"

namespace qwen::auth {
namespace {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

/// A writer holds the lock for one small write; nobody waits this long for an honest one.
constexpr auto kCacheLockWait = 10s;
/// How long a file that is no JSON is given to become one: an older Qwen Code truncates and writes.
constexpr auto kSettleTime = 200ms;

constexpr std::array kAfterLogin{"access_token", "refresh_token", "token_type", "resource_url", "expiry_date"};
constexpr std::array kAfterRefresh{"access_token", "token_type", "refresh_token", "resource_url", "expiry_date"};
constexpr const auto& kKnownKeys = kAfterLogin;

/// Changes with the content and with every replacement by the same content.
std::uint64_t revision_of(std::string_view bytes, const system::FileFacts& facts) {
    const auto digest = system::sha256(bytes);
    std::uint64_t revision = 0;
    std::memcpy(&revision, digest.data(), sizeof revision);
    revision ^= facts.inode * 0x9E3779B97F4A7C15u ^ static_cast<std::uint64_t>(facts.modified_ns);
    return revision == 0 ? 1 : revision;
}

std::optional<UtcTime> expiry_of(const ordered_json& credentials) {
    constexpr double kLatest = 253402300799000.0;  // the year 9999: beyond it stands a mistake, not a date
    const auto member = credentials.find("expiry_date");
    if (member == credentials.end() || !member->is_number()) return std::nullopt;
    const auto milliseconds = member->get<double>();
    if (!(milliseconds > 0 && milliseconds <= kLatest)) return std::nullopt;
    return UtcTime(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

Result<ordered_json> parse_credentials(std::string_view text) {
    QWEN_TRY(ordered_json json, parse_json(text, "credential file", {.max_depth = 16}));
    if (!json.is_object()) return Error{ErrorCode::bad_response, "the credential file is no JSON object", {}, std::nullopt};
    return json;
}

/// The new file: what is known in Qwen Code's order, then what this program does not know, of the new value and of the old file.
ordered_json merge(const ordered_json& fresh, const ordered_json* previous) {
    ordered_json merged = ordered_json::object();
    for (const char* key : previous == nullptr ? kAfterLogin : kAfterRefresh)
        if (const auto member = fresh.find(key); member != fresh.end() && !member->is_null()) merged[key] = *member;
    for (const ordered_json* source : {&fresh, previous}) {
        if (source == nullptr) continue;
        for (const auto& [key, value] : source->items()) {
            const bool known = std::find(kKnownKeys.begin(), kKnownKeys.end(), key) != kKnownKeys.end();
            if (!known && !merged.contains(key)) merged[key] = value;
        }
    }
    return merged;
}

StoredSecret to_stored(std::string& text, std::uint64_t revision, const ordered_json& credentials) {
    return {.value = Secret::take(text), .expires_at = expiry_of(credentials), .revision = revision};
}

}  // namespace

struct OAuthCacheStore::OnDisk {
    std::string text;
    ordered_json credentials;
    std::uint64_t revision = 0;
    UtcTime stored_at;
};

PrivateFile::Place OAuthCacheStore::place_in(const std::filesystem::path& directory, unsigned owner) {
    if (directory.empty()) return {.file = {}, .lock = {}, .owner = owner};
    return {.file = directory / "oauth_creds.json", .lock = directory / "locks" / "oauth_creds.save", .owner = owner};
}

Result<std::optional<OAuthCacheStore::OnDisk>> OAuthCacheStore::read_once() const {
    QWEN_TRY(auto content, file_.read());
    if (!content) return std::optional<OnDisk>();
    QWEN_TRY(ordered_json credentials, parse_credentials(content->bytes));
    const std::uint64_t revision = revision_of(content->bytes, content->facts);
    const UtcTime stored_at{std::chrono::milliseconds(content->facts.modified_ns / 1'000'000)};
    return std::optional(OnDisk{std::move(content->bytes), std::move(credentials), revision, stored_at});
}

Result<std::optional<OAuthCacheStore::OnDisk>> OAuthCacheStore::read_settled() const {
    auto first = read_once();
    if (first || first.error().code != ErrorCode::bad_response) return first;
    QWEN_CHECK(clock_.sleep_until(clock_.monotonic_now() + kSettleTime, {}));
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kCacheLockWait)));
    auto second = read_once();
    if (second || second.error().code != ErrorCode::bad_response) return second;
    QWEN_CHECK(file_.set_aside(".corrupt"));
    return file_.refusal(second.error().message + "; it was kept as oauth_creds.json.corrupt", "qwen auth login");
}

Result<std::optional<StoredSecret>> OAuthCacheStore::get(std::string_view key) {
    if (key != kKey) return std::optional<StoredSecret>();
    const std::lock_guard guard(mutex_);
    QWEN_TRY(auto on_disk, read_settled());
    if (unsaved_ && unsaved_->replaces == (on_disk ? on_disk->revision : 0)) {
        std::string text(unsaved_->text.reveal());
        QWEN_TRY(const ordered_json credentials, parse_credentials(text));
        return std::optional(to_stored(text, unsaved_->revision, credentials));
    }
    unsaved_.reset();
    if (!on_disk) return std::optional<StoredSecret>();
    StoredSecret stored = to_stored(on_disk->text, on_disk->revision, on_disk->credentials);
    stored.stored_at = on_disk->stored_at;
    return std::optional(std::move(stored));
}

Result<std::optional<std::uint64_t>> OAuthCacheStore::put_if(std::string_view key, const Secret& value, std::optional<UtcTime> expires_at,
                                                             std::uint64_t revision) {
    if (key != kKey) return file_.refusal("the credential file holds one value only", {});
    QWEN_TRY(ordered_json fresh, parse_credentials(value.reveal()));
    if (expires_at) fresh["expiry_date"] = expires_at->time_since_epoch().count();

    const std::lock_guard guard(mutex_);
    if (unsaved_ && unsaved_->revision == revision) revision = unsaved_->replaces;
    auto saved = save(fresh, revision);
    if (saved) {
        unsaved_.reset();
        return saved;
    }
    const bool may_keep = on_write_failure_ == OnWriteFailure::keep_in_memory && saved.error().code == ErrorCode::storage_failed;
    if (!may_keep) return saved;
    return std::optional(keep_unsaved(fresh, revision, saved.error()));
}

Result<std::optional<std::uint64_t>> OAuthCacheStore::save(const ordered_json& fresh, std::uint64_t revision) const {
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kCacheLockWait)));
    auto on_disk = read_once();
    if (!on_disk && on_disk.error().code == ErrorCode::bad_response) {
        QWEN_CHECK(file_.set_aside(".corrupt"));
        on_disk = std::optional<OnDisk>();
    }
    if (!on_disk) return std::move(on_disk).error();
    const bool present = on_disk->has_value();
    if ((present ? (*on_disk)->revision : 0) != revision) return std::optional<std::uint64_t>();

    std::string text = dump_json(merge(fresh, present ? &(*on_disk)->credentials : nullptr), 2);
    auto replaced = file_.replace(text);
    wipe(text);
    QWEN_CHECK(std::move(replaced));
    QWEN_TRY(const auto written, read_once());
    return std::optional(written ? written->revision : std::uint64_t{1});
}

std::uint64_t OAuthCacheStore::keep_unsaved(const ordered_json& fresh, std::uint64_t revision, const Error& reason) {
    file_.notice("the renewed sign-in could not be saved (" + reason.message + "): it is used for this run only");
    std::string text = dump_json(merge(fresh, nullptr), 2);
    unsaved_ = Unsaved{.text = {}, .replaces = revision, .revision = revision_of(text, {})};
    unsaved_->text = Secret::take(text);
    return unsaved_->revision;
}

Result<void> OAuthCacheStore::check_writable() {
    QWEN_CHECK(file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kCacheLockWait)));
    QWEN_CHECK(file_.read());
    return {};
}

Result<void> OAuthCacheStore::erase(std::string_view key) {
    if (key != kKey) return {};
    const std::lock_guard guard(mutex_);
    unsaved_.reset();
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kCacheLockWait)));
    return file_.remove();
}

Result<void> OAuthCacheStore::retire(std::string_view key, std::uint64_t revision) {
    if (key != kKey) return {};
    const std::lock_guard guard(mutex_);
    if (unsaved_ && unsaved_->revision == revision) unsaved_.reset();
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kCacheLockWait)));
    QWEN_TRY(const auto on_disk, read_once());
    if (!on_disk || on_disk->revision != revision) return {};
    return file_.set_aside(".revoked");
}

void OAuthCacheStore::set_on_write_failure(OnWriteFailure rule) {
    const std::lock_guard guard(mutex_);
    on_write_failure_ = rule;
}

std::string OAuthCacheStore::describe() const { return file_.path().string() + " (0600)"; }

}  // namespace qwen::auth
