#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/auth/credential_file.hpp"
#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"

namespace qwen::host {

int run_auth_list(const CommandRun& run) {
    const auto chosen = choose(run, {});
    if (!chosen) return say_error(run.speech, chosen.error());
    say_notices(chosen->configuration);
    const auto keys = auth::CredentialFileStore::place_in(chosen->configuration.user_directory, run.around.environment.effective_uid).file;
    std::string text;
    auto json = json_success();
    json["stored"] = nlohmann::ordered_json::array();
    for (const auto& name : stored_providers(run, chosen->configuration)) {
        const bool is_sign_in = name == "qwen_oauth";
        const auto place = (is_sign_in ? oauth_cache_path(chosen->configuration) : keys).string();
        text += fmt::format("{:<14} {:<8} {}\n", name, is_sign_in ? "sign-in" : "API key", place);
        json["stored"].push_back({{"provider", name}, {"kind", is_sign_in ? "sign_in" : "api_key"}, {"stored_in", place}});
    }
    return say(run.speech, text.empty() ? "nothing is stored\n" : text, json);
}

}  // namespace qwen::host
