#include "core/auth/origin_grants.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "core/base/json.hpp"
#include "core/system/digest.hpp"

namespace qwen::auth {
namespace {

using nlohmann::ordered_json;

constexpr int kGrantsVersion = 1;
constexpr std::size_t kSaltBytes = 32;

/// The file's content.
struct Grants {
    std::string salt;  ///< hexadecimal; empty: nothing was ever granted
    std::vector<OriginGrant> rows;
};

const std::string* text_of(const ordered_json& json, const char* name) {
    const auto member = json.find(name);
    return member == json.end() ? nullptr : member->get_ptr<const std::string*>();
}

Result<Grants> load_grants(const PrivateFile& file) {
    QWEN_TRY(const auto content, file.read());
    Grants grants;
    if (!content) return grants;
    const auto broken = [&] { return file.refusal("the list of trusted origins is damaged", "correct it, or remove it and trust the origins again"); };
    const auto json = parse_json(content->bytes, "list of trusted origins");
    if (!json || !json->is_object() || json->value("version", ordered_json()) != kGrantsVersion) return broken();
    const auto* salt = text_of(*json, "salt");
    const auto rows = json->find("grants");
    if (salt == nullptr || salt->empty() || rows == json->end() || !rows->is_array()) return broken();
    grants.salt = *salt;
    for (const auto& row : *rows) {
        const auto* origin = row.is_object() ? text_of(row, "origin") : nullptr;
        const auto* key = row.is_object() ? text_of(row, "key") : nullptr;
        if (origin == nullptr || key == nullptr) return broken();
        grants.rows.push_back({*origin, *key});
    }
    return grants;
}

Result<void> save_grants(const PrivateFile& file, const Grants& grants) {
    ordered_json json{{"version", kGrantsVersion}, {"salt", grants.salt}, {"grants", ordered_json::array()}};
    for (const auto& row : grants.rows) json["grants"].push_back({{"origin", row.origin}, {"key", row.fingerprint}});
    return file.replace(dump_json(json, 2) + '\n');
}

std::string fingerprint(const Grants& grants, const Secret& key) { return system::hex(system::hmac_sha256(grants.salt, key.reveal())); }

bool holds(const Grants& grants, const Origin& origin, const std::string& fingerprint) {
    const auto name = origin.to_string();
    return std::any_of(grants.rows.begin(), grants.rows.end(), [&](const auto& row) { return row.origin == name && row.fingerprint == fingerprint; });
}

}  // namespace

PrivateFile::Place OriginGrants::place_in(const std::filesystem::path& user_directory, unsigned owner) {
    if (user_directory.empty()) return {.file = {}, .lock = {}, .owner = owner};
    return {.file = user_directory / "trusted_origins", .lock = user_directory / "locks" / "trusted_origins.save", .owner = owner};
}

Result<bool> OriginGrants::contains(const Origin& origin, const Secret& key) const {
    QWEN_TRY(const auto grants, load_grants(file_));
    return !grants.salt.empty() && holds(grants, origin, fingerprint(grants, key));
}

Result<void> OriginGrants::add(const Origin& origin, const Secret& key, const Context& context) const {
    QWEN_TRY(const auto lock, file_.lock_for_writing(context));
    QWEN_TRY(auto grants, load_grants(file_));
    if (grants.salt.empty()) {
        std::array<std::byte, kSaltBytes> salt{};
        random_.fill(salt);
        grants.salt = system::hex(std::string_view(reinterpret_cast<const char*>(salt.data()), salt.size()));
    }
    auto own = fingerprint(grants, key);
    if (holds(grants, origin, own)) return {};
    grants.rows.push_back({origin.to_string(), std::move(own)});
    return save_grants(file_, grants);
}

Result<std::size_t> OriginGrants::remove(const Origin& origin, const Context& context) const {
    QWEN_TRY(const auto lock, file_.lock_for_writing(context));
    QWEN_TRY(auto grants, load_grants(file_));
    const auto removed = std::erase_if(grants.rows, [name = origin.to_string()](const auto& row) { return row.origin == name; });
    if (removed != 0) QWEN_CHECK(save_grants(file_, grants));
    return removed;
}

Result<std::vector<OriginGrant>> OriginGrants::list() const {
    QWEN_TRY(auto grants, load_grants(file_));
    return std::move(grants.rows);
}

}  // namespace qwen::auth
