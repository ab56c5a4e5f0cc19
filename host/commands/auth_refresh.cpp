#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/terminal/console_interaction.hpp"

namespace qwen::host {
namespace {

enum class Renewal : std::uint8_t { renewed, was_fresh };

Result<Renewal> renew_sign_in(Session& session, const Context& context) {
    QWEN_TRY(const auto stored, session.store().get("credentials"));
    auto renewed = session.manager().replace(stored ? stored->revision : 0, context);
    if (renewed) return Renewal::renewed;
    // A renewal moments ago, by whichever process, is not done again.
    QWEN_TRY(const auto state, session.provider().state(context));
    const bool is_fresh = renewed.error().code == ErrorCode::credential_rejected && state.kind == auth::ProviderState::Kind::ready;
    if (is_fresh && session.provider().can_refresh()) return Renewal::was_fresh;
    return std::move(renewed).error();
}

Result<int> refresh(const CommandRun& run) {
    QWEN_TRY(auto chosen, choose(run, {run.options.operands.empty() ? std::string{} : run.options.operands.front(), nullptr, {}}));
    say_notices(chosen.configuration);
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    QWEN_TRY(const auto session, open_session(run, chosen, interaction));
    auto renewal = Renewal::renewed;
    if (session->kind() == CredentialKind::sign_in) {
        QWEN_TRY(renewal, renew_sign_in(*session, run.context));
    } else {
        QWEN_CHECK(session->provider().refresh(run.context));
    }
    const bool renewed = renewal == Renewal::renewed;
    auto json = json_success();
    json.update({{"provider", session->provider().id()}, {"renewed", renewed}});
    return say(run.speech, fmt::format("{}: {}\n", session->provider().id(), renewed ? "renewed" : "renewed a moment ago, still good"), json);
}

}  // namespace

int run_auth_refresh(const CommandRun& run) {
    const auto status = refresh(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
