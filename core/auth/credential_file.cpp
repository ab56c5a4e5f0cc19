#include "core/auth/credential_file.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

namespace qwen::auth {
namespace {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto kLockWait = 10s;
constexpr int kVersion = 1;

/// The whole file; an empty one of this version when there is none.
Result<ordered_json> load(const PrivateFile& file) {
    QWEN_TRY(auto content, file.read());
    if (!content) return ordered_json{{"version", kVersion}, {"secrets", ordered_json::object()}};
    auto json = parse_json(content->bytes, "credential file");
    wipe(content->bytes);
    if (!json) return file.refusal(json.error().message, "correct the file, or move it away and enter the keys again");
    if (!json->is_object() || json->value("version", ordered_json()) != kVersion || !json->contains("secrets") ||
        !(*json)["secrets"].is_object())
        return file.refusal("the credential file is not of version 1", "use the program that wrote it, or move it away");
    return std::move(*json);
}

Result<void> save(const PrivateFile& file, const ordered_json& json) {
    std::string text = dump_json(json, 2) + '\n';
    auto replaced = file.replace(text);
    wipe(text);
    return replaced;
}

/// The object behind a path of names, or null when there is none.
const ordered_json* find(const ordered_json& json, std::initializer_list<std::string_view> names) {
    const ordered_json* place = &json;
    for (const std::string_view name : names) {
        if (!place->is_object()) return nullptr;
        const auto member = place->find(name);
        if (member == place->end()) return nullptr;
        place = &*member;
    }
    return place->is_object() ? place : nullptr;
}

std::uint64_t revision_of(const ordered_json* entry) {
    if (entry == nullptr) return 0;
    const auto member = entry->find("revision");
    // 0 would mean that nothing is stored; somebody's editor may have written it.
    return member != entry->end() && member->is_number_unsigned() ? std::max<std::uint64_t>(member->get<std::uint64_t>(), 1) : 1;
}

ordered_json& make(ordered_json& parent, const std::string& name) {
    ordered_json& member = parent[name];
    if (!member.is_object()) member = ordered_json::object();
    return member;
}

}  // namespace

PrivateFile::Place CredentialFileStore::place_in(const std::filesystem::path& directory, unsigned owner) {
    if (directory.empty()) return {.file = {}, .lock = {}, .owner = owner};
    return {.file = directory / "credentials.json", .lock = directory / "locks" / "credentials.save", .owner = owner};
}

Result<std::vector<CredentialFileStore::Owner>> CredentialFileStore::owners(const PrivateFile& file) {
    QWEN_TRY(const ordered_json json, load(file));
    std::vector<std::pair<std::uint64_t, Owner>> found;
    for (const auto& [provider, accounts] : json["secrets"].items()) {
        if (!accounts.is_object()) continue;
        for (const auto& [account, keys] : accounts.items()) {
            std::uint64_t newest = 0;
            if (keys.is_object())
                for (const auto& entry : keys) newest = std::max(newest, entry.is_object() ? revision_of(&entry) : 0);
            if (newest != 0) found.emplace_back(newest, Owner{provider, account});
        }
    }
    // A revision holds the time of the write.
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Owner> owners;
    for (auto& [revision, owner] : found) owners.push_back(std::move(owner));
    return owners;
}

Result<std::optional<StoredSecret>> CredentialFileStore::get(std::string_view key) {
    QWEN_TRY(const ordered_json json, load(file_));
    const ordered_json* entry = find(json, {"secrets", owner_.provider, owner_.account, key});
    if (entry == nullptr) return std::optional<StoredSecret>();
    std::string value = string_member(*entry, "value");
    StoredSecret stored{.value = Secret::take(value), .expires_at = std::nullopt, .revision = revision_of(entry)};
    if (const auto expiry = entry->find("expires_at"); expiry != entry->end() && expiry->is_number_integer())
        stored.expires_at = UtcTime(std::chrono::milliseconds(expiry->get<std::int64_t>()));
    return std::optional(std::move(stored));
}

Result<std::optional<std::uint64_t>> CredentialFileStore::put_if(std::string_view key, const Secret& value,
                                                                 std::optional<UtcTime> expires_at, std::uint64_t revision) {
    if (!is_valid_utf8(value.reveal())) return file_.refusal("a secret that is not UTF-8 cannot be kept in it", {});
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_TRY(ordered_json json, load(file_));
    if (revision_of(find(json, {"secrets", owner_.provider, owner_.account, key})) != revision) return std::optional<std::uint64_t>();

    // Time and not a counter: a value that was erased and stored again must not look like the one before.
    const auto next = std::max<std::uint64_t>(revision + 1, static_cast<std::uint64_t>(clock_.utc_now().time_since_epoch().count()));
    ordered_json& entry = make(make(make(make(json, "secrets"), owner_.provider), owner_.account), std::string(key));
    entry = ordered_json{{"value", std::string(value.reveal())}};
    if (expires_at) entry["expires_at"] = expires_at->time_since_epoch().count();
    entry["revision"] = next;
    QWEN_CHECK(save(file_, json));
    return std::optional(next);
}

Result<void> CredentialFileStore::check_writable() {
    QWEN_CHECK(file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_CHECK(file_.read());
    return {};
}

Result<void> CredentialFileStore::erase(std::string_view key) {
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_TRY(ordered_json json, load(file_));
    if (find(json, {"secrets", owner_.provider, owner_.account, key}) == nullptr) return {};
    ordered_json& provider = json["secrets"][owner_.provider];
    provider[owner_.account].erase(std::string(key));
    if (provider[owner_.account].empty()) provider.erase(owner_.account);
    if (provider.empty()) json["secrets"].erase(owner_.provider);
    return save(file_, json);
}

std::string CredentialFileStore::describe() const { return file_.path().string() + " (0600)"; }

}  // namespace qwen::auth
