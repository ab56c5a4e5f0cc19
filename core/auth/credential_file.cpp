#include "core/auth/credential_file.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

namespace qwen::auth {
namespace {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto kLockWait = 10s;
constexpr int kCredentialFileVersion = 1;

/// The whole file; an empty one of this version when there is none.
Result<ordered_json> load(const PrivateFile& file) {
    QWEN_TRY(auto content, file.read());
    if (!content) return ordered_json{{"version", kCredentialFileVersion}, {"secrets", ordered_json::object()}};
    auto json = parse_json(content->bytes, "credential file");
    wipe(content->bytes);
    if (!json) return file.refusal(json.error().message, "correct the file, or move it away and enter the keys again");
    if (!json->is_object() || json->value("version", ordered_json()) != kCredentialFileVersion || !json->contains("secrets") ||
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

/// What the file says of one key.
struct CredentialFileStore::Slot {
    const ordered_json* entry = nullptr;

    [[nodiscard]] bool is_in_keyring() const { return entry != nullptr && string_member(*entry, "in") == "keyring"; }
};

Result<std::optional<StoredSecret>> CredentialFileStore::get(std::string_view key) {
    QWEN_TRY(const ordered_json json, load(file_));
    const Slot slot{find(json, {"secrets", owner_.provider, owner_.account, key})};
    if (slot.entry == nullptr) return std::optional<StoredSecret>();
    StoredSecret stored{.value = {}, .expires_at = std::nullopt, .revision = revision_of(slot.entry)};
    if (const auto expiry = slot.entry->find("expires_at"); expiry != slot.entry->end() && expiry->is_number_integer())
        stored.expires_at = UtcTime(std::chrono::milliseconds(expiry->get<std::int64_t>()));
    const bool is_open = std::find(use_.open_keys.begin(), use_.open_keys.end(), key) != use_.open_keys.end();
    if (slot.is_in_keyring()) {
        if (use_.placement == Placement::file || use_.keyring == nullptr)
            return file_.refusal("the " + std::string(key) + " of " + owner_.provider + " is in the system keyring, which is not to be used", "qwen auth move file, or --storage auto");
        QWEN_TRY(auto value, use_.keyring->get(item(key)));
        if (!value) return std::optional<StoredSecret>();
        stored.value = std::move(*value);
        return std::optional(std::move(stored));
    }
    if (use_.placement == Placement::keyring && !is_open)
        return file_.refusal("the " + std::string(key) + " of " + owner_.provider + " is in a file, and the system keyring is to be used", "qwen auth move keyring, or --storage auto");
    std::string value = string_member(*slot.entry, "value");
    stored.value = Secret::take(value);
    return std::optional(std::move(stored));
}

/// Somebody took it out of the keyring, so it may be stored anew as if it had never been there.
Result<bool> CredentialFileStore::is_lost(const Slot& slot, std::string_view key) {
    if (!slot.is_in_keyring() || use_.keyring == nullptr) return false;
    QWEN_TRY(const auto value, use_.keyring->get(item(key)));
    return !value.has_value();
}

Result<bool> CredentialFileStore::goes_to_keyring(std::string_view key, const Secret& value) {
    const bool is_open = std::find(use_.open_keys.begin(), use_.open_keys.end(), key) != use_.open_keys.end();
    if (use_.placement == Placement::file || use_.keyring == nullptr || is_open) return false;
    auto put = use_.keyring->check();
    if (put) put = use_.keyring->put(item(key), value);
    if (put) return true;
    if (use_.placement == Placement::keyring) return put.error();
    if (use_.tells_fallback) file_.notice(put.error().message + "; kept in the file instead");
    return false;
}

Result<std::optional<std::uint64_t>> CredentialFileStore::put_if(std::string_view key, const Secret& value,
                                                                 std::optional<UtcTime> expires_at, std::uint64_t revision) {
    if (!is_valid_utf8(value.reveal())) return file_.refusal("a secret that is not UTF-8 cannot be kept in it", {});
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_TRY(ordered_json json, load(file_));
    const Slot before{find(json, {"secrets", owner_.provider, owner_.account, key})};
    if (revision_of(before.entry) != revision) {
        QWEN_TRY(const bool lost, is_lost(before, key));
        if (revision != 0 || !lost) return std::optional<std::uint64_t>();
    }
    const bool was_in_keyring = before.is_in_keyring();

    // Time and not a counter: a value that was erased and stored again must not look like the one before.
    const auto next = std::max<std::uint64_t>(revision + 1, static_cast<std::uint64_t>(clock_.utc_now().time_since_epoch().count()));
    QWEN_TRY(const bool in_keyring, goes_to_keyring(key, value));
    ordered_json& entry = make(make(make(make(json, "secrets"), owner_.provider), owner_.account), std::string(key));
    entry = in_keyring ? ordered_json{{"in", "keyring"}} : ordered_json{{"value", std::string(value.reveal())}};
    if (expires_at) entry["expires_at"] = expires_at->time_since_epoch().count();
    entry["revision"] = next;
    QWEN_CHECK(save(file_, json));
    // The old value is of no use to anybody; what is left of it where nobody can reach it must not fail a sign-in.
    if (was_in_keyring && !in_keyring && use_.keyring != nullptr) {
        if (const auto erased = use_.keyring->erase(item(key)); !erased) file_.notice("an older value is still there: " + erased.error().message);
    }
    return std::optional(next);
}

Result<std::size_t> CredentialFileStore::move_to(Placement destination) {
    if (use_.keyring == nullptr) return file_.refusal("there is no system keyring to move to or from", {});
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_TRY(ordered_json json, load(file_));
    std::size_t moved = 0;
    if (find(json, {"secrets", owner_.provider, owner_.account}) == nullptr) return moved;
    for (auto& [key, entry] : json["secrets"][owner_.provider][owner_.account].items()) {
        const bool is_open = std::find(use_.open_keys.begin(), use_.open_keys.end(), key) != use_.open_keys.end();
        const bool is_in_keyring = Slot{&entry}.is_in_keyring();
        if (!entry.is_object() || is_open || is_in_keyring == (destination == Placement::keyring)) continue;
        if (is_in_keyring) {
            QWEN_TRY(const auto value, use_.keyring->get(item(key)));
            if (!value) return file_.refusal("the system keyring does not hold the " + key + " of " + owner_.provider + " any more", "qwen auth logout " + owner_.provider);
            entry["value"] = std::string(value->reveal());
            entry.erase("in");
            QWEN_CHECK(save(file_, json));
            QWEN_CHECK(use_.keyring->erase(item(key)));
        } else {
            std::string text = string_member(entry, "value");
            const auto value = Secret::take(text);
            QWEN_CHECK(use_.keyring->check());
            QWEN_CHECK(use_.keyring->put(item(key), value));
            QWEN_TRY(const auto stored, use_.keyring->get(item(key)));
            if (!stored || !stored->equals(value.reveal())) return file_.refusal("the system keyring does not give back what was put in", {});
            entry["in"] = "keyring";
            entry.erase("value");
            QWEN_CHECK(save(file_, json));
        }
        ++moved;
    }
    return moved;
}

Result<void> CredentialFileStore::check_writable() {
    QWEN_CHECK(file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_CHECK(file_.read());
    if (use_.placement == Placement::keyring && use_.keyring != nullptr) return use_.keyring->check();
    return {};
}

Result<void> CredentialFileStore::erase(std::string_view key) {
    QWEN_TRY(const auto lock, file_.lock_for_writing(Context{}.with_deadline(clock_.monotonic_now() + kLockWait)));
    QWEN_TRY(ordered_json json, load(file_));
    const Slot slot{find(json, {"secrets", owner_.provider, owner_.account, key})};
    if (slot.entry == nullptr) return {};
    if (slot.is_in_keyring() && use_.keyring != nullptr) QWEN_CHECK(use_.keyring->erase(item(key)));
    ordered_json& provider = json["secrets"][owner_.provider];
    provider[owner_.account].erase(std::string(key));
    if (provider[owner_.account].empty()) provider.erase(owner_.account);
    if (provider.empty()) json["secrets"].erase(owner_.provider);
    return save(file_, json);
}

std::string CredentialFileStore::describe() const {
    bool in_keyring = use_.placement == Placement::keyring;
    if (const auto json = load(file_)) {
        if (const auto* secrets = find(*json, {"secrets", owner_.provider, owner_.account}))
            in_keyring = std::any_of(secrets->begin(), secrets->end(), [](const ordered_json& entry) { return Slot{&entry}.is_in_keyring(); });
    }
    return in_keyring ? std::string(kKeyringName) : file_.path().string() + " (0600)";
}

}  // namespace qwen::auth
