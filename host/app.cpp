#include "host/app.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/chat/model_list.hpp"
#include "host/cli/help.hpp"
#include "host/cli/options.hpp"
#include "host/cli/process.hpp"
#include "host/commands/auth.hpp"
#include "host/commands/command_report.hpp"
#include "host/commands/config_explain.hpp"
#include "host/commands/doctor.hpp"
#include "host/commands/json_output.hpp"
#include "host/commands/plugin.hpp"
#include "host/commands/policy_commands.hpp"
#include "host/commands/prompt.hpp"
#include "host/commands/prompt_input.hpp"
#include "host/commands/trust_origin.hpp"
#include "host/conversation/conversation.hpp"
#include "host/exit_status.hpp"
#include "host/key_exposure.hpp"
#include "host/policy_enforcement.hpp"
#include "host/provider_setup.hpp"
#include "host/redaction.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/transport_modules.hpp"

namespace qwen::host {
namespace {

/// Standard input is read only when it is no terminal, and only when somebody can answer.
Result<std::string> prompt_of(const Options& options, const TerminalFacts& terminal, const Context& context) {
    std::optional<std::string> piped;
    if (!terminal.stdin_is_terminal) {
        QWEN_TRY(piped, read_standard_input(STDIN_FILENO, context));
    }
    return assemble_prompt(options.prompt, piped);
}

int run_prompt(const CommandRun& run, Chosen& chosen) {
    const auto& [around, options, plugins, host, speech, context, knows_every_plugin] = run;
    ConsoleInteraction interaction({}, around.terminal, around.environment, around.clock);
    auto session = open_session(run, chosen, interaction);
    if (!session) return say_error(speech, session.error());
    auto prompt = prompt_of(options, around.terminal, context);
    if (!prompt) return say_error(speech, prompt.error());

    const auto form = answer_form(around.terminal, options.raw ? RawAnswer::yes : RawAnswer::no, options.color, around.environment);
    const auto output = make_prompt_output(options.output, STDOUT_FILENO, form);
    ProgressLine progress(fmt::format("waiting for {}", (*session)->target().base_url.origin().host), around.terminal, options.plain);
    const auto asked = ask({options.system_prompt, std::move(*prompt), (*session)->provider().id(), chosen.configuration.resolution}, (*session)->pipeline(), (*session)->target(), *output, progress,
                           around.clock, context);
    if (asked) return kExitOk;
    // The JSON formats have said it in their result.
    if (speech.output == OutputFormat::text) write_to_stderr(error_text(asked.error(), speech.color_on_stderr));
    return exit_status(asked.error());
}

int run_models(const CommandRun& run, Chosen& chosen) {
    const auto& [around, options, plugins, host, speech, context, knows_every_plugin] = run;
    ConsoleInteraction interaction({}, around.terminal, around.environment, around.clock);
    auto session = open_session(run, chosen, interaction);
    if (!session) return say_error(speech, session.error());
    const auto models = (*session)->list_models(context);
    if (!models) return say_error(speech, redacted(models.error(), chosen.configuration.resolution));
    std::string text;
    auto json = json_success();
    json["models"] = nlohmann::ordered_json::array();
    for (const auto& model : *models) {
        text += sanitized_line(model.id) + '\n';
        json["models"].push_back({{"id", model.id}, {"owned_by", model.owned_by}});
    }
    return say(speech, text, json);
}

int run_explain(const Options& options, const Chosen& chosen, const Speech& speech) {
    const auto key = options.operands.empty() ? std::string{} : options.operands.front();
    const auto notices = key.empty() ? explain_notices(chosen.configuration, chosen.provider ? chosen.provider->plugin.manifest.id : "", chosen.because)
                                     : chosen.configuration.notices;
    const auto text = explain_text(chosen.configuration.resolution, key, notices);
    if (!text) return say_error(speech, text.error());
    const auto json = explain_json(chosen.configuration.resolution, key, notices);
    return say(speech, *text, *json);
}

int run_help(const Options& options, const config::SettingTable& table, const Speech& speech) {
    if (options.command != Command::help && options.help)
        return say(speech, options.command == Command::prompt ? overview_help(table) : command_help(describe(options.command)));
    std::string words;
    for (const auto& operand : options.operands) words += (words.empty() ? "" : " ") + operand;
    if (words.empty()) return say(speech, overview_help(table));
    if (words == "exit-codes") return say(speech, exit_code_help());
    if (const auto group = group_help(words); !group.empty()) return say(speech, group);
    if (const auto* row = find_command(words)) return say(speech, command_help(*row));
    return say_error(speech, {ErrorCode::usage, fmt::format("there is no help for \"{}\"", sanitized_line(words, 60)), "qwen --help", std::nullopt});
}

/// For a person: in CI the file is where it is on purpose, and nobody reads the line.
void warn_about_exposed_key(const CommandRun& run, const Chosen& chosen) {
    if (!run.around.terminal.stderr_is_terminal) return;
    if (const auto warning = exposed_key_warning(chosen.configuration.resolution, run.around.environment.home)) write_to_stderr(notice_text(*warning));
}

int run_command(const CommandRun& run) {
    switch (run.options.command) {
        case Command::auth_login: return run_auth_login(run);
        case Command::auth_status: return run_auth_status(run);
        case Command::auth_logout: return run_auth_logout(run);
        case Command::auth_refresh: return run_auth_refresh(run);
        case Command::auth_list: return run_auth_list(run);
        case Command::auth_switch: return run_auth_switch(run);
        case Command::auth_move: return run_auth_move(run);
        case Command::plugin_list: return run_plugin_list(run);
        case Command::plugin_inspect: return run_plugin_inspect(run);
        case Command::plugin_why: return run_plugin_why(run);
        case Command::plugin_verify: return run_plugin_verify(run);
        case Command::plugin_install: return run_plugin_install(run);
        case Command::plugin_new: return run_plugin_new(run);
        case Command::plugin_check: return run_plugin_check(run);
        case Command::doctor: return run_doctor(run);
        case Command::trust_origin: return run_trust_origin(run);
        default: break;
    }
    if (is_conversation(run.options, run.around.terminal)) return run_conversation(run);
    if (run.options.continues || !run.options.conversation.empty())
        return say_error(run.speech, {ErrorCode::usage, "-c and --session go on with a conversation, which needs a terminal and no prompt", "qwen -c", std::nullopt});
    auto chosen = choose(run, {});
    if (!chosen) return say_error(run.speech, chosen.error());
    if (run.options.command != Command::config_explain) say_notices(chosen->configuration);
    if (run.options.command != Command::config_explain) warn_about_exposed_key(run, *chosen);
    switch (run.options.command) {
        case Command::prompt: return run_prompt(run, *chosen);
        case Command::models: return run_models(run, *chosen);
        case Command::config_explain: return run_explain(run.options, *chosen, run.speech);
        default: return kExitOk;
    }
}

std::vector<std::string> secret_flags(const config::SettingTable& table) {
    std::vector<std::string> flags;
    for (const auto& setting : table.all())
        if (setting.is_secret() && !setting.flag.empty()) flags.push_back(setting.flag);
    return flags;
}

/// What cannot be heard by a screen reader is not shown: colours, lines drawn over, a cursor that moves.
void become_plain(Options& options, TerminalFacts& terminal) {
    options.plain = true;
    terminal.is_dumb = true;
    if (options.color == ColorChoice::automatic) options.color = ColorChoice::never;
}

/// Words of the command line and the environment that may be a provider's id: what they name is read, of all the plugins a user may have (decision 0028).
std::vector<std::string> possible_ids(const Arguments& arguments, const system::Environment& environment) {
    std::vector<std::string> ids;
    const auto add = [&](std::string_view word) {
        if (word.empty() || word.size() > 64) return;
        std::string id(word);
        std::replace(id.begin(), id.end(), '-', '_');
        ids.push_back(std::move(id));
    };
    for (std::size_t i = 0; i < arguments.size(); ++i) add(arguments[i].substr(arguments[i].find('=') + 1));
    add(environment.variable("QWEN_PROVIDER").value_or(""));
    return ids;
}

/// A command that lists, or chooses among all there are.
bool wants_every_plugin(const Options& options, const TerminalFacts& terminal) {
    if (options.help || options.version) return options.help;
    return (options.command != Command::prompt && options.command != Command::models) || is_conversation(options, terminal);
}

std::filesystem::path default_user_directory(const system::Environment& environment) {
    if (environment.has("QWEN_HOME")) return std::filesystem::path(std::string(*environment.variable("QWEN_HOME")));
    return environment.home.empty() ? std::filesystem::path{} : environment.home / ".qwen";
}

/// Without a usable policy nobody may be asked anything; what needs neither plugin nor server still runs.
int run_without_policy(const Arguments& arguments, const Error& invalid, const Speech& speech) {
    const auto table = config::SettingTable::core();
    const auto options = parse_options(arguments, table);
    if (!options) return say_error(speech, invalid);
    if (options->version || options->command == Command::version) return say(speech, version_text());
    if (options->help || options->command == Command::help) return run_help(*options, table, speech);
    if (options->command == Command::policy_lint) return run_policy_lint(*options, speech);
    if (options->command == Command::doctor) return run_doctor_without_policy(invalid, {options->output, speech.color_on_stderr});
    return say_error(speech, invalid);
}

int run_to_end(Arguments& arguments, const system::Environment& environment, const config::PolicyPlaces& policy_places, const Context& context) {
    Surroundings around{environment, TerminalFacts::detect(environment), {}, {}, installation_prefix(), default_user_directory(environment), {}};
    Speech speech{output_format_of(arguments), use_color(around.terminal.stderr_is_terminal, around.terminal.is_dumb, ColorChoice::automatic, environment)};
    if (!around.terminal.is_utf8) write_ascii_to_terminals(around.terminal);
    // The version asks nobody anything.
    if (arguments.size() == 1 && (arguments[0] == "--version" || arguments[0] == "version")) return say(speech, version_text());

    // Before anything else is opened: what a policy denies is not even read.
    auto policy = config::load_policy(policy_places);
    if (!policy) return run_without_policy(arguments, policy.error(), speech);
    around.policy = std::move(*policy);
    const auto host = plugin_host(around, arguments.contains("--no-plugins"));
    bool knows_every_plugin = arguments.contains("--help");
    auto plugins = knows_every_plugin ? host.describe() : host.describe(possible_ids(arguments, environment));
    auto table = setting_table(host, plugins, nullptr);
    if (!table) return say_error(speech, table.error());
    arguments.wipe_values_of(secret_flags(*table));
    auto options = parse_options(arguments, *table);
    if (!knows_every_plugin && (!options || wants_every_plugin(*options, around.terminal))) {
        knows_every_plugin = true;
        plugins = host.describe();
        table = setting_table(host, plugins, nullptr);
        if (!table) return say_error(speech, table.error());
        arguments.wipe_values_of(secret_flags(*table));
        options = parse_options(arguments, *table);
    }
    if (!options) return say_error(speech, explain_unknown_option(host, options.error()));
    if (options->plain || environment.has("QWEN_PLAIN")) become_plain(*options, around.terminal);
    speech = {options->output, use_color(around.terminal.stderr_is_terminal, around.terminal.is_dumb, options->color, environment)};
    if (options->version || options->command == Command::version) return say(speech, version_text());
    if (options->help || options->command == Command::help) return run_help(*options, *table, speech);
    if (options->command == Command::policy_show) return run_policy_show(around.policy, speech);
    if (options->command == Command::policy_test) return run_policy_test(around.policy, *options, plugins, host, speech);
    if (options->command == Command::policy_lint) return run_policy_lint(*options, speech);
    if (arguments.held_a_secret() && around.terminal.can_ask())
        write_to_stderr(notice_text("the key is in your shell's history now; better: put it into .env or the environment"));
    return run_command({around, *options, plugins, host, speech, context, knows_every_plugin});
}

}  // namespace

Outcome run(Arguments& arguments, const system::Environment& environment, const config::PolicyPlaces& policy_places) {
    CancellationSource cancellation;
    const SignalGuard signals(cancellation);
    const int status = run_to_end(arguments, environment, policy_places, Context{.deadline = {}, .cancellation = &cancellation});
    return {status, SignalGuard::received()};
}

}  // namespace qwen::host
