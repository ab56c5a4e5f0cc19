#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/auth/oauth_cache.hpp"
#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/exit_status.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

constexpr int kMostAttempts = 8;

Error move_usage_error(std::string message) { return {ErrorCode::usage, std::move(message), "qwen auth move keyring, or: qwen auth move file", std::nullopt}; }

Result<auth::Placement> destination_of(const CommandRun& run) {
    const std::string& word = run.options.operands.front();
    const bool to_keyring = word == "keyring";
    if (!to_keyring && word != "file") return move_usage_error(fmt::format("\"{}\" is no place for credentials", word));
    if (const auto* rule = run.around.policy.limit("credentials.store", to_keyring ? "file" : "keyring"))
        return Error{ErrorCode::denied_by_policy, fmt::format("your administrator's rule credentials.store: credentials may only be kept in: {}", rule->value), {}, rule->where};
    return to_keyring ? auth::Placement::keyring : auth::Placement::file;
}

/// The one value of `from` to `to`. Whoever renews the sign-in meanwhile wins, and is moved in turn.
Result<bool> move_sign_in(auth::SecretStore& from, auth::SecretStore& to) {
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        QWEN_TRY(const auto value, from.get(kStoredSignIn));
        if (!value) return false;
        QWEN_TRY(const auto old, to.get(kStoredSignIn));
        QWEN_TRY(const auto stored, to.put_if(kStoredSignIn, value->value, value->expires_at, old ? old->revision : 0));
        QWEN_TRY(const auto written, to.get(kStoredSignIn));
        QWEN_TRY(const auto now, from.get(kStoredSignIn));
        if (!stored || !written || !now || now->revision != value->revision) continue;
        QWEN_CHECK(from.erase(kStoredSignIn));
        return true;
    }
    return Error{ErrorCode::storage_failed, "other processes keep changing " + from.describe(), "try again", std::nullopt};
}

/// The sign-in that Qwen Code shares has a file of its own. Moved to the keyring, it is shared no longer.
Result<bool> move_shared_sign_in(const StorePlace& place, auth::Placement destination) {
    auth::OAuthCacheStore file({auth::OAuthCacheStore::place_in(place.user_directory, place.effective_uid), place.notice}, place.clock);
    StorePlace in_keyring = place;
    in_keyring.storage = Storage::keyring;
    const auto keyring = make_key_store(in_keyring, std::string(kSharedSignIn));
    return destination == auth::Placement::keyring ? move_sign_in(file, *keyring) : move_sign_in(*keyring, file);
}

Result<bool> move_one(const StorePlace& place, const std::string& name, auth::Placement destination) {
    if (name == kSharedSignIn && place.account == kDefaultAccount) return move_shared_sign_in(place, destination);
    StorePlace either = place;
    either.storage = Storage::automatic;
    QWEN_TRY(const auto moved, make_key_store(either, name)->move_to(destination));
    return moved > 0;
}

Result<int> move(const CommandRun& run) {
    if (run.options.operands.empty()) return move_usage_error("where should the credentials go?");
    QWEN_TRY(const auto destination, destination_of(run));
    QWEN_TRY(const auto chosen, choose(run, {}));
    say_notices(chosen.configuration);
    auto place = store_place(run, chosen.configuration);
    auto names = run.options.operands.size() > 1 ? std::vector<std::string>{run.options.operands[1]} : stored_providers(run, chosen.configuration);
    if (names.size() == 1 && names.front() == "qwen") names.front() = kSharedSignIn;

    std::string text;
    auto json = json_success();
    json["moved"] = nlohmann::ordered_json::array();
    json["to"] = run.options.operands.front();
    for (const auto& [name, account] : stored_accounts(place)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) continue;
        place.account = account;
        QWEN_TRY(const bool moved, move_one(place, name, destination));
        if (!moved) continue;
        place.storage = Storage::automatic;
        text += fmt::format("{:<14} now in {}\n", name, make_store(place, name)->describe());
        json["moved"].push_back(name);
    }
    return say(run.speech, text.empty() ? "nothing to move\n" : text, json);
}

}  // namespace

int run_auth_move(const CommandRun& run) {
    const auto status = move(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
