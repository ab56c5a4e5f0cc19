#include "host/app.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/chat/model_list.hpp"
#include "core/config/configuration.hpp"
#include "host/cli/help.hpp"
#include "host/cli/options.hpp"
#include "host/cli/process.hpp"
#include "host/commands/command_report.hpp"
#include "host/commands/config_explain.hpp"
#include "host/commands/json_output.hpp"
#include "host/commands/prompt.hpp"
#include "host/commands/prompt_input.hpp"
#include "host/exit_status.hpp"
#include "host/plugin/plugin_host.hpp"
#include "host/provider_choice.hpp"
#include "host/redaction.hpp"
#include "host/session.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/transport_modules.hpp"

namespace qwen::host {
namespace {

/// What is the same for every command of a run.
struct Surroundings {
    const system::Environment& environment;
    TerminalFacts terminal;
    system::SystemClock clock;
    system::SystemRandom random;
    std::filesystem::path prefix;
    std::filesystem::path user_directory;  ///< before flags are known, for the plugins in it
};

plugin::PluginHost plugin_host(const Surroundings& around, bool bundled_only) {
    plugin::PluginDirectories directories{around.prefix / "lib/qwen/plugins", {}};
    if (!bundled_only && !around.user_directory.empty()) directories.user = around.user_directory / "plugins";
    return {std::move(directories), {}};
}

/// The settings of the core and of every plugin that may be used; `chosen` has those of its preset.
Result<config::SettingTable> setting_table(const std::vector<plugin::DescribedPlugin>& plugins, const plugin::FoundProvider* chosen) {
    auto table = config::SettingTable::core();
    for (const auto& row : plugins) {
        const auto& manifest = row.manifest;
        const bool is_chosen = chosen != nullptr && chosen->plugin.manifest.id == manifest.id;
        for (auto& setting : plugin::settings_for(manifest, is_chosen ? chosen->preset() : nullptr)) QWEN_CHECK(table.add(std::move(setting)));
    }
    return table;
}

std::vector<KnownProvider> known_providers(const std::vector<plugin::DescribedPlugin>& plugins) {
    std::vector<KnownProvider> known;
    for (const auto& row : plugins) {
        known.push_back({row.manifest.id, row.manifest.id});
        for (const auto& preset : row.manifest.presets) known.push_back({preset.id, row.manifest.id});
    }
    return known;
}

/// The configuration of a run and the provider it leads to.
struct Chosen {
    config::Configuration configuration;
    std::optional<plugin::FoundProvider> provider;
    /// Why there is none.
    std::optional<Error> no_provider;
    std::string because;
};

std::string looked_in(const config::Configuration& configuration) {
    std::string dotenv = configuration.dotenv_used ? configuration.dotenv_used->string() + " (no key)"
                                                   : std::string(".env from here up to / and in the home (none)");
    return fmt::format("environment (none), {}, stored sign-ins (none)", dotenv);
}

bool has_qwen_sign_in(const config::Configuration& configuration) {
    std::error_code ignored;
    return !configuration.user_directory.empty() && std::filesystem::exists(configuration.user_directory / "oauth_creds.json", ignored);
}

/// Why the named provider's own plugin file cannot be used; nullopt when there is no such file.
std::optional<Error> unusable_plugin(const plugin::PluginHost& host, const config::Resolution& resolution) {
    const auto name = resolution.text("provider");
    if (!name) return std::nullopt;
    auto found = host.find(*name);
    if (found || found.error().code == ErrorCode::plugin_missing) return std::nullopt;
    return std::move(found).error();
}

Result<Chosen> choose(const Surroundings& around, const Options& options, const std::vector<plugin::DescribedPlugin>& plugins, const plugin::PluginHost& host) {
    QWEN_TRY(const auto table, setting_table(plugins, nullptr));
    QWEN_TRY(auto configuration, config::load_configuration(table, around.environment, options.flags, {}, {}));
    auto choice = choose_provider(configuration.resolution, known_providers(plugins), {{}, has_qwen_sign_in(configuration)});
    if (!choice) {
        auto error = std::move(choice).error();
        if (error.code == ErrorCode::plugin_missing) return unusable_plugin(host, configuration.resolution).value_or(std::move(error));
        if (error.code == ErrorCode::not_authenticated) error = not_signed_in(looked_in(configuration), around.terminal.can_ask());
        return Chosen{std::move(configuration), std::nullopt, std::move(error), {}};
    }
    QWEN_TRY(auto found, host.find(choice->provider.name));
    if (found.preset() != nullptr) {
        QWEN_TRY(const auto preset_table, setting_table(plugins, &found));
        std::vector<config::Layer> lower;
        lower.push_back(plugin::preset_layer(found.plugin.manifest, found.preset()));
        QWEN_TRY(configuration, config::load_configuration(preset_table, around.environment, options.flags, std::move(lower), {}));
    }
    return Chosen{std::move(configuration), std::move(found), std::nullopt, std::move(choice->because)};
}

Result<std::unique_ptr<Session>> open_session(const Surroundings& around, const Options& options, Chosen& chosen, auth::Interaction& interaction) {
    if (chosen.no_provider) return *chosen.no_provider;
    if (options.verbose) write_to_stderr(notice_text(fmt::format("provider {} (because of {})", chosen.provider->plugin.manifest.id, chosen.because)));
    const auto to_stderr = [](std::string_view text) { write_to_stderr(notice_text(text)); };
    const auto runtime = around.environment.variable("XDG_RUNTIME_DIR").value_or("");
    return Session::open({std::move(*chosen.provider), chosen.configuration.resolution, chosen.configuration.user_directory, around.prefix / "lib/qwen",
                          std::filesystem::path(std::string(runtime)), around.environment.effective_uid,
                          options.no_store || chosen.configuration.resolution.text("storage") == "none", interaction, around.clock, around.random, to_stderr,
                          options.debug ? std::function<void(std::string_view)>(to_stderr) : nullptr});
}

/// Standard input is read only when it is no terminal, and only when somebody can answer.
Result<std::string> prompt_of(const Options& options, const TerminalFacts& terminal, const Context& context) {
    std::optional<std::string> piped;
    if (!terminal.stdin_is_terminal) {
        QWEN_TRY(piped, read_standard_input(STDIN_FILENO, context));
    }
    return assemble_prompt(options.prompt, piped);
}

int run_prompt(const Surroundings& around, const Options& options, Chosen& chosen, const Speech& speech, const Context& context) {
    ConsoleInteraction interaction({}, around.terminal, around.environment, around.clock);
    auto session = open_session(around, options, chosen, interaction);
    if (!session) return say_error(speech, session.error());
    auto prompt = prompt_of(options, around.terminal, context);
    if (!prompt) return say_error(speech, prompt.error());

    const auto form = options.raw ? ControlForm::raw : around.terminal.stdout_is_terminal ? ControlForm::visible : ControlForm::removed;
    const auto output = make_prompt_output(options.output, STDOUT_FILENO, form);
    ProgressLine progress(fmt::format("waiting for {}", (*session)->target().base_url.origin().host), around.terminal, options.plain);
    const auto asked = ask({options.system_prompt, std::move(*prompt), (*session)->provider().id(), chosen.configuration.resolution}, (*session)->pipeline(), (*session)->target(), *output, progress,
                           around.clock, context);
    if (asked) return kExitOk;
    // The JSON formats have said it in their result.
    if (speech.output == OutputFormat::text) write_to_stderr(error_text(asked.error(), speech.color_on_stderr));
    return exit_status(asked.error());
}

int run_models(const Surroundings& around, const Options& options, Chosen& chosen, const Speech& speech, const Context& context) {
    ConsoleInteraction interaction({}, around.terminal, around.environment, around.clock);
    auto session = open_session(around, options, chosen, interaction);
    if (!session) return say_error(speech, session.error());
    const auto models = chat::list_models((*session)->pipeline(), (*session)->target(), context);
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
    auto notices = chosen.configuration.notices;
    if (key.empty()) {
        notices.insert(notices.begin(), {chosen.configuration.dotenv_used ? ".env used: " + chosen.configuration.dotenv_used->string() : ".env used: none", {}});
        notices.insert(notices.begin(), {chosen.provider ? "provider: " + chosen.provider->plugin.manifest.id + ", because of " + chosen.because : "provider: nobody is signed in", {}});
    }
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

int run_command(const Surroundings& around, const Options& options, const std::vector<plugin::DescribedPlugin>& plugins, const plugin::PluginHost& host,
                const Speech& speech, const Context& context) {
    auto chosen = choose(around, options, plugins, host);
    if (!chosen) return say_error(speech, chosen.error());
    if (options.command != Command::config_explain)
        for (const auto& notice : chosen->configuration.notices)
            write_to_stderr(notice_text(notice.where.path.empty() ? notice.text : fmt::format("{} ({})", notice.text, notice.where.to_string())));
    switch (options.command) {
        case Command::prompt: return run_prompt(around, options, *chosen, speech, context);
        case Command::models: return run_models(around, options, *chosen, speech, context);
        case Command::config_explain: return run_explain(options, *chosen, speech);
        case Command::help:
        case Command::version: break;
    }
    return kExitOk;
}

std::vector<std::string> secret_flags(const config::SettingTable& table) {
    std::vector<std::string> flags;
    for (const auto& setting : table.all())
        if (setting.is_secret() && !setting.flag.empty()) flags.push_back(setting.flag);
    return flags;
}

std::filesystem::path default_user_directory(const system::Environment& environment) {
    if (environment.has("QWEN_HOME")) return std::filesystem::path(std::string(*environment.variable("QWEN_HOME")));
    return environment.home.empty() ? std::filesystem::path{} : environment.home / ".qwen";
}

int run_to_end(Arguments& arguments, const system::Environment& environment, const Context& context) {
    Surroundings around{environment, TerminalFacts::detect(environment), {}, {}, installation_prefix(), default_user_directory(environment)};
    Speech speech{output_format_of(arguments), use_color(around.terminal.stderr_is_terminal, around.terminal.is_dumb, ColorChoice::automatic, environment)};
    // The version asks nobody anything.
    if (arguments.size() == 1 && (arguments[0] == "--version" || arguments[0] == "version")) return say(speech, version_text());

    const auto host = plugin_host(around, arguments.contains("--no-plugins"));
    const auto plugins = host.describe();
    const auto table = setting_table(plugins, nullptr);
    if (!table) return say_error(speech, table.error());
    arguments.wipe_values_of(secret_flags(*table));
    auto options = parse_options(arguments, *table);
    if (!options) return say_error(speech, options.error());
    speech = {options->output, use_color(around.terminal.stderr_is_terminal, around.terminal.is_dumb, options->color, environment)};
    if (options->version || options->command == Command::version) return say(speech, version_text());
    if (options->help || options->command == Command::help) return run_help(*options, *table, speech);
    if (arguments.held_a_secret() && around.terminal.can_ask())
        write_to_stderr(notice_text("the key is in your shell's history now; better: put it into .env or the environment"));
    return run_command(around, *options, plugins, host, speech, context);
}

}  // namespace

Outcome run(Arguments& arguments, const system::Environment& environment) {
    CancellationSource cancellation;
    const SignalGuard signals(cancellation);
    const int status = run_to_end(arguments, environment, Context{.deadline = {}, .cancellation = &cancellation});
    return {status, SignalGuard::received()};
}

}  // namespace qwen::host
