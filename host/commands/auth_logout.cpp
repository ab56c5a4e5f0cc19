#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

constexpr std::array<std::string_view, 4> kStoredKeys{kStoredSignIn, kStoredKey, kStoredBaseUrl, kStoredModel};

int say_removed(const CommandRun& run, std::string_view name, std::string_view place) {
    auto json = json_success();
    json["provider"] = name.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(name);
    json["removed"] = !place.empty();
    if (!place.empty()) json["removed_from"] = place;
    return say(run.speech,
               place.empty() ? fmt::format("nothing was stored{}{}\n", name.empty() ? "" : " for ", name) : fmt::format("signed out: {} removed from {}\n", name, place), json);
}

/// A variable or a flag is not ours to remove, but a sign-out that leaves one working must say so.
void say_what_remains(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = key == nullptr ? nullptr : resolution.winner(key->key);
    if (winner != nullptr) write_to_stderr(notice_text(fmt::format("the key from {} is still used", winner->from.to_string())));
}

Result<bool> remove_stored(Session& session, const Context& context) {
    bool was_there = false;
    for (const auto key : kStoredKeys) {
        QWEN_TRY(const auto stored, session.store().get(key));
        was_there = was_there || stored.has_value();
    }
    if (!was_there) return false;
    // A provider of keys alone need not know of signing out: the host keeps the key.
    const auto left = session.provider().can_login() ? session.provider().logout(context) : Result<void>();
    if (context.cancelled()) return cancelled_error();
    if (!left) write_to_stderr(notice_text(fmt::format("it could not be revoked at the provider: {}", left.error().message)));
    // Whatever the provider made of it: who signs out wants nothing left here.
    for (const auto key : kStoredKeys) QWEN_CHECK(session.store().erase(key));
    return true;
}

Result<int> logout(const CommandRun& run) {
    std::string name = run.options.operands.empty() ? std::string{} : run.options.operands.front();
    if (name.empty()) {
        QWEN_TRY(const auto now, choose(run, {}));
        const auto& resolution = now.configuration.resolution;
        if (resolution.winner("provider") == nullptr && resolution.winner("account") == nullptr) {
            const auto stored = stored_providers(run, now.configuration);
            if (stored.empty()) return say_removed(run, {}, {});
            name = stored.front();
        }
    }
    QWEN_TRY(auto chosen, choose(run, {name, nullptr, {}}));
    say_notices(chosen.configuration);
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    if (chosen.provider) name = chosen.provider->name();
    QWEN_TRY(const auto session, open_session(run, chosen, interaction));
    QWEN_TRY(const auto removed, remove_stored(*session, run.context));
    QWEN_CHECK(leave_account(store_place(run, chosen.configuration), {name, chosen.account}));
    if (!chosen.uses_stored_credential) say_what_remains(chosen.configuration.resolution, session->provider().manifest());
    return say_removed(run, name, removed ? session->store().describe() : std::string{});
}

}  // namespace

int run_auth_logout(const CommandRun& run) {
    const auto status = logout(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
