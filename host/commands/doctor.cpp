#include "host/commands/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/system/file.hpp"
#include "host/cli/help.hpp"
#include "host/commands/config_explain.hpp"
#include "host/commands/doctor_report.hpp"
#include "host/credential_check.hpp"
#include "host/exit_status.hpp"
#include "host/key_exposure.hpp"
#include "host/redaction.hpp"
#include "host/terminal/console_interaction.hpp"

namespace qwen::host {
namespace {

constexpr mode_t kForOthers = 077;

using Findings = std::vector<Finding>;

std::string place_and_text(const config::Notice& notice) { return notice.where.path.empty() ? notice.text : notice.text + " (" + notice.where.to_string() + ')'; }

Finding policy_finding(const config::Policy& policy) {
    if (policy.empty()) return {"policy", FindingVerdict::ok, "there is none: everything is allowed", {}};
    const auto rules = policy.allow.size() + policy.deny.size() + policy.limits.size() + policy.pins.size();
    return {"policy", FindingVerdict::ok, fmt::format("{} rules in {}", rules, fmt::join(policy.files, ", ")), {}};
}

void look_at_configuration(const config::Configuration& configuration, Findings& findings) {
    const auto set = std::count_if(configuration.resolution.all().begin(), configuration.resolution.all().end(), [](const auto& own) {
        return own.winner() != nullptr && own.winner()->from.source != config::Source::builtin;
    });
    findings.push_back({"configuration", FindingVerdict::ok, fmt::format("{} settings are set; qwen config explain shows them", set), {}});
    findings.push_back({".env", FindingVerdict::ok,
                        configuration.dotenv_used ? configuration.dotenv_used->string() + " is used" : fmt::format("none in {} places", configuration.dotenv_places), {}});
    for (const auto& notice : configuration.notices) findings.push_back({".env", FindingVerdict::warning, place_and_text(notice), {}});
    for (const auto& resolved : configuration.resolution.all())
        for (const auto& candidate : resolved.candidates)
            if (candidate.standing == config::Standing::source_not_allowed)
                findings.push_back({"configuration", FindingVerdict::warning, candidate.from.to_string() + " does not count: this setting may not come from there", {}});
}

void look_at_files(const config::Configuration& configuration, Findings& findings) {
    if (configuration.user_directory.empty()) {
        findings.push_back({"files", FindingVerdict::warning, "there is no home, so nothing can be stored", "set HOME or QWEN_HOME"});
        return;
    }
    for (const char* name : {"credentials.json", "oauth_creds.json", "trusted_origins", ".env"}) {
        const auto path = configuration.user_directory / name;
        const auto facts = system::facts_of_path(path);
        if (!facts || !*facts || ((*facts)->mode & kForOthers) == 0) continue;
        findings.push_back({"files", FindingVerdict::warning, path.string() + " is open to others", "chmod 600 " + path.string()});
    }
}

void look_at_plugins(const CommandRun& run, Findings& findings) {
    const auto rows = run.host.list();
    if (rows.empty()) findings.push_back({"plugins", FindingVerdict::refused, "there are none", "install the program again", ErrorClass::configuration});
    for (const auto& row : rows) {
        if (!row.plugin) {
            auto finding = finding_of("plugins", row.plugin.error());
            finding.summary = row.file.id + ": " + finding.summary;
            // What nobody asks for is no problem of this run; if it is asked for, the provider's finding says so.
            finding.verdict = FindingVerdict::warning;
            findings.push_back(std::move(finding));
            continue;
        }
        const auto* where = row.plugin->isolation == plugin::Isolation::in_process ? "in this process" : "in a process of its own";
        findings.push_back({"plugins", FindingVerdict::ok, fmt::format("{} {}, sha256 {}, {}", row.file.id, row.plugin->manifest.version,
                                                                       row.plugin->sha256.substr(0, kFingerprintDigits), where), {}});
    }
}

void look_at_network(const config::Resolution& resolution, Findings& findings) {
    const auto* proxy = resolution.winner("network.https_proxy");
    findings.push_back({"network", FindingVerdict::ok, fmt::format("TLS {} or newer; proxy: {}", resolution.text("network.tls_minimum").value_or("1.2"),
                                                                   proxy == nullptr ? std::string("none") : "from " + proxy->from.to_string()), {}});
    const auto file = resolution.text("network.ca_file");
    if (!file || file->empty()) return;
    const auto facts = system::facts_of_path(*file);
    const auto from = resolution.winner("network.ca_file")->from.to_string();
    if (facts && *facts) findings.push_back({"network", FindingVerdict::ok, fmt::format("certificate authorities: {} ({})", *file, from), {}});
    else findings.push_back({"network", FindingVerdict::refused, fmt::format("there is no file {} ({})", *file, from), "correct the setting", ErrorClass::configuration});
}

/// "…4f2a (sha256 1c9e0d2b) from environment OPENAI_API_KEY".
std::string shown_credential(const Session& session, auth::SecretStore& store, const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = session.kind() == CredentialKind::key && key != nullptr ? resolution.winner(key->key) : nullptr;
    if (winner == nullptr) return store.describe();
    return fmt::format("{} from {}", shown_secret(winner->value), winner->from.to_string());
}

Finding credential_finding(Session& session, const config::Resolution& resolution, const Context& context) {
    const auto state = session.provider().state(context);
    if (!state) return finding_of("credential", redacted(state.error(), resolution));
    using Kind = auth::ProviderState::Kind;
    const auto shown = shown_credential(session, session.store(), resolution, session.provider().manifest());
    const auto sign_in = "qwen auth login " + session.provider().id();
    if (state->kind == Kind::login_needed) return {"credential", FindingVerdict::refused, "not signed in to " + session.provider().id(), sign_in, ErrorClass::authentication};
    if (state->kind == Kind::ready || session.provider().can_refresh()) return {"credential", FindingVerdict::ok, shown, {}};
    return {"credential", FindingVerdict::expired, shown + " has expired", sign_in, ErrorClass::authentication};
}

void look_at_provider(const CommandRun& run, Chosen& chosen, Findings& findings) {
    if (chosen.no_provider) {
        findings.push_back(finding_of("provider", *chosen.no_provider));
        return;
    }
    const auto& resolution = chosen.configuration.resolution;
    const auto name = chosen.provider->name();
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    const auto session = open_session(run, chosen, interaction);
    if (!session) {
        findings.push_back(finding_of("provider", redacted(session.error(), resolution)));
        return;
    }
    findings.push_back({"provider", FindingVerdict::ok, fmt::format("{}, because of {}", name, chosen.because), {}});
    findings.push_back(credential_finding(**session, resolution, run.context));
    const bool has_credential = findings.back().verdict == FindingVerdict::ok;
    const auto origin = (*session)->target().base_url.origin().to_string();
    const auto allowed = (*session)->check_origin();
    findings.push_back(allowed ? Finding{"origin", FindingVerdict::ok, "the credential may go to " + origin, {}} : finding_of("origin", allowed.error()));
    if (!run.options.online || !allowed || !has_credential) {
        findings.push_back({"server", FindingVerdict::skipped, origin + " was not asked", run.options.online ? "" : "qwen doctor --online"});
        return;
    }
    const auto checked = check_credential((*session)->pipeline(), (*session)->target(), run.context);
    findings.push_back(checked ? Finding{"server", FindingVerdict::ok, origin + " accepts the credential", {}} : finding_of("server", redacted(checked.error(), resolution)));
}

Finding terminal_finding(const TerminalFacts& terminal) {
    const auto said = [](bool is) { return is ? "terminal" : "no terminal"; };
    return {"terminal", FindingVerdict::ok, fmt::format("stdin {}, stdout {}, stderr {}, {} columns{}", said(terminal.stdin_is_terminal), said(terminal.stdout_is_terminal),
                                                        said(terminal.stderr_is_terminal), terminal.columns, terminal.is_utf8 ? "" : ", not UTF-8"), {}};
}

/// Everything support may see: the findings, the version, and every setting as `config explain` shows it.
Result<void> write_bundle(const std::string& path, const Findings& findings, const config::Resolution* resolution) {
    auto bundle = findings_json(findings);
    bundle["version"] = version_text();
    if (resolution != nullptr) {
        QWEN_TRY(bundle["configuration"], explain_json(*resolution, {}, {}));
    }
    return system::replace_file(path, bundle.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + '\n');
}

}  // namespace

int run_doctor(const CommandRun& run) {
    Findings findings{policy_finding(run.around.policy)};
    auto chosen = choose(run, {});
    if (chosen) {
        look_at_configuration(chosen->configuration, findings);
        look_at_files(chosen->configuration, findings);
        if (const auto exposed = exposed_key_warning(chosen->configuration.resolution, run.around.environment.home))
            findings.push_back({".env", FindingVerdict::warning, *exposed, {}});
        look_at_network(chosen->configuration.resolution, findings);
    } else {
        findings.push_back(finding_of("configuration", chosen.error()));
    }
    look_at_plugins(run, findings);
    if (chosen) look_at_provider(run, *chosen, findings);
    if (run.context.cancelled()) return say_error(run.speech, cancelled_error());
    findings.push_back(terminal_finding(run.around.terminal));
    if (!run.options.bundle.empty()) {
        const auto written = write_bundle(run.options.bundle, findings, chosen ? &chosen->configuration.resolution : nullptr);
        if (!written) return say_error(run.speech, written.error());
    }
    const int said = say(run.speech, findings_text(findings), findings_json(findings));
    return said != kExitOk ? said : worst_exit_status(findings);
}

int run_doctor_without_policy(const Error& invalid, const Speech& speech) {
    const Findings findings{finding_of("policy", invalid)};
    const int said = say(speech, findings_text(findings), findings_json(findings));
    return said != kExitOk ? said : worst_exit_status(findings);
}

}  // namespace qwen::host
