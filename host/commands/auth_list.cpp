#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"

namespace qwen::host {

int run_auth_list(const CommandRun& run) {
    const auto chosen = choose(run, {.account_use = AccountUse::stored_default});
    if (!chosen) return say_error(run.speech, chosen.error());
    say_notices(chosen->configuration);
    auto place = store_place(run, chosen->configuration);
    const auto accounts = stored_accounts(place);
    std::string text;
    auto json = json_success();
    json["stored"] = nlohmann::ordered_json::array();
    for (const auto& account : accounts) {
        const bool is_sign_in = account.provider == kSharedSignIn;
        const bool is_current = account == accounts.front();
        place.account = account.name;
        const auto stored_in = make_store(place, account.provider)->describe();
        text += fmt::format("{} {:<14} {:<14} {:<8} {}\n", is_current ? '*' : ' ', account.name, account.provider, is_sign_in ? "sign-in" : "API key", stored_in);
        json["stored"].push_back({{"provider", account.provider}, {"account", account.name}, {"current", is_current}, {"kind", is_sign_in ? "sign_in" : "api_key"}, {"stored_in", stored_in}});
    }
    return say(run.speech, text.empty() ? "nothing is stored\n" : text, json);
}

}  // namespace qwen::host
