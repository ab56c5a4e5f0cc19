#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/terminal/console_interaction.hpp"

namespace qwen::host {
namespace {

enum class Renewal : std::uint8_t { renewed, was_fresh, not_needed };

std::string_view text_of(Renewal renewal) {
    switch (renewal) {
        case Renewal::renewed: return "renewed";
        case Renewal::was_fresh: return "renewed a moment ago, still good";
        case Renewal::not_needed: return "an API key does not expire, so there is nothing to renew";
    }
    return {};
}

Result<Renewal> renew_sign_in(Session& session, const Context& context) {
    QWEN_TRY(const auto stored, session.store().get(kStoredSignIn));
    auto renewed = session.manager().replace(stored ? stored->revision : 0, context);
    if (renewed) return Renewal::renewed;
    // A renewal moments ago, by whichever process, is not done again.
    QWEN_TRY(const auto state, session.provider().state(context));
    const bool is_fresh = renewed.error().code == ErrorCode::credential_rejected && state.kind == auth::ProviderState::Kind::ready;
    if (is_fresh && session.provider().can_refresh()) return Renewal::was_fresh;
    return std::move(renewed).error();
}

/// Only a key that a command prints can be asked for again.
bool is_fixed_key(Session& session, const config::Resolution& resolution) {
    if (!session.provider().can_refresh()) return true;
    const auto& settings = session.provider().manifest().settings;
    const auto is_command = [](const config::Setting& setting) { return setting.type == config::ValueType::command; };
    const auto is_set = [&](const config::Setting& setting) { return is_command(setting) && resolution.winner(setting.key) != nullptr; };
    return std::any_of(settings.begin(), settings.end(), is_command) && std::none_of(settings.begin(), settings.end(), is_set);
}

Result<Renewal> renew_key(Session& session, const std::string& name, const config::Resolution& resolution, const Context& context) {
    if (!is_fixed_key(session, resolution)) {
        QWEN_CHECK(session.provider().refresh(context));
        return Renewal::renewed;
    }
    QWEN_TRY(const auto state, session.provider().state(context));
    if (state.kind != auth::ProviderState::Kind::login_needed) return Renewal::not_needed;
    return Error{ErrorCode::not_authenticated, fmt::format("there is no key of {}", name), fmt::format("qwen auth login {}", name), std::nullopt};
}

Result<int> refresh(const CommandRun& run) {
    QWEN_TRY(auto chosen, choose(run, {run.options.operands.empty() ? std::string{} : run.options.operands.front(), nullptr, {}}));
    say_notices(chosen.configuration);
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    const auto name = chosen.provider ? chosen.provider->name() : std::string{};
    QWEN_TRY(const auto session, open_session(run, chosen, interaction));
    QWEN_TRY(const auto renewal, session->kind() == CredentialKind::sign_in
                                     ? renew_sign_in(*session, run.context)
                                     : renew_key(*session, name, chosen.configuration.resolution, run.context));
    auto json = json_success();
    json.update({{"provider", name}, {"renewed", renewal == Renewal::renewed}});
    if (renewal != Renewal::renewed) json["reason"] = text_of(renewal);
    return say(run.speech, fmt::format("{}: {}\n", name, text_of(renewal)), json);
}

}  // namespace

int run_auth_refresh(const CommandRun& run) {
    const auto status = refresh(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
