#include "host/commands/trust_origin.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/auth/credential_file.hpp"
#include "host/commands/json_output.hpp"
#include "host/provider_choice.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kShownDigits = 8;

/// The operand as an origin a key may go to at all.
Result<Origin> wanted_origin(const Options& options) {
    if (options.operands.empty()) return Error{ErrorCode::usage, "which origin?", "qwen trust origin https://HOST[:PORT]", std::nullopt};
    QWEN_TRY(const auto url, Url::parse(options.operands.front()));
    QWEN_CHECK(auth::check_origin(url.origin(), {}));
    return url.origin();
}

Result<int> list(const CommandRun& run, const auth::OriginGrants& grants) {
    QWEN_TRY(const auto rows, grants.list());
    std::string text;
    auto json = json_success();
    json["origins"] = nlohmann::ordered_json::array();
    for (const auto& row : rows) {
        const auto key = row.fingerprint.substr(0, kShownDigits);
        text += fmt::format("{}  key {}\n", sanitized_line(row.origin), sanitized_line(key));
        json["origins"].push_back({{"origin", row.origin}, {"key", key}});
    }
    return say(run.speech, text.empty() ? "no origin is trusted\n" : text, json);
}

Result<int> remove(const CommandRun& run, const auth::OriginGrants& grants) {
    QWEN_TRY(const auto origin, wanted_origin(run.options));
    QWEN_TRY(const auto removed, grants.remove(origin, run.context));
    auto json = json_success();
    json["removed"] = removed;
    return say(run.speech, fmt::format("{}: {}\n", origin.to_string(), removed == 0 ? "was not trusted" : "is trusted no more"), json);
}

Result<int> add(const CommandRun& run, const Chosen& chosen, const auth::OriginGrants& grants, auth::SecretStore& store) {
    QWEN_TRY(const auto origin, wanted_origin(run.options));
    QWEN_CHECK(run.around.policy.check_origin(origin));
    QWEN_TRY(const auto secrets, bound_secrets(chosen.configuration.resolution, chosen.provider->plugin.manifest, store, chosen.provider->name()));
    if (secrets.empty()) return Error{ErrorCode::not_authenticated, "there is no key that could be trusted to " + origin.to_string(), "qwen auth login, or set OPENAI_API_KEY", std::nullopt};
    std::string keys;
    for (const auto& secret : secrets) {
        QWEN_CHECK(grants.add(origin, secret.value, run.context));
        keys += fmt::format("{}{} from {}", keys.empty() ? "" : ", ", secret.value.masked(), secret.from.to_string());
    }
    auto json = json_success();
    json["origin"] = origin.to_string();
    json["key"] = keys;
    return say(run.speech, fmt::format("{} is trusted with the key {}\n", origin.to_string(), sanitized_line(keys, 400)), json);
}

Result<int> trust_origin(const CommandRun& run) {
    QWEN_TRY(const auto chosen, choose(run, {}));
    const auto& directory = chosen.configuration.user_directory;
    const auto uid = run.around.environment.effective_uid;
    const auto notice = [](std::string_view text) { write_to_stderr(notice_text(text)); };
    const auth::OriginGrants grants(auth::PrivateFile(auth::OriginGrants::place_in(directory, uid), notice), run.around.random);
    if (run.options.list) return list(run, grants);
    if (run.options.remove) return remove(run, grants);
    if (chosen.no_provider) return *chosen.no_provider;
    auth::CredentialFileStore store(auth::PrivateFile(auth::CredentialFileStore::place_in(directory, uid), notice), {chosen.provider->name(), chosen.account}, run.around.clock);
    return add(run, chosen, grants, store);
}

}  // namespace

int run_trust_origin(const CommandRun& run) {
    const auto status = trust_origin(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
