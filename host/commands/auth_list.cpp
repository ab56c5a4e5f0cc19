#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"

namespace qwen::host {

int run_auth_list(const CommandRun& run) {
    const auto chosen = choose(run, {});
    if (!chosen) return say_error(run.speech, chosen.error());
    say_notices(chosen->configuration);
    const auto stores = store_place(run, chosen->configuration);
    std::string text;
    auto json = json_success();
    json["stored"] = nlohmann::ordered_json::array();
    for (const auto& name : stored_providers(run, chosen->configuration)) {
        const bool is_sign_in = name == kSharedSignIn;
        const auto place = make_store(stores, name)->describe();
        text += fmt::format("{:<14} {:<8} {}\n", name, is_sign_in ? "sign-in" : "API key", place);
        json["stored"].push_back({{"provider", name}, {"kind", is_sign_in ? "sign_in" : "api_key"}, {"stored_in", place}});
    }
    return say(run.speech, text.empty() ? "nothing is stored\n" : text, json);
}

}  // namespace qwen::host
